import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { isCodedError } from '../base/base.ts'
import { type ConfigInput, checkConfig, loadConfig, printCheck, printReference, printShow } from './config.ts'

const root = join(import.meta.dirname, '../..')

function input(
  text: string,
  env: Record<string, string> = {},
  flags: ConfigInput['flags'] = {},
): ConfigInput {
  return { file: { path: 'lan.yaml', text }, env, flags, readFile: () => 'pem' }
}

describe('a configuration', () => {
  it('takes each option from flags, then variables, then the file, then the profile, then the defaults', () => {
    const file =
      'profile: lan\nports: { log: { connectionsPerSecondMax: 3 }, irc: { connectionsPerSecondMax: 4 } }\n'
    const env = { LOGCASTER_LOG_CONNECTIONS_PER_SECOND_MAX: '2', LOGCASTER_IRC_IDLE_MS_MAX: '5s' }
    const flags = { 'log-connections-per-second-max': '1' }
    const { config, origins } = loadConfig(input(file, env, flags))
    const got = (
      [
        ['log', 'connectionsPerSecondMax'],
        ['irc', 'idleMsMax'],
        ['irc', 'connectionsPerSecondMax'],
        ['query', 'connectionsPerSecondMax'],
        ['http', 'connectionsPerSecondMax'],
      ] as const
    ).map(([port, name]) => [config.ports[port][name], origins.get(`ports.${port}.${name}`)])
    assert.deepEqual(got, [
      [1, { from: 'flag', flag: 'log-connections-per-second-max' }],
      [5000, { from: 'env', name: 'LOGCASTER_IRC_IDLE_MS_MAX' }],
      [4, { from: 'file', path: 'lan.yaml', line: 2 }],
      [10, { from: 'profile', profile: 'lan' }],
      [0, { from: 'default' }],
    ])
  })

  it('takes the profile itself from the strongest source', () => {
    assert.equal(loadConfig(input('profile: lan', {}, { profile: 'loopback' })).config.ports.irc.auth, 'none')
    assert.equal(loadConfig(input('', { LOGCASTER_PROFILE: 'lan' })).config.ports.irc.auth, 'required')
  })

  it('with problems is refused with all of them, from every source', () => {
    const bad = input(
      'record:\n  bytesMx: 5\n',
      { LOGCASTER_DRAIN_MS_MAX: 'soon' },
      { 'own-log-level': 'loud' },
    )
    const texts = [
      'record.bytesMx: unknown option at line 2; did you mean bytesMax?',
      'LOGCASTER_DRAIN_MS_MAX: "soon" is not a duration; write a duration such as 500ms, 10s, 5m or 1h',
      '--own-log-level: "loud" is not one of trace, debug, info, warn, error, fatal, silent',
    ]
    assert.throws(
      () => loadConfig(bad),
      (error) => {
        assert.ok(isCodedError(error, 'CONFIG_INVALID'))
        const problems = error.details['problems'] as { text: string }[]
        assert.deepEqual(
          problems.map(({ text }) => text),
          texts,
        )
        assert.equal(
          error.message,
          ['The configuration (lan.yaml) has problems:', ...texts.map((t) => `  ${t}`)].join('\n'),
        )
        return true
      },
    )
  })

  it('is wrong also where a stronger source hides the mistake', () => {
    const { problems } = checkConfig(input('record: { bytesMax: lots }', {}, { 'record-bytes-max': '1KiB' }))
    assert.equal(problems.length, 1)
  })

  it('of PROTOCOLS section 6 is accepted, and equals the profile lan', () => {
    const text = `
dataDir: ./data
ports:
  log:   { listen: "0.0.0.0:9999", allow: ["0.0.0.0/0", "::/0"], auth: none,     connectionsPerSecondMax: 100 }
  query: { listen: "127.0.0.1:9998", allow: ["127.0.0.1/32", "::1/128"], auth: required, connectionsPerSecondMax: 10 }
  irc:   { listen: "0.0.0.0:6667", allow: ["0.0.0.0/0", "::/0"], auth: required, connectionsPerSecondMax: 50 }
  http:  { listen: "127.0.0.1:9997" }
`
    const window = {
      LOGCASTER_QUERY_CONNECTIONS_PER_WINDOW_MAX: '10',
      LOGCASTER_IRC_CONNECTIONS_PER_WINDOW_MAX: '10',
    }
    const lan = loadConfig(input('profile: lan')).config
    assert.deepEqual(loadConfig(input(text, window)).config, { ...lan, profile: 'loopback' })
  })
})

describe('the effective configuration', () => {
  it('says for each option its value and where it came from', () => {
    const flags = { 'query-idle-ms-max': '0' }
    const shown = printShow(
      loadConfig(input('record:\n  bytesMax: 100KiB\n', { LOGCASTER_STORES: 'audit' }, flags)),
    )
    const lines = shown.split('\n').map((line) => line.replace(/ +#/, ' #').trim())
    for (const line of [
      'profile: loopback # default',
      'stores: audit # LOGCASTER_STORES',
      'bytesMax: 100KiB # lan.yaml line 2',
      'idleMsMax: 0 # --query-idle-ms-max (no limit)',
    ]) {
      assert.ok(lines.includes(line), line)
    }
  })

  for (const [name, text] of [
    ['defaults', ''],
    ['profile lan', 'profile: lan'],
    [
      'odd texts',
      'dataDir: "\\u202e \\"a: b\\" # c"\nports: { log: { listen: off, tls: { cert: "~", key: { file: "null" } } } }',
    ],
  ] as const) {
    it(`is itself a file with the same configuration (${name})`, () => {
      const { config } = loadConfig(input(text))
      const again = loadConfig(input(printShow({ ...loadConfig(input(text)) }))).config
      assert.deepEqual(again, config)
    })
  }
})

describe('a check', () => {
  it('prints the problems one a line, or that there are none', () => {
    assert.equal(
      printCheck(checkConfig(input('record:\n  bytesMx: 1\nfoo: 1\n'))),
      'record.bytesMx: unknown option at line 2; did you mean bytesMax?\n' +
        'foo: unknown option at line 3; `logcaster config reference` lists all options\n',
    )
    assert.equal(
      printCheck(checkConfig(input('profile: lan', { LOGCASTER_IMAGE: 'a' }))),
      'warning: LOGCASTER_IMAGE: no option has this variable; it is ignored\n' +
        'The configuration is valid: profile lan, 0 options from flags, 0 from variables, 1 from the file.\n',
    )
  })
})

describe('the pages', () => {
  it('docs/configuration.md is level with the declaration', () => {
    const page = readFileSync(join(root, 'docs/configuration.md'), 'utf8')
    assert.ok(page === printReference(), 'stale: run `npm run docs`')
  })

  it('docs/examples/lan.yaml loads without a problem', () => {
    const text = readFileSync(join(root, 'docs/examples/lan.yaml'), 'utf8')
    const { loaded, problems, warnings } = checkConfig({
      file: { path: 'lan.yaml', text },
      env: {},
      flags: {},
    })
    assert.deepEqual([problems, warnings], [[], []])
    assert.deepEqual(loaded?.config.ports.query.grant, [])
  })
})
