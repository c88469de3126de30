import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from 'node:net'
import { describe, it } from 'node:test'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import { type Clock, messageOf, SimulatedClock, systemClock } from '../base/base.ts'
import { type MadeCertificate, makeAuthority, makeCertificate } from '../cli/tls-making.ts'
import { Certificate } from './certificate.ts'
import type { CertificateFiles } from './certificate-files.ts'
import { type ClientCertificateMode, clientCertificateOf } from './certificate-handshakes.ts'

// The TLS library asks the real clock whether a certificate is valid.
const NOW_MS = Date.now()
const DAY_MS = 86_400_000
const HANDSHAKE_MS_MAX = 5000
const wishes = { nowMs: NOW_MS, expiresMs: NOW_MS + 100 * DAY_MS }

const authority = await makeAuthority({ commonName: 'Test authority', ...wishes })
const stranger = await makeAuthority({ commonName: 'Stranger', ...wishes })
const make = (name: string, purpose: 'server' | 'client' = 'server', issuer = authority) =>
  makeCertificate({ authority: issuer, purpose, names: [name], ...wishes })
const server = await make('localhost')
const client = await make('shipper', 'client')

/** A server that says, for every line that comes, whom it sees: the name in the client's certificate, or nobody. */
class Scene implements AsyncDisposable {
  readonly #listener = createServer((socket) => this.#accept(socket))
  readonly #open = new Set<Socket>()
  readonly #files: Record<string, string>
  readonly failures: string[] = []
  #onFailure: () => void = () => {}
  certificate!: Certificate

  private constructor(files: Record<string, string>) {
    this.#files = files
  }

