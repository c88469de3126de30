/** Every example of the reference is parsed, printed and run, on records and before and after sealing alike. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FILTER_KINDS } from '../filters/registry.ts'
import { PIPE_KINDS } from '../pipes/registry.ts'
import { selectRows } from '../run.ts'
import { STATS_FUNCTIONS } from '../stats/registry.ts'
import { blockOf, FakeSnapshot, TEST_NOW_MS, type TestRecord } from '../test-blocks.ts'
import { QUERY_OPTIONS } from './options.ts'
import { parseQuery } from './parser.ts'
import { printQuery } from './printer.ts'
import { printLogsqlReference } from './reference.ts'

const LEVELS = ['error', 'warn', 'info', '']
const RECORDS: TestRecord[] = Array.from({ length: 200 }, (_, at) => ({
  message: `request ${at} of user "u${at % 7}" took ${at * 3}ms from 10.0.0.${at % 256}: {"size":${at},"tags":["a","b"]}`,
  timeMs: TEST_NOW_MS - at * 60_000,
  level: LEVELS[at % LEVELS.length],
  stream: { service: at % 2 === 0 ? 'api' : 'web', host: `web-${at % 5}` },
  fields: {
    status: String(200 + (at % 4) * 100),
    duration: `${at}ms`,
    size: `${at}KiB`,
    'http.path': `/p/${at % 9}`,
  },
}))
const snapshotOf = (cut: number): FakeSnapshot =>
  new FakeSnapshot([blockOf(RECORDS.slice(0, cut)), blockOf(RECORDS.slice(cut), cut + 1)])

const kinds = [
  ...FILTER_KINDS.map(({ kind, examples, summary }) => ({ name: `filter ${kind}`, examples, summary })),
  ...PIPE_KINDS.map(({ names, examples, summary }) => ({ name: `pipe ${names[0]}`, examples, summary })),
  ...STATS_FUNCTIONS.map(({ name, examples, summary }) => ({ name: `function ${name}`, examples, summary })),
  ...QUERY_OPTIONS.map(({ name, example, summary }) => ({
    ...{ name: `option ${name}`, examples: [`options(${name}=${example}) error`], summary },
  })),
]

const CHANCE = /\b(?:sample|rand|now)\b|row_any|\bany\(/

async function answerOf(text: string, cut: number): Promise<unknown[]> {
  const query = parseQuery(text, { nowMs: TEST_NOW_MS })
  const { count, rows } = await selectRows(snapshotOf(cut), query, { nowMs: TEST_NOW_MS })
  const all = await Array.fromAsync(rows)
  assert.equal(all.length, count, text)
  return all
}

for (const { name, examples, summary } of kinds) {
  test(`the examples of ${name} run, print so that they parse the same, and do not depend on blocks`, async () => {
    assert.notEqual(summary, '')
    assert.ok(examples.length > 0, 'no example')
    for (const text of examples) {
      const query = parseQuery(text, { nowMs: TEST_NOW_MS })
      assert.deepEqual(parseQuery(printQuery(query), { nowMs: TEST_NOW_MS }), query, text)
      const answer = await answerOf(text, 3)
      if (!CHANCE.test(text) && !/block|query_stats/.test(text))
        assert.deepEqual(await answerOf(text, 150), answer, text)
    }
  })
}

test('the reference has every filter, pipe, function and option', () => {
  const page = printLogsqlReference()
  for (const { name, examples } of kinds) {
    for (const example of examples)
      assert.ok(page.includes(example.replaceAll('|', '\\|')), `${name}: ${example}`)
  }
})
