import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { run } from './fake-io.ts'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))

describe('runCli', () => {
  it('prints the version of the package', async () => {
    for (const words of [['--version'], ['-V'], ['query', '-V']]) {
      assert.deepEqual(await run(words), { code: 0, out: `${version}\n`, err: '' }, words.join(' '))
    }
  })

  it('prints versions for a bug report', async () => {
    assert.match((await run(['version'])).out, /^logcaster \d+\.\d+\.\d+\nnode \d+/)
    assert.equal(JSON.parse((await run(['version', '--json'])).out).logcaster, version)
  })

  it('exits with 2 for a command line that it does not know', async () => {
    assert.deepEqual(await run(['qury']), {
      code: 2,
      out: '',
      err: 'unknown command `qury`; did you mean `query`? `logcaster --help` lists them\n',
    })
    assert.equal((await run(['query', '--limt', '5'])).code, 2)
    assert.equal((await run(['stats', 'now'])).code, 2)
  })

  it('shows errors as JSON with --json', async () => {
    for (const words of [['--json'], ['-o', 'json'], ['--output=json']]) {
      const { err } = await run(['query', ...words, '--limt', '5'])
      assert.equal(JSON.parse(err).error.code, 'USAGE', words.join(' '))
    }
  })

  it('shows hostile arguments inert', async () => {
    const { err } = await run(['\x1b[2Jqury\u202e'])
    assert.match(err, /^unknown command `\\x1b\[2Jqury\\u202e`/)
  })

  it('obeys variables that are wrong with a message, not with a crash', async () => {
    const { code, err } = await run(['query', 'x'], { env: { LOGCASTER_QUERY_PORT: 'http' } })
    assert.deepEqual(
      [code, err],
      [2, 'LOGCASTER_QUERY_PORT must be a whole number from 1 to 65535, but got `http`\n'],
    )
  })
})
