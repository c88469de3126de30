import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EXIT_LIMIT, EXIT_PARTIAL, EXIT_USAGE } from './exit-codes.ts'
import { FakeServer, run } from './fake-io.ts'

/** What a server says instead of an answer, and how the program ends then. */
async function refusedWith(reason: string): Promise<readonly [code: number | null, err: string]> {
  await using server = await FakeServer.answering(`ERROR|${reason}\n`)
  const { code, err } = await run(['query', '--query-port', server.port, 'x'])
  return [code, err]
}

test('a limit that a query meets ends the program as a limit, not as a mistake of whoever asked', async () => {
  for (const reason of [
    'Pipe `stats` needs more than the 64 MiB that a query may hold: ask for less, or set query.memoryBytesMax higher',
    'The answer needs more than the 64 MiB that a query may hold: ask for less',
    'The query within the query needs more than the 1 MiB that a query may hold: ask for less',
    'more than 8388608 rows match and nothing limits them',
    'the query has more than 1000 filters',
    '`stream_context` was given rows of more than 100 streams: narrow the filter or the time range',
    'Other queries run, and this one had no turn for 10 s: ask again soon.',
  ]) {
    assert.deepEqual(await refusedWith(reason), [EXIT_LIMIT, `${reason}\n`])
  }
})

test('a query that was cancelled is told so', async () => {
  assert.deepEqual(await refusedWith('The query was cancelled.'), [
    EXIT_PARTIAL,
    'The query was cancelled.\n',
  ])
})

test('what a user wrote does not decide how the program ends', async () => {
  const [code] = await refusedWith('there is no pipe `x needs more than the 64 MiB that a query may hold`')
  assert.equal(code, EXIT_USAGE)
})
