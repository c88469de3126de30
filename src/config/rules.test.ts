import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkConfig } from './config.ts'

function problemsOf(text: string, flags: Record<string, string> = {}, protocols?: string[]): string[] {
  const input = { file: { path: 'a.yaml', text }, env: {}, flags, protocols, readFile: () => 'pem' }
  return checkConfig(input).problems.map((problem) => problem.text)
}

const log = (options: string) => `ports:\n  log: { ${options} }\n`

describe('a port that other machines can reach', () => {
  const WHAT = 'other machines can reach 0.0.0.0:9999, so it must be stated who may connect'
  const ALLOW = 'allow (the networks that may connect, such as 192.168.0.0/16)'
  const AUTH = 'auth (none or required)'
  const END = 'beside it, or listen on 127.0.0.1'

  for (const [name, text, hint] of [
    ['states neither allow nor auth', log('listen: 0.0.0.0:9999'), `${ALLOW} and ${AUTH}`],
    ['does not state auth', log('listen: 0.0.0.0:9999, allow: 10.0.0.0/8'), AUTH],
    ['does not state allow', log('listen: 0.0.0.0:9999, auth: none'), ALLOW],
  ] as const) {
    it(`and ${name} is a problem that says what to write`, () => {
      assert.deepEqual(problemsOf(text), [`ports.log.listen: ${WHAT} at line 2; write ${hint} ${END}`])
    })
  }

  it('is a problem also by a flag, on any of several addresses, and by a name', () => {
    assert.deepEqual(problemsOf('', { 'log-listen': '127.0.0.1:5140,0.0.0.0:9999' }), [
      `--log-listen: ${WHAT}; write ${ALLOW} and ${AUTH} ${END}`,
    ])
    assert.equal(problemsOf(log('listen: "[::]:9999"')).length, 1)
    assert.equal(problemsOf(log('listen: logs.example.com:9999')).length, 1)
  })

  it('and states both, each anywhere, is none', () => {
    const flags = { 'log-auth': 'none', 'log-allow': '10.0.0.0/8' }
    assert.deepEqual(problemsOf(log('listen: 0.0.0.0:9999'), flags), [])
    assert.deepEqual(problemsOf(log('listen: 0.0.0.0:9999, auth: none, allow: [0.0.0.0/0, "::/0"]')), [])
  })

  it('is stated by the profile for its own ports, and not for the others', () => {
    assert.deepEqual(problemsOf('profile: lan'), [])
    assert.equal(problemsOf('profile: lan\nports: { http: { listen: 0.0.0.0:9997 } }').length, 1)
  })

  it('is reported once when the profile, or the option itself, is already wrong', () => {
    assert.equal(problemsOf(`profile: lam\n${log('listen: 0.0.0.0:9999')}`).length, 1)
    assert.equal(problemsOf(log('listen: 0.0.0.0:9999, allow: [], auth: none')).length, 1)
    assert.equal(problemsOf(log('listen: 0.0.0.0:9999, allow: 10.0.0.0/8, auth: ~')).length, 1)
  })

  it('is not asked about while the file that may say it cannot be read', () => {
    assert.equal(problemsOf('\tports:\n', { 'log-listen': '0.0.0.0:9999' }).length, 1)
  })
})

describe('a port that only this machine can reach', () => {
  for (const listen of ['127.0.0.1:1', '"[::1]:1"', 'localhost:1', '[127.0.0.1:1, "[::1]:1"]', 'off']) {
    it(`(${listen}) need not state anything`, () =>
      assert.deepEqual(problemsOf(log(`listen: ${listen}`)), []))
  }
})

describe('what a port grants', () => {
  it('to everybody can never be admin', () => {
    assert.deepEqual(problemsOf(log('grant: [write, admin]')), [
      'ports.log.grant: admin cannot be granted to everybody who connects at line 2; leave it out: over the network only a credential gives it',
    ])
  })

  it('without credentials cannot be more than nothing where credentials are required', () => {
    assert.deepEqual(problemsOf(log('auth: required, grant: [write]')), [
      'ports.log.grant: with auth: required, nothing is granted without credentials at line 2; leave grant out, or write auth: none',
    ])
    assert.deepEqual(problemsOf(log('auth: required, grant: nothing')), [])
  })
})

describe('two ports', () => {
  const ports = (query: string, irc: string) => `ports:\n  query: { ${query} }\n  irc: { ${irc} }\n`

  for (const [first, second] of [
    ['127.0.0.1:700', '127.0.0.1:700'],
    ['localhost:700', 'LOCALHOST:700'],
    ['127.0.0.1:700', '0.0.0.0:700'],
    ['"[::]:700"', '"[::1]:700"'],
  ]) {
    it(`cannot listen on ${first} and ${second}`, () => {
      const policy = 'allow: 10.0.0.0/8, auth: none'
      const [problem, ...others] = problemsOf(
        ports(`listen: ${first}, ${policy}`, `listen: ${second}, ${policy}`),
      )
      assert.match(
        problem,
        /^ports\.irc\.listen: .+ is taken by ports\.query \(.+\) at line 3; give each port/,
      )
      assert.deepEqual(others, [])
    })
  }

  it('can share a number on different addresses, and leave both to the system', () => {
    assert.deepEqual(problemsOf(ports('listen: 127.0.0.1:700', 'listen: "[::1]:700"')), [])
    assert.deepEqual(problemsOf(ports('listen: 127.0.0.1:0', 'listen: 127.0.0.1:0')), [])
  })
})

