import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import type { TlsOptions } from 'node:tls'
import { fakeMachine, findings } from './doctor/fake-machine.ts'
import { portsCheck } from './doctor/ports-check.ts'
import { type FakeIoOptions, FakeServer, run } from './fake-io.ts'
import { type MadeCertificate, makeAuthority, makeCertificate } from './tls-making.ts'

const DAY_MS = 86_400_000
const ANSWERS: readonly (readonly [request: string, answer: string])[] = [
  ['PING\n', 'PONG\n'],
  ['QUERY|LOGSQL|x\n', 'RESULT|1\n7|INFO|1|found\nEND\n'],
  ['QUERY|LOGSQL|x | fields *\n', 'RESULT|1\n{"_msg":"found"}\nEND\n'],
  ['QUERY|LOGSQL|x | limit 100\n', 'RESULT|1\n7|INFO|1|found\nEND\n'],
  ['QUERY|TAIL|*\n', 'RESULT|*\n7|INFO|1|seen\nEND\n'],
  ['QUERY|STATS|\n', 'RESULT|1\n{"a":1}\nEND\n'],
]

let authority: MadeCertificate
let server: MadeCertificate
let client: MadeCertificate
let files: NonNullable<FakeIoOptions['files']>

function serverCertificate(...names: readonly string[]): Promise<MadeCertificate> {
  const nowMs = Date.now()
  return makeCertificate({ authority, purpose: 'server', names, nowMs, expiresMs: nowMs + DAY_MS })
}

before(async () => {
  const nowMs = Date.now()
  const expiresMs = nowMs + DAY_MS
  authority = await makeAuthority({ commonName: 'Test', nowMs, expiresMs })
  server = await serverCertificate('127.0.0.1')
  client = await makeCertificate({ authority, purpose: 'client', names: ['web-1'], nowMs, expiresMs })
  files = {
    'ca.pem': authority.cert,
    'client.pem': client.cert,
    'client-key.pem': client.key,
    'other-key.pem': server.key,
    'text.pem': 'nothing of the kind',
  }
})

function answering(tls?: TlsOptions): Promise<FakeServer> {
  return FakeServer.open((text, socket) => {
    const found = ANSWERS.find(([request]) => text.endsWith(request))
    if (found !== undefined) socket.write(found[1])
  }, tls)
}

function asking(port: string, ...words: readonly string[]) {
  const ports = ['--log-port', port, '--query-port', port]
  return run([...words, '-q', ...ports], { files, stdin: 'x\n' })
}

describe('--tls-ca', () => {
  for (const [words, shown] of [
    [['query', 'x', '-o', 'raw'], 'found\n'],
    [['shell', '-o', 'raw'], 'found\n'],
    [['stats', '--json'], '{"a":1}\n'],
    [['send', '--json'], '{"sent":1,"acknowledged":1,"refused":0,"empty":0,"long":0}\n'],
  ] as const) {
    it(`has ${words[0]} speak TLS with a server whose authority it names`, async () => {
      await using port = await answering(server)
      const { code, out, err } = await asking(port.port, ...words, '--tls-ca', 'ca.pem')
      assert.deepEqual([code, out, err], [0, shown, ''])
    })
  }

  it('has tail speak TLS with a server whose authority it names, until the server ends it', async () => {
    await using port = await answering(server)
    const { code, out, err } = await asking(port.port, 'tail', '-o', 'raw', '--tls-ca', 'ca.pem')
    assert.deepEqual([code, out], [3, 'seen\n'])
    assert.match(err, /^The server has ended the tail/)
  })

  it('has ping speak TLS', async () => {
    await using port = await answering(server)
    const { code, out } = await asking(port.port, 'ping', 'log', '-c', '1', '--json', '--tls-ca', 'ca.pem')
    assert.deepEqual([code, JSON.parse(out).ports[0].answered], [0, 1])
  })
})