  static async open(mode: ClientCertificateMode = 'off', clock: Clock = systemClock): Promise<Scene> {
    const scene = new Scene({ cert: server.cert, key: server.key, clientCa: authority.cert })
    const files: CertificateFiles = {
      stamp: async (path) => scene.#files[path],
      read: async (path) => scene.#files[path],
    }
    const clientCa = mode === 'off' ? undefined : 'clientCa'
    scene.certificate = await Certificate.open(
      {
        source: { cert: 'cert', key: { file: 'key' }, clientCa },
        clientCertificate: mode,
        handshakeMsMax: HANDSHAKE_MS_MAX,
        option: 'ports.log.tls',
      },
      { files, clock, event: () => {} },
    )
    scene.#listener.listen(0, '127.0.0.1')
    await once(scene.#listener, 'listening')
    return scene
  }

  get port(): number {
    return (this.#listener.address() as AddressInfo).port
  }

  async replace(made: MadeCertificate): Promise<void> {
    Object.assign(this.#files, made)
    await this.certificate.look()
  }

  /** Resolves when so many handshakes have failed. */
  async failed(count: number): Promise<void> {
    while (this.failures.length < count) {
      await new Promise<void>((resolve) => {
        this.#onFailure = resolve
      })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.certificate.close()
    for (const socket of this.#open) socket.destroy()
    this.#listener.close()
    await once(this.#listener, 'close')
  }

  /** Reads first bytes as detection does, and gives them back. */
  #accept(socket: Socket): void {
    this.#open.add(socket)
    const ignore = (): void => {}
    socket.on('error', ignore)
    socket.once('data', (chunk) => {
      socket.pause()
      socket.unshift(chunk)
      void this.#secure(socket)
    })
  }

  async #secure(socket: Socket): Promise<void> {
    try {
      const inside = await this.certificate.accept(socket)
      inside.on('error', () => {})
      inside.on('data', () => inside.write(`${clientCertificateOf(inside)?.subject ?? 'nobody'}\n`))
    } catch (error) {
      this.failures.push(messageOf(error))
      assert.ok(socket.destroyed)
      this.#onFailure()
    }
  }
}

async function connect(scene: Scene, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connectTls({
    port: scene.port,
    host: '127.0.0.1',
    servername: 'localhost',
    ca: authority.cert,
    ...options,
  })
  socket.setEncoding('utf8')
  await once(socket, 'secureConnect')
  return socket
}

/** Whom the server sees. Rejects when the connection breaks before it says so. */
async function ask(socket: TLSSocket): Promise<string> {
  socket.write('who am I?\n')
  const answer = once(socket, 'data').then(([text]) => String(text).trim())
  const closed = once(socket, 'close').then(() => 'closed')
  return Promise.race([answer, closed])
}

async function refusalOf(scene: Scene, options: ConnectionOptions): Promise<string> {
  try {
    const socket = await connect(scene, options)
    // In TLS 1.3 the client is done before the server has looked at its certificate.
    const said = await ask(socket)
    socket.destroy()
    return said
  } catch (error) {
    return (error as { code?: string }).code ?? messageOf(error)
  }
}

describe('a TLS handshake', () => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`succeeds with ${version}, after other eyes have read the first bytes`, async () => {
      await using scene = await Scene.open()
      const socket = await connect(scene, {
        minVersion: version,
        maxVersion: version,
        ALPNProtocols: ['h2', 'http/1.1'],
      })
      assert.deepEqual(
        [socket.authorized, socket.getProtocol(), socket.alpnProtocol],
        [true, version, 'http/1.1'],
      )
      assert.equal(await ask(socket), 'nobody')
      assert.deepEqual(scene.certificate.stats().handshakes, { secured: 1, failed: {} })
      socket.destroy()
    })
  }

  it('need not speak of protocols inside', async () => {
    await using scene = await Scene.open()
    const socket = await connect(scene)
    assert.equal(socket.alpnProtocol, false)
    socket.destroy()
  })

  const REFUSED: readonly [what: string, options: ConnectionOptions, code: string][] = [
    [
      'TLS 1.1',
      { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
      'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    ],
    [
      'a cipher without forward secrecy',
      { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256' },
      'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE',
    ],
    [
      'a cipher without authenticated encryption',
      { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256' },
      'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE',
    ],
    ['HTTP/2 only', { ALPNProtocols: ['h2'] }, 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL'],
  ]
  for (const [what, options, code] of REFUSED) {
    it(`with ${what} is refused, with an alert that says so`, async () => {
      await using scene = await Scene.open()
      assert.equal(await refusalOf(scene, options), code)
      await scene.failed(1)
      const { secured, failed } = scene.certificate.stats().handshakes
      assert.deepEqual([secured, Object.values(failed)], [0, [1]])
    })
  }

  it('that is none, or is left in the middle, fails and is counted', async () => {
    await using scene = await Scene.open()
    for (const bytes of ['\x16\x03\x01\x00\x05hello', '\x16\x03\x01\x02']) {
      const socket = connectTcp(scene.port, '127.0.0.1')
      socket.on('error', () => {})
      socket.end(Buffer.from(bytes, 'latin1'))
      socket.resume()
      await once(socket, 'close')
    }
    await scene.failed(2)
    const { secured, failed } = scene.certificate.stats().handshakes
    assert.deepEqual([secured, Object.values(failed)], [0, [1, 1]])
  })

  it('that takes too long is ended, also while bytes trickle in', async () => {
    const clock = new SimulatedClock()
    await using scene = await Scene.open('off', clock)
    const socket = connectTcp(scene.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write(Buffer.from('\x16\x03\x01\x02', 'latin1'))
    // The timer of the handshake stands beside that of the files.
    while (clock.timers < 2) await new Promise(setImmediate)
    clock.advance(HANDSHAKE_MS_MAX - 1)
    socket.write('\0')
    assert.deepEqual(scene.failures, [])
    clock.advance(1)
    await scene.failed(1)
    socket.destroy()
  })

  it('leaves no timer behind', async () => {
    const clock = new SimulatedClock()
    await using scene = await Scene.open('off', clock)
    const socket = await connect(scene)
    assert.equal(await ask(socket), 'nobody')
    assert.equal(clock.timers, 1)
    socket.destroy()
  })
})

it('a session stays open while the certificate is replaced, and new connections get the new one', async () => {
  await using scene = await Scene.open()
  const early = await connect(scene)
  const renewed = await make('localhost')
  await scene.replace(renewed)
  const late = await connect(scene)
  assert.notEqual(late.getPeerCertificate().fingerprint256, early.getPeerCertificate().fingerprint256)
  assert.equal(late.getPeerCertificate().fingerprint256, scene.certificate.details.fingerprint)
  assert.deepEqual([await ask(early), await ask(late)], ['nobody', 'nobody'])

  await scene.replace({ cert: server.cert, key: renewed.key })
  assert.match(scene.certificate.stats().problem ?? '', /is not the private key/)
  const last = await connect(scene)
  assert.equal(last.getPeerCertificate().fingerprint256, late.getPeerCertificate().fingerprint256)
  for (const socket of [early, late, last]) socket.destroy()
})

describe('client certificates', () => {
  const strange = make('stranger', 'client', stranger)
  const misused = make('localhost', 'server')
  const past = makeCertificate({
    authority,
    purpose: 'client',
    names: ['late'],
    nowMs: NOW_MS - 10 * DAY_MS,
    expiresMs: NOW_MS - DAY_MS,
  })

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const versions = { minVersion: version, maxVersion: version }

    it(`(${version}, off) are not asked for`, async () => {
      await using scene = await Scene.open('off')
      assert.equal(await refusalOf(scene, { ...versions, ...client }), 'nobody')
    })

    it(`(${version}, request) are seen when they are valid, and nobody is refused`, async () => {
      await using scene = await Scene.open('request')
      const seen: string[] = []
      for (const shown of [client, {}, await strange, await misused, await past]) {
        seen.push(await refusalOf(scene, { ...versions, ...shown }))
      }
      assert.deepEqual(seen, ['CN=shipper', 'nobody', 'nobody', 'nobody', 'nobody'])
    })

    it(`(${version}, require) let in only those that are valid`, async () => {
      await using scene = await Scene.open('require')
      assert.equal(await refusalOf(scene, { ...versions, ...client }), 'CN=shipper')
      for (const shown of [{}, await strange, await misused, await past]) {
        const said = await refusalOf(scene, { ...versions, ...shown })
        assert.ok(said === 'closed' || said.startsWith('E'), said)
      }
      await scene.failed(4)
      const { secured, failed } = scene.certificate.stats().handshakes
      assert.equal(secured, 1)
      assert.deepEqual(Object.keys(failed).sort(), [
        'CERT_HAS_EXPIRED',
        'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE',
        'INVALID_PURPOSE',
        'SELF_SIGNED_CERT_IN_CHAIN',
      ])
    })

    it(`(${version}) of a resumed session are those of the session`, async () => {
      await using scene = await Scene.open('request')
      for (const [shown, name] of [
        [client, 'CN=shipper'],
        [{}, 'nobody'],
      ] as const) {
        const before = await connect(scene, { ...versions, ...shown })
        let session = before.getSession()
        before.on('session', (ticket) => {
          session = ticket
        })
        assert.equal(await ask(before), name)
        const after = await connect(scene, { ...versions, ...shown, session })
        assert.equal(after.isSessionReused(), true)
        assert.equal(await ask(after), name)
        for (const socket of [before, after]) socket.destroy()
      }
    })
  }
})