describe('TLS', () => {
  it('needs both files', () => {
    assert.deepEqual(problemsOf(log('tls: { cert: a.pem }')), [
      'ports.log.tls.cert: the certificate has no private key at line 2; write key: {file: PATH} beside it',
    ])
    assert.deepEqual(problemsOf(log('tls: { key: { file: a.pem } }')), [
      'ports.log.tls.key: the private key has no certificate at line 2; write cert: PATH beside it',
    ])
    assert.deepEqual(problemsOf(log('tls: { cert: a.pem, key: { file: a.pem } }')), [])
  })
})

describe('a port that speaks TLS only', () => {
  it('needs a certificate', () => {
    assert.deepEqual(problemsOf(log('tls: { only: true }')), [
      'ports.log.tls.only: without a certificate nothing can come over TLS at line 2; write cert: PATH and key: {file: PATH} beside it',
    ])
    assert.deepEqual(problemsOf(log('tls: { only: true, cert: a.pem, key: { file: b.pem } }')), [])
  })

  it('is one that requires client certificates, unless it says that it is not', () => {
    const tls = 'cert: a.pem, key: { file: b.pem }, clientCa: ca.pem, clientCertificate: require'
    const onlyOf = (text: string): boolean | undefined =>
      checkConfig({ file: { path: 'a.yaml', text }, env: {}, flags: {}, readFile: () => 'pem' }).loaded
        ?.config.ports.log.tls.only
    assert.equal(onlyOf(log(`tls: { ${tls} }`)), true)
    assert.equal(onlyOf(log(`tls: { ${tls}, only: false }`)), false)
    assert.equal(onlyOf(log('tls: { cert: a.pem, key: { file: b.pem } }')), false)
  })
})

describe('client certificates', () => {
  const tls = (options: string) => log(`tls: { cert: a.pem, key: { file: b.pem }, ${options} }`)

  for (const mode of ['request', 'require']) {
    it(`(${mode}) need an authority to come from`, () => {
      assert.deepEqual(problemsOf(tls(`clientCertificate: ${mode}`)), [
        'ports.log.tls.clientCertificate: it is not stated who may issue client certificates at line 2; write clientCa: PATH beside it',
      ])
      assert.deepEqual(problemsOf(tls(`clientCertificate: ${mode}, clientCa: ca.pem`)), [])
    })
  }

  it('need TLS', () => {
    assert.deepEqual(problemsOf(log('tls: { clientCertificate: require, clientCa: ca.pem }')), [
      'ports.log.tls.clientCertificate: without TLS no client can show a certificate at line 2; write cert: PATH and key: {file: PATH} beside it',
    ])
  })

  it('are not silently left unchecked when only the authority is named', () => {
    assert.deepEqual(problemsOf(tls('clientCa: ca.pem')), [
      'ports.log.tls.clientCa: nothing is checked against it while clientCertificate is off at line 2; write clientCertificate: require (or request) beside it',
    ])
  })
})

describe('a pinned protocol', () => {
  it('must be one of those that the caller knows', () => {
    assert.deepEqual(problemsOf(log('protocol: sylog'), {}, ['syslog', 'gelf']), [
      'ports.log.protocol: "sylog" is not a protocol that can be pinned at line 2; did you mean syslog?',
    ])
    assert.deepEqual(problemsOf(log('protocol: carrier-pigeon'), {}, ['syslog', 'gelf']), [
      'ports.log.protocol: "carrier-pigeon" is not a protocol that can be pinned at line 2; the protocols are syslog, gelf',
    ])
    assert.deepEqual(problemsOf(log('protocol: syslog'), {}, ['syslog']), [])
    assert.deepEqual(problemsOf(log('protocol: auto'), {}, ['syslog']), [])
    assert.deepEqual(problemsOf(log('protocol: anything')), [])
  })
})

describe('sizes', () => {
  it('that hold one another must fit, and the one that was written is blamed', () => {
    assert.deepEqual(problemsOf('storage:\n  batchBytesMax: 128KiB\n'), [
      'storage.batchBytesMax: is too small for record.bytesMax (256KiB) at line 2; write at least 320KiB',
    ])
    assert.deepEqual(problemsOf('storage:\n  gatherBytesMax: 128MiB\n  bufferBytesMax: 64MiB\n'), [
      'storage.bufferBytesMax: is too small for storage.gatherBytesMax (128MiB) at line 3; write at least 128MiB',
    ])
  })
})
