import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { isCodedError } from '../base/base.ts'
import { type ClientOptions, openClient } from './client.ts'
import { CLIENT_LIMITS, checkOptions } from './client-options.ts'
import { rejection } from './test-bench.ts'

function problemOf(options: ClientOptions): string {
  try {
    checkOptions(options)
  } catch (error) {
    if (isCodedError(error, 'CONFIG_INVALID')) return error.message
    throw error
  }
  return 'no problem'
}

describe('the options of a client', () => {
  it('have defaults for everything', () => {
    const { host, port, tls, token, name, overflow, spillDirectory, ...rest } = checkOptions({})
    assert.deepEqual(
      { host, port, tls, token, name, overflow, spillDirectory },
      {
        host: '127.0.0.1',
        port: 9999,
        tls: null,
        token: null,
        name: 'logcaster-client',
        overflow: 'wait',
        spillDirectory: null,
      },
    )
    for (const [limit, { default: value }] of Object.entries(CLIENT_LIMITS)) {
      assert.equal(rest[limit as keyof typeof CLIENT_LIMITS], value)
    }
  })

  it('are refused with what would be right', () => {
    assert.equal(problemOf({ port: 0 }), 'Client option port is 0; give an integer from 1 to 65535.')
    assert.equal(
      problemOf({ batchRecordsMax: 0 }),
      'Client option batchRecordsMax is 0; give an integer from 1 to 20000.',
    )
    assert.equal(
      problemOf({ retryMsMin: 500, retryMsMax: 100 }),
      'Client option retryMsMin is 500, more than retryMsMax (100).',
    )
    assert.match(problemOf({ pingMs: '5' as unknown as number }), /pingMs is 5; give an integer from 1/)
    assert.match(problemOf({ host: '' }), /host is empty/)
    assert.match(problemOf({ token: '' }), /token is empty/)
    assert.match(problemOf({ name: 'x'.repeat(201) }), /name is no text of at most 200/)
    assert.match(problemOf({ overflow: 'drop' as 'wait' }), /overflow is "drop"; give wait, reject, spill/)
    assert.match(problemOf({ overflow: 'spill' }), /needs a directory; give spillDirectory/)
    assert.match(problemOf({ prot: 1 } as object), /"prot" does not exist; the options are .*, port, /)
    assert.match(problemOf({ spillDirectory: '/x' }), /is the only one to use a spillDirectory/)
  })

  it('are checked before anything is opened', async () => {
    assert.equal((await rejection(openClient({ port: 70_000 }))).code, 'CONFIG_INVALID')
  })

  it('stand in docs/client.md, with their defaults', () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/client.md'), 'utf8')
    const [section] = page.split('\n## Options\n')[1].split('\n## ')
    const rows = section.split('\n').filter((line) => /^\| `\w+` \| /.test(line))
    const documented = rows.map((row) =>
      row
        .split('|')
        .slice(1, 3)
        .map((cell) => cell.trim()),
    )
    const expected = Object.entries(CLIENT_LIMITS).map(([name, limit]) => [
      `\`${name}\``,
      String(limit.default),
    ])
    assert.deepEqual(
      expected.filter(([name, value]) => !documented.some((row) => row[0] === name && row[1] === value)),
      [],
    )
    const names = [...Object.keys(CLIENT_LIMITS), 'host', 'port', 'tls', 'token', 'name', 'overflow']
    const known = [...names, 'spillDirectory'].map((name) => `\`${name}\``)
    assert.deepEqual(
      documented.filter(([name]) => !known.includes(name)),
      [],
    )
  })
})
