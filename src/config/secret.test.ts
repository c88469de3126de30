import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import { checkConfig, loadConfig, printShow, Secret } from './config.ts'

const FILES: Record<string, string> = {
  'key.pem': 'hunter2\n',
  'empty.pem': '\n',
  'long.pem': 'x'.repeat(70_000),
}

function readFile(path: string): string {
  if (!Object.hasOwn(FILES, path)) throw new Error(`ENOENT: no such file, open '${path}'`)
  return FILES[path]
}

function load(key: string, env: Record<string, string> = {}) {
  const text = `ports:\n  log:\n    tls:\n      cert: cert.pem\n      key: ${key}\n`
  return { file: { path: 'a.yaml', text }, env, flags: {}, readFile }
}

const problemsOf = (key: string, env?: Record<string, string>) =>
  checkConfig(load(key, env)).problems.map(({ text }) => text)

describe('a secret', () => {
  const secret = new Secret('hunter2', 'file:key.pem')

  it('prints as three stars wherever it gets into text', () => {
    const texts = [
      `${secret}`,
      String(secret),
      ['', secret].join(''),
      JSON.stringify({ secret }),
      inspect(secret),
      inspect({ deep: { deeper: [secret] } }, { showHidden: true, depth: 9 }),
      JSON.stringify(Object.entries(secret)),
    ]
    for (const text of texts) assert.ok(!text.includes('hunter2'), text)
    assert.deepEqual(texts.slice(0, 5), ['***', '***', '***', '{"secret":"***"}', '***'])
  })

  it('is revealed only when asked', () => assert.equal(secret.reveal(), 'hunter2'))

  it('knows the path that it was read from, so that a changed file can be read again', () => {
    assert.equal(secret.file, 'key.pem')
    assert.equal(new Secret('hunter2', 'env:NAME').file, null)
  })

  it('is read from a file, without its last line break', () => {
    const { config } = loadConfig(load('{file: key.pem}'))
    assert.equal(config.ports.log.tls.key?.reveal(), 'hunter2')
  })

  it('is read from a variable', () => {
    const { config } = loadConfig(load('{ env: LOG_KEY }', { LOG_KEY: 'hunter2' }))
    assert.equal(config.ports.log.tls.key?.reveal(), 'hunter2')
  })

  it('can be referred to in a variable and in a flag', () => {
    const env = { LOGCASTER_LOG_TLS_KEY: 'file:key.pem' }
    const flags = {
      'log-tls-cert': 'cert.pem',
      'query-tls-cert': 'cert.pem',
      'query-tls-key': 'env:LOGCASTER_LOG_TLS_KEY',
    }
    const { config } = loadConfig({ env, flags, readFile })
    assert.equal(config.ports.log.tls.key?.reveal(), 'hunter2')
    assert.equal(config.ports.query.tls.key?.reveal(), 'file:key.pem')
  })

  it('shows only its reference in the effective configuration', () => {
    const shown = printShow(loadConfig(load('{file: key.pem}')))
    assert.match(shown, /key: \{ file: key\.pem \} +# a\.yaml line 5/)
    assert.ok(!shown.includes('hunter2'))
  })

  const HOW = 'write {file: PATH} or {env: NAME} (in a variable or flag: file:PATH or env:NAME)'
  for (const written of [
    'hunter2',
    '"file:"',
    '{ hunter2: key.pem }',
    '{ file: a, env: hunter2 }',
    '{}',
    '{file: [hunter2]}',
  ]) {
    it(`that stands in the file itself (${written}) is refused, and not repeated`, () => {
      const [problem, ...others] = problemsOf(written)
      assert.equal(
        problem,
        `ports.log.tls.key: a secret does not stand in the configuration itself at line 5; ${HOW}`,
      )
      assert.deepEqual(others, [])
    })
  }

  for (const [written, problem] of [
    [
      '{file: gone.pem}',
      "the secret's file cannot be read (ENOENT: no such file, open 'gone.pem') at line 5",
    ],
    ['{file: empty.pem}', "the secret's file empty.pem is empty at line 5"],
    ['{file: long.pem}', "the secret's file long.pem is longer than 65536 characters at line 5"],
    ['{env: LOG_KEY}', "the secret's variable LOG_KEY is not set at line 5"],
  ] as const) {
    it(`${written} that cannot be had is a problem`, () => {
      assert.deepEqual(problemsOf(written), [`ports.log.tls.key: ${problem}`])
    })
  }

  it('that is not there is named with its whole path', () => {
    const path = `/var/lib/logcaster/${'deep/'.repeat(20)}key.pem`
    const [problem] = problemsOf(`{file: ${path}}`)
    assert.ok(problem.includes(`open '${path}'`), problem)
  })

  it('that is overridden is not looked for', () => {
    const input = { ...load('{file: gone.pem}'), flags: { 'log-tls-key': 'file:key.pem' } }
    assert.equal(loadConfig(input).config.ports.log.tls.key?.reveal(), 'hunter2')
  })
})
