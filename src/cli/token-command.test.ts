import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { loadConfig } from '../config/config.ts'
import { run } from './fake-io.ts'

const ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

describe('logcaster token new', () => {
  it('prints a token of 32 random bytes, and the entry that makes it known', async () => {
    const { code, out, err } = await run(['token', 'new', '--name', 'ci', '--grant', 'write,read'])
    const [, token, entry] = /^token {2}(lc_[A-Za-z0-9_-]{43})\nentry {2}(.+)\n$/.exec(out)!
    assert.deepEqual([code, entry], [0, `ci write,read sha256:${sha256(token)}`])
    assert.ok(err.includes(`tokens:\n  - ${entry}\n`) && !err.includes(token), err)
  })

  it('prints an entry that the configuration takes', async () => {
    const { out } = await run(['token', 'new', '--name', 'ci', '--grant', 'write', '--json'])
    const { token, entry, ...rest } = JSON.parse(out)
    assert.deepEqual(rest, { name: 'ci', grant: ['write'], hash: sha256(token) })
    const { tokens } = loadConfig({ env: {}, flags: { tokens: [entry] } }).config
    assert.deepEqual(tokens, [{ name: 'ci', grant: ['write'], hash: sha256(token) }])
  })

  for (const [words, message] of [
    [['--name', 'ci'], /^a new token needs --name and --grant/],
    [['--name', 'c i', '--grant', 'read'], /^--name must be 1 to 63 letters/],
    [['--name', 'ci', '--grant', 'root'], /^--grant: .* no capability; they are write, read, chat, admin\n$/],
  ] as const) {
    it(`asks for what is missing or wrong in ${words.join(' ')}`, async () => {
      const { code, out, err } = await run(['token', 'new', ...words])
      assert.deepEqual([code, out], [2, ''])
      assert.match(err, message)
    })
  }
})

describe('logcaster token hash', () => {
  it('hashes what stands on stdin, without its line end', async () => {
    for (const stdin of ['abc', 'abc\n', 'abc\r\n']) {
      const { code, out } = await run(['token', 'hash'], { stdin })
      assert.deepEqual([code, out], [0, `entry  NAME CAPABILITY sha256:${ABC}\n`])
    }
  })

  it('completes the entry with --name and --grant', async () => {
    const { out } = await run(['token', 'hash', '--name', 'ci', '--grant', 'write', '--json'], {
      stdin: 'abc',
    })
    assert.deepEqual(JSON.parse(out), { hash: ABC, entry: `ci write sha256:${ABC}` })
  })

  for (const stdin of ['', '\n', 'hunter2 hunter2', 'hunter2\nhunter2\n', 'hunter2'.repeat(1000)]) {
    it(`refuses ${JSON.stringify(stdin.slice(0, 20))} without repeating it`, async () => {
      const { code, out, err } = await run(['token', 'hash'], { stdin })
      assert.deepEqual([code, out], [2, ''])
      assert.ok(!err.includes('hunter2'), err)
    })
  }
})