describe('a TLS handshake that fails', () => {
  const failing = async (tls: TlsOptions | undefined, ...words: readonly string[]) => {
    await using port = await answering(tls)
    const { code, out, err } = await asking(port.port, 'query', 'x', ...words)
    assert.deepEqual([code, out, port.received.includes('QUERY')], [3, '', false])
    return err.replaceAll(port.port, 'PORT')
  }

  it('because nobody vouches for the certificate names --tls-ca', async () => {
    assert.equal(
      await failing(server, '--tls'),
      'The certificate of 127.0.0.1:PORT is not trusted (SELF_SIGNED_CERT_IN_CHAIN); ' +
        'name the file of its authority with --tls-ca.\n',
    )
  })

  it('because the certificate is for another name says for which, and --tls-server-name mends it', async () => {
    const other = await serverCertificate('logs.example', '10.0.0.7')
    assert.equal(
      await failing(other, '--tls-ca', 'ca.pem'),
      'The certificate of 127.0.0.1:PORT is for logs.example, 10.0.0.7; ' +
        'name one of them with --host or --tls-server-name.\n',
    )
    for (const name of ['logs.example', '10.0.0.7']) {
      await using port = await answering(other)
      const words = ['query', 'x', '-o', 'raw', '--tls-ca', 'ca.pem', '--tls-server-name', name]
      assert.equal((await asking(port.port, ...words)).out, 'found\n')
    }
  })

  it('because the certificate has expired says so', async () => {
    const nowMs = Date.now() - 3 * DAY_MS
    const old = await makeCertificate({
      authority: await makeAuthority({ commonName: 'Old', nowMs, expiresMs: nowMs + DAY_MS }),
      purpose: 'server',
      names: ['127.0.0.1'],
      nowMs,
      expiresMs: nowMs + DAY_MS,
    })
    files = { ...files, 'old.pem': old.cert.slice(old.cert.lastIndexOf('-----BEGIN')) }
    assert.match(await failing(old, '--tls-ca', 'old.pem'), /is not valid now \(CERT_HAS_EXPIRED\): renew it/)
  })

  it('because the port is in plain text says so', async () => {
    await using port = await FakeServer.open((_text, socket) => socket.end('ERROR|Bad\n'))
    const { code, err } = await asking(port.port, 'query', 'x', '--tls')
    assert.equal(code, 3)
    assert.match(
      err,
      /does not speak TLS \(ERR_SSL_\w+\); leave out --tls, or name a port with a certificate\.\n$/,
    )
  })

  it('because the peer closes says so', async () => {
    await using port = await FakeServer.open((_text, socket) => socket.destroy())
    const { code, err } = await asking(port.port, 'query', 'x', '--tls')
    assert.deepEqual([code, /does not speak TLS \(ECONNRESET\)/.test(err)], [3, true])
  })
})

describe('--tls-cert and --tls-key', () => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`prove who the client is, and are named where the server asks for them (${version})`, async () => {
      await using port = await answering({
        ...server,
        ca: authority.cert,
        requestCert: true,
        rejectUnauthorized: true,
        minVersion: version,
        maxVersion: version,
      })
      const words = ['query', 'x', '-o', 'raw', '--tls-ca', 'ca.pem']
      const proof = ['--tls-cert', 'client.pem', '--tls-key', 'client-key.pem']
      assert.equal((await asking(port.port, ...words, ...proof)).out, 'found\n')
      const { code, err } = await asking(port.port, ...words)
      assert.equal(code, 3)
      assert.match(err, /asks? for a certificate.* --tls-cert and --tls-key\.\n$/)
    })
  }
})

describe('the options of TLS', () => {
  for (const [words, message] of [
    ['--tls-cert client.pem', '--tls-cert and --tls-key belong together: give both, or neither\n'],
    ['--tls-ca none.pem', '--tls-ca: none.pem: no such file\n'],
    ['--tls-ca text.pem', '--tls-ca: text.pem does not hold a certificate in PEM\n'],
    [
      '--tls-cert client.pem --tls-key text.pem',
      '--tls-key: text.pem does not hold a private key without a passphrase in PEM\n',
    ],
    [
      '--tls-cert client.pem --tls-key other-key.pem',
      'the key of --tls-key does not belong to the certificate of --tls-cert\n',
    ],
  ] as const) {
    it(`are refused before anything is sent: ${words}`, async () => {
      const { code, err } = await asking('1', 'stats', ...words.split(' '))
      assert.deepEqual([code, err], [2, message])
    })
  }
})

describe('a port that speaks TLS only', () => {
  it('makes a command in plain text name --tls', async () => {
    for (const words of [['send'], ['query', 'x'], ['query', 'x', '--token', 'secret']]) {
      await using port = await FakeServer.answering('ERROR|This port speaks TLS only\n')
      const { code, err } = await asking(port.port, ...words)
      assert.equal(code, 2)
      assert.match(
        err,
        /This port speaks TLS only.*\. Use --tls, or --tls-ca with the file of its authority\.\n$/,
      )
    }
  })

  it('is asked over TLS by the doctor, whoever vouches for it', async () => {
    await using port = await answering(server)
    const machine = fakeMachine({ tryListen: async () => 'EADDRINUSE' })
    const [found] = await findings(portsCheck, machine, {
      'log-listen': `127.0.0.1:${port.port}`,
      'log-tls-cert': 'cert.pem',
      'log-tls-key': 'file:key.pem',
      'log-tls-only': 'true',
      'query-listen': 'off',
      'irc-listen': 'off',
      'http-listen': 'off',
    })
    assert.match(found, /taken by another LogCaster/)
  })
})
