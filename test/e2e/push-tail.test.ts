/**
 * Tails of the real program while records come in as fast as the machine gives: those that read miss nothing, those that do
 * not get gaps, and rows and gaps add up exactly; and what pipes make of rows, over HTTP, the query port and the command.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { ChildProgram, PROGRAM } from '../child-program.ts'
import { until, within } from '../deadline.ts'
import { LineClient } from '../line-client.ts'
import { type RunningProgram, startProgram } from '../running-program.ts'

const RECORDS = 50_000
/** Makes each record long: what is not read must be more than sockets and queues keep. */
const PADDING = 'and so on, '.repeat(11)
const KINDS = 45
const SENDERS = 4
const PIECE_LINES = 500
const FAST = 90
const SLOW = 10
const WAIT_MS = 150_000

const messageOf = (n: number): string =>
  `request ${n} of kind k${n % KINDS} took ${n % 977} ms for tenant blue on shard 7 ${PADDING}`

interface TailOf {
  readonly query: string
  matches(n: number): boolean
  /** Of what pipes make, by which a row is known. */
  readonly isMapped: boolean
}

/** Distinct queries: words, regular expressions, and pipes that change, drop and make rows. */
function fastTail(at: number): TailOf {
  const kind = at % KINDS
  const matches = (n: number): boolean => n % KINDS === kind
  const word = `kind k${kind}`
  if (at < KINDS) return { query: `"${word}"`, matches, isMapped: false }
  if (at % 3 === 0) return { query: `~"${word} took [0-9]+"`, matches, isMapped: false }
  const extract = `"${word}" | extract "request <n> of" | extract "took <ms> ms" | fields n, ms`
  if (at % 3 === 1) return { query: extract, matches, isMapped: true }
  return { query: `${extract} | filter ms:<400`, matches: (n) => matches(n) && n % 977 < 400, isMapped: true }
}

const SLOW_QUERIES = [
  '*',
  'request',
  '* | extract "request <n> of" | fields n, _msg',
  '!"kind k1"',
  'tenant or shard',
]

const url = (program: RunningProgram, path: string): string => `http://127.0.0.1:${program.httpPort}${path}`

async function openTail(program: RunningProgram, query: string): Promise<LineClient> {
  const client = await LineClient.connect(program.queryPort)
  assert.equal(await client.ask(`QUERY|TAIL|${query}`), 'RESULT|*')
  return client
}

/** Sends its share of the records, and waits until all are acknowledged. */
async function sendShare(program: RunningProgram, share: number): Promise<void> {
  using client = await LineClient.connect(program.logPort)
  const own = Array.from({ length: RECORDS / SENDERS }, (_, at) => at * SENDERS + share)
  const acked = within(client.lines(own.length), 'all to be acknowledged', WAIT_MS)
  for (let from = 0; from < own.length; from += PIECE_LINES) {
    const lines = own.slice(from, from + PIECE_LINES).map((n) => `LOG|INFO||${messageOf(n)}\n`)
    await client.send(lines.join(''))
  }
  for (const ack of await acked) assert.match(ack, /^OK\|\d+$/)
}

function numberOf(line: string): number {
  const found = /request (\d+) of/.exec(line) ?? /"n":"?(\d+)"?/.exec(line)
  assert.ok(found !== null, `a row without its number: ${line}`)
  return Number(found[1])
}

/** All that it should get, each once; no gap. */
async function readAll(client: LineClient, { query, matches }: TailOf): Promise<number> {
  const expected = Array.from({ length: RECORDS }, (_, n) => n).filter(matches)
  const lines = await within(client.lines(expected.length), `all rows of ${query}`, WAIT_MS)
  const numbers = lines.map(numberOf).sort((a, b) => a - b)
  assert.deepEqual(numbers, expected, query)
  assert.equal(await client.ask('STOP'), 'END', `more rows for ${query}`)
  return lines.length
}

interface Heard {
  readonly rows: number
  readonly missed: number
  readonly gaps: number
}

/** Until rows and gaps are as many as there should be. */
async function readUntil(client: LineClient, count: number): Promise<Heard> {
  let [rows, missed, gaps, lastId] = [0, 0, 0, 0]
  const seen = new Set<number>()
  while (rows + missed < count) {
    const line = await client.line()
    if (!line.startsWith('GAP|')) {
      rows++
      seen.add(numberOf(line))
      continue
    }
    const [fromId, toId, more] = line.split('|').slice(1).map(Number)
    assert.ok(fromId > lastId && toId - fromId + 1 >= more, line)
    lastId = toId
    missed += more
    gaps++
  }
  assert.equal(rows + missed, count)
  assert.equal(seen.size, rows, 'a row came twice')
  assert.equal(await client.ask('STOP'), 'END')
  return { rows, missed, gaps }
}

