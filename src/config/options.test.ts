import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Config, loadConfig, OPTIONS, printShow } from './config.ts'
import { isFailure } from './kinds.ts'

const CONTEXT = { env: {}, readFile: () => assert.fail('a default reads no file') }

describe('the declaration of options', () => {
  it('gives every option its own path, flag, variable and short flag', () => {
    for (const key of ['path', 'flag', 'env', 'short'] as const) {
      const names = OPTIONS.map((option) => option[key]).filter((name) => name !== undefined)
      assert.deepEqual(names.toSorted(), [...new Set(names)].toSorted())
    }
  })

  it('derives flag and variable from the path', () => {
    const names = (path: string) => {
      const { flag, env } = OPTIONS.find((option) => option.path === path)!
      return [flag, env]
    }
    assert.deepEqual(names('ports.log.listen'), ['log-listen', 'LOGCASTER_LOG_LISTEN'])
    assert.deepEqual(names('ports.http.tls.key'), ['http-tls-key', 'LOGCASTER_HTTP_TLS_KEY'])
    assert.deepEqual(names('record.bytesMax'), ['record-bytes-max', 'LOGCASTER_RECORD_BYTES_MAX'])
    assert.deepEqual(names('dataDir'), ['data-dir', 'LOGCASTER_DATA_DIR'])
  })

  it('has only defaults that are valid, and that print as text which reads the same', () => {
    for (const { path, kind, default: standard, profiles, when } of OPTIONS) {
      for (const texts of [standard, when?.default, ...Object.values(profiles)]) {
        if (texts === undefined) continue
        const parsed = kind.parse(texts, CONTEXT)
        if (isFailure(parsed)) assert.fail(`${path}: ${parsed.what}`)
        assert.deepEqual(kind.parse(kind.print(parsed.value), CONTEXT), parsed, path)
      }
    }
  })

  it('has a sentence of help for each, and names with units that the kind has', () => {
    for (const { path, help, unit } of OPTIONS) {
      assert.match(help, /^[A-Z`'].*\.$/, path)
      const isMs = /Ms(Max|Min)?$/.test(path)
      const isBytes = /[bB]ytes(PerSecond)?(Max|Min)$/.test(path)
      assert.equal(unit, isMs ? 'ms' : isBytes ? 'bytes' : '', path)
    }
  })

  it('gives the configuration a type that programs can rely on', () => {
    const { config } = loadConfig({ env: {}, flags: {} })
    const typed: {
      readonly profile: 'loopback' | 'lan'
      readonly drainMsMax: number
      readonly stores: readonly string[]
      readonly plainLines: { readonly reply: 'none' | 'ack' }
      readonly ports: {
        readonly irc: {
          readonly listen: readonly { readonly host: string; readonly port: number }[]
          readonly grant: readonly ('write' | 'read' | 'chat' | 'admin')[]
          readonly tls: { readonly cert: string | undefined; readonly key: { reveal(): string } | undefined }
        }
      }
    } = config satisfies Config
    assert.equal(typed.profile, 'loopback')
    assert.ok(Object.isFrozen(config) && Object.isFrozen(config.ports.log))
  })
})

describe('the built-in defaults', () => {
  it('listen on this machine only, without credentials and without limits of rate', () => {
    const { ports } = loadConfig({ env: {}, flags: {} }).config
    const brief = Object.entries(ports).map(([name, port]) => [
      name,
      port.listen,
      port.auth,
      port.grant,
      port.connectionsPerSecondMax + port.connectionsPerWindowMax,
    ])
    const at = (port: number) => [{ host: '127.0.0.1', port }]
    assert.deepEqual(brief, [
      ['log', at(9999), 'none', ['write'], 0],
      ['query', at(9998), 'none', ['read', 'write'], 0],
      ['irc', at(6667), 'none', ['chat', 'read'], 0],
      ['http', at(9997), 'none', ['read', 'write'], 0],
    ])
  })
})

describe('the profile lan', () => {
  it("is the founding documents' policy to the number", () => {
    const everybody = '[0.0.0.0/0, "::/0"]'
    const shown = printShow(loadConfig({ env: {}, flags: { profile: 'lan' } }))
    const stated = shown.split('\n').filter((line) => line.includes('# profile lan'))
    assert.deepEqual(
      stated.map((line) => line.replace(/ *#.*/, '').trim()),
      [
        'listen: 0.0.0.0:9999',
        `allow: ${everybody}`,
        'auth: none',
        'connectionsPerSecondMax: 100',
        'listen: 127.0.0.1:9998',
        'allow: [127.0.0.1/32, "::1/128"]',
        'auth: required',
        'connectionsPerSecondMax: 10',
        'connectionsPerWindowMax: 10',
        'listen: 0.0.0.0:6667',
        `allow: ${everybody}`,
        'auth: required',
        'connectionsPerSecondMax: 50',
        'connectionsPerWindowMax: 10',
        'listen: 127.0.0.1:9997',
      ],
    )
  })

  it('grants nothing without credentials where it requires them', () => {
    const { ports } = loadConfig({ env: {}, flags: { profile: 'lan' } }).config
    assert.deepEqual(
      Object.values(ports).map(({ grant }) => grant),
      [['write'], [], [], ['read', 'write']],
    )
    assert.equal(ports.irc.windowMs, 60_000)
  })
})
