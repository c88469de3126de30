import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { loadConfig } from '../../config/config.ts'
import { FakeIo } from '../fake-io.ts'
import { type MadeCertificate, makeAuthority, makeCertificate } from '../tls-making.ts'
import { certificatesCheck } from './certificates-check.ts'
import { fakeMachine, NOW_MS } from './fake-machine.ts'

const DAY_MS = 86_400_000

async function look(cert: string | null, key: string): Promise<string[]> {
  const machine = fakeMachine({ files: cert === null ? {} : { 'cert.pem': cert } })
  const flags = { 'log-tls-cert': 'cert.pem', 'log-tls-key': 'file:key.pem' }
  const { config } = loadConfig({ env: {}, flags, readFile: () => key })
  const io = Object.assign(new FakeIo(), { clock: { ...new FakeIo().clock, wallMs: () => NOW_MS } })
  const found = await certificatesCheck.look({ config, dataDir: '/data', machine, io })
  return found.map(({ status, seen }) => `${status}: ${seen}`)
}

describe('the check of certificates', () => {
  let authority: MadeCertificate
  before(async () => {
    const nowMs = NOW_MS - 100 * DAY_MS
    authority = await makeAuthority({ commonName: 'Test', nowMs, expiresMs: NOW_MS + 1000 * DAY_MS })
  })

  const made = (fromDays: number, toDays: number): Promise<MadeCertificate> =>
    makeCertificate({
      authority,
      purpose: 'server',
      names: ['logs.example'],
      nowMs: NOW_MS + fromDays * DAY_MS,
      expiresMs: NOW_MS + toDays * DAY_MS,
    })

  it('tells for whom one is, for how long, and that it belongs to its key', async () => {
    const { cert, key } = await made(-1, 100)
    assert.deepEqual(await look(cert, key), [
      'ok: log, cert.pem is valid until 2027-02-28, 100 days left',
      'ok: log, cert.pem is for DNS:logs.example',
      'ok: log, cert.pem belongs to its key',
    ])
  })

  for (const [fromDays, toDays, expected] of [
    [-9, 10, /^warning: log, cert\.pem is valid until 2026-11-30, 10 days left$/],
    [-9, -1, /^problem: log, cert\.pem expired on 2026-11-19$/],
    [2, 90, /^problem: log, cert\.pem is not valid yet: from Nov 22 .* 2026 GMT$/],
  ] as const) {
    it(`judges one that is valid from day ${fromDays} to day ${toDays}`, async () => {
      const { cert, key } = await made(fromDays, toDays)
      assert.match((await look(cert, key))[0], expected)
    })
  }

  it('notices a key of another certificate, and one that is none, without repeating it', async () => {
    const { cert } = await made(-1, 100)
    assert.equal((await look(cert, authority.key))[2], 'problem: log, cert.pem does not belong to its key')
    assert.equal((await look(cert, 'hunter2'))[2], 'problem: the key of log, cert.pem cannot be read')
  })

  it('notices that no host is named', async () => {
    const [, found] = await look(authority.cert, authority.key)
    assert.equal(found, 'warning: log, cert.pem names no host (subjectAltName)')
  })

  it('notices that it is not there, or no certificate', async () => {
    assert.deepEqual(await look(null, authority.key), ['problem: log, cert.pem: no such file'])
    assert.match(
      (await look('hello', authority.key))[0],
      /^problem: log, cert\.pem is no certificate in PEM: /,
    )
  })
})