describe('a hundred tails of different queries', () => {
  let program: RunningProgram
  before(async () => {
    program = await startProgram()
  })
  after(() => program[Symbol.asyncDispose]())

  it('get all that they read, and gaps that add up for what they do not', async (t) => {
    const fast = Array.from({ length: FAST }, (_, at) => fastTail(at))
    const fastClients = await Promise.all(fast.map(({ query }) => openTail(program, query)))
    const slow = Array.from({ length: SLOW }, (_, at) => SLOW_QUERIES[at % SLOW_QUERIES.length])
    const slowClients = await Promise.all(slow.map((query) => openTail(program, query)))
    for (const client of slowClients) client.socket.pause()
    const beganMs = performance.now()
    const read = Promise.all(fastClients.map((client, at) => readAll(client, fast[at])))
    await Promise.all(Array.from({ length: SENDERS }, (_, share) => sendShare(program, share)))
    const sentMs = performance.now() - beganMs
    const rows = (await read).reduce((sum, count) => sum + count, 0)
    const readMs = performance.now() - beganMs
    for (const client of slowClients) client.socket.resume()
    const kindOne = Math.ceil((RECORDS - 1) / KINDS)
    const heard = await Promise.all(
      slowClients.map((client, at) =>
        readUntil(client, slow[at].startsWith('!') ? RECORDS - kindOne : RECORDS),
      ),
    )
    for (const client of [...fastClients, ...slowClients]) client[Symbol.dispose]()
    const perSecond = Math.round((RECORDS / sentMs) * 1000)
    t.diagnostic(
      `${perSecond} records/s came in; ${rows} rows reached the ${FAST} fast tails ${Math.round(readMs)} ms after the first was sent`,
    )
    t.diagnostic(`the slow ones missed ${heard.map(({ missed, gaps }) => `${missed} in ${gaps}`).join(', ')}`)
    assert.ok(
      heard.every(({ missed }) => missed > 0),
      'none of the slow ones was too slow',
    )
  })
})

const send = async (program: RunningProgram, records: readonly object[]): Promise<void> => {
  const body = records.map((record) => `${JSON.stringify(record)}\n`).join('')
  const headers = { 'content-type': 'application/x-ndjson' }
  const answer = await fetch(url(program, '/api/v1/logs'), { method: 'POST', headers, body })
  assert.equal(answer.status, 200, await answer.text())
}

/** Drops some records, and makes several rows of others. */
const PIPED =
  'basket | filter items:* | unroll items | extract "basket <number>" | fields number, items | rename items as item'
const BASKETS = [
  { _msg: 'basket 1', items: '["a","b","c"]' },
  { _msg: 'basket 2' },
  { _msg: 'nothing', items: '["x"]' },
  { _msg: 'basket 3', items: '["d"]' },
]
const ROWS = ['1a', '1b', '1c', '3d']

const rowOf = (line: string): string => {
  const { number, item } = JSON.parse(line) as { readonly number: string; readonly item: string }
  return number + item
}

describe('a tail with pipes', () => {
  let program: RunningProgram
  before(async () => {
    program = await startProgram()
  })
  after(() => program[Symbol.asyncDispose]())

  it('shows over HTTP what its pipes leave, and goes on behind an id', async () => {
    const rows = async (
      parameters: Readonly<Record<string, string>>,
      act: () => Promise<void>,
    ): Promise<string[]> => {
      const stop = new AbortController()
      const search = new URLSearchParams(parameters)
      const answer = await fetch(url(program, `/select/logsql/tail?${search}`), { signal: stop.signal })
      assert.equal(answer.status, 200)
      await act()
      let text = ''
      for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
        text += chunk
        if (text.split('\n').filter((line) => line !== '').length >= ROWS.length) break
      }
      stop.abort()
      return text.split('\n').filter((line) => line !== '')
    }
    const live = await rows({ query: PIPED }, () => send(program, BASKETS))
    assert.deepEqual(live.map(rowOf), ROWS)
    const again = await rows({ query: PIPED, after_id: '0' }, async () => {})
    assert.deepEqual(again.map(rowOf), ROWS)
  })

  it('shows the same on the query port, and with the command', async () => {
    using client = await openTail(program, PIPED)
    const args = ['tail', PIPED, '--json', '--query-port', String(program.queryPort)]
    await using command = new ChildProgram(process.execPath, [PROGRAM, ...args])
    await until(() => (command.stderr().includes('Waiting for records') ? true : null), 'the command to wait')
    await send(program, BASKETS)
    assert.deepEqual((await client.lines(ROWS.length)).map(rowOf), ROWS)
    await command.untilStdout((text) => text.split('\n').length > ROWS.length, 'all rows')
    command.interrupt()
    const { code, stdout } = await command.end()
    assert.equal(code, 130)
    assert.deepEqual(stdout.toString().trimEnd().split('\n').map(rowOf), ROWS)
    assert.equal(await client.ask('PING'), 'END')
  })

  it('is refused where a pipe needs all rows, and the reason is told', async () => {
    const query = '* | stats count() as n'
    const answer = await fetch(url(program, `/select/logsql/tail?${new URLSearchParams({ query })}`))
    assert.equal(answer.status, 400)
    assert.match(await answer.text(), /a live tail never has them all/)
    using client = await LineClient.connect(program.queryPort)
    assert.match(await client.ask(`QUERY|TAIL|${query}`), /^ERROR\|Not a filter that can be followed/)
    assert.equal(await client.ask('PING'), 'PONG')
  })
})
