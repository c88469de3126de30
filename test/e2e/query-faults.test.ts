/**
 * Queries with pipes that do not end well, as their users see them over HTTP, on the query port and on the command line of
 * the real program: too much memory, a deadline, a client that goes, somebody who cancels. Each time the reason is told,
 * the query is gone, its memory is free, and the next query is answered.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { ChildProgram, PROGRAM, runCommand } from '../child-program.ts'
import { runCommandHere } from '../command-here.ts'
import { until, within } from '../deadline.ts'
import { LineClient } from '../line-client.ts'
import { type RunningProgram, startProgram } from '../running-program.ts'

const TOKEN = 'operator-of-the-query-fault-tests'
const HASH = createHash('sha256').update(TOKEN).digest('hex')
const TOKENS = ['--tokens', `ops read,write,admin sha256:${HASH}`]
const ASK_AGAIN = ['--query-aggregate-bytes-max', '0']
/** More than MEMORY holds of what GREEDY_QUERIES want of them. */
const MANY_RECORDS = 60_000
const SOME_RECORDS = 20_000
const FEW_RECORDS = 100

/** No machine comes to its end, and it holds nothing. */
const ENDLESS = '* | generate_sequence 1000000000000'
const ENDLESS_QUERIES = [
  `${ENDLESS} | stats count() as n`,
  `${ENDLESS} | math _msg % 7 as rest | stats by (rest) count() as n | sort by (n)`,
  `${ENDLESS} | sort by (_msg desc) limit 3`,
  `${ENDLESS} | top 3 by (nothing)`,
  `* | limit 1 | join by (x) (${ENDLESS} | stats count() as n)`,
  `n:in(${ENDLESS} | filter _msg:=never | fields _msg) | stats count() as n`,
  `* | limit 1 | union (${ENDLESS} | filter _msg:=never)`,
]
const MEMORY = ['--query-memory-bytes-max', '1MiB']

const reasonOf = (pipe: string): string =>
  `Pipe \`${pipe}\` needs more than the 1 MiB that a query may hold: ask for less, or set query.memoryBytesMax higher`
/** Each needs more than MEMORY for the records of the test; and what is said of it. */
const GREEDY_QUERIES = [
  ['* | stats count_uniq(_msg) as n', reasonOf('stats')],
  ['* | stats by (_msg) count() as n', reasonOf('stats')],
  ['* | stats uniq_values(_msg) as n', reasonOf('stats')],
  ['* | sort by (_msg)', reasonOf('sort')],
  ['* | uniq by (_msg)', reasonOf('uniq')],
  ['* | top 5 by (_msg)', reasonOf('top')],
  ['* | join by (n) (* | fields n, _msg) | stats count() as n', reasonOf('join')],
  [`n:<10 | join by (_msg) (${ENDLESS}) | stats count() as n`, reasonOf('join')],
  [`${ENDLESS} | stats count_uniq(_msg) as n`, reasonOf('stats')],
] as const

const url = (program: RunningProgram, path: string): string => `http://127.0.0.1:${program.httpPort}${path}`

async function start(records: number, args: readonly string[] = []): Promise<RunningProgram> {
  const program = await startProgram({ args: [...TOKENS, ...ASK_AGAIN, ...args] })
  const lines = Array.from(
    { length: records },
    (_, n) => `{"_msg":"old request number ${n} of this test","n":${n}}\n`,
  )
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/x-ndjson' }
  for (const [path, body] of [
    ['/api/v1/logs', lines.join('')],
    ['/api/v1/storage/flush', ''],
  ]) {
    const answer = await fetch(url(program, path), { method: 'POST', headers, body })
    assert.equal(answer.status, 200, await answer.text())
  }
  return program
}

interface Asked {
  readonly status: number
  readonly body: string
}

async function ask(
  program: RunningProgram,
  query: string,
  more: Readonly<Record<string, string>> = {},
  signal?: AbortSignal,
): Promise<Asked> {
  const body = new URLSearchParams({ query, ...more })
  const answer = await fetch(url(program, '/select/logsql/query'), {
    method: 'POST',
    body,
    ...(signal && { signal }),
  })
  return { status: answer.status, body: await answer.text() }
}

function problemOf({ status, body }: Asked): readonly [number, string, string] {
  const { code, detail } = JSON.parse(body) as { readonly code: string; readonly detail: string }
  return [status, code, detail]
}

interface Info {
  readonly id: string
  readonly query: string
  readonly state: string
  readonly problem: string | null
}

async function infoOf(program: RunningProgram, id: string): Promise<Info | null> {
  const answer = await fetch(url(program, `/api/v1/query/${id}`))
  const info = await answer.json()
  return answer.status === 200 ? (info as Info) : null
}

const untilState = (program: RunningProgram, id: string, state: string): Promise<Info> =>
  until(async () => {
    const info = await infoOf(program, id)
    return info?.state === state ? info : null
  }, `query ${id} to be ${state}`)

async function running(program: RunningProgram): Promise<readonly Info[]> {
  const answer = await fetch(url(program, '/api/v1/queries'), {
    headers: { authorization: `Bearer ${TOKEN}` },
  })
  return ((await answer.json()) as { readonly running: readonly Info[] }).running
}

const untilRunning = (program: RunningProgram): Promise<Info> =>
  until(
    async () => (await running(program)).find(({ state }) => state === 'running') ?? null,
    'a query to run',
  )

/**
 * Nothing runs, and a query with pipes is answered, over HTTP and on the query port. It waits until all that it may need of
 * the memory of queries is free: so that of those before it is.
 */
async function checkRecovered(program: RunningProgram, records: number): Promise<void> {
  await until(async () => ((await running(program)).length === 0 ? true : null), 'no query to run')
  assert.deepEqual(await ask(program, 'old | stats count() as n, max(n) as most'), {
    status: 200,
    body: `{"n":"${records}","most":"${records - 1}"}\n`,
  })
  using client = await LineClient.connect(program.queryPort)
  assert.deepEqual(await askPort(client, 'COUNT|old'), ['RESULT|1', String(records), 'END'])
  assert.ok(program.isAlive)
  assert.doesNotMatch(program.stderr(), /BUG|unhandled|out of memory/)
}

/** Up to `END` or an error. */
async function askPort(client: LineClient, request: string): Promise<string[]> {
  await client.send(`QUERY|${request}\n`)
  const lines: string[] = []
  while (!/^(END$|ERROR\|)/.test(lines.at(-1) ?? '')) lines.push(await client.line())
  return lines
}

const commandQuery = (program: RunningProgram, query: string, run = runCommandHere) =>
  run(['query', query, '--query-port', String(program.queryPort)])

describe('a query that needs more memory than it may have', () => {
  let program: RunningProgram
  before(async () => {
    program = await start(MANY_RECORDS, MEMORY)
  })
  after(() => program[Symbol.asyncDispose]())

  it('is refused over HTTP with 422, the pipe and what to do', async () => {
    for (const [at, [query, reason]] of GREEDY_QUERIES.entries()) {
      const refused = problemOf(await ask(program, query, { query_id: `greedy-${at}` }))
      assert.deepEqual(refused, [422, 'QUERY_TOO_LARGE', reason], query)
      const { state, problem } = (await infoOf(program, `greedy-${at}`))!
      assert.deepEqual([state, problem], ['failed', reason])
    }
    await checkRecovered(program, MANY_RECORDS)
  })

  it('is refused on the query port, whose connection goes on', async () => {
    using client = await LineClient.connect(program.queryPort)
    for (const [query, reason] of GREEDY_QUERIES)
      assert.deepEqual(await askPort(client, `LOGSQL|${query}`), [`ERROR|${reason}`], query)
    assert.equal(await client.ask('PING'), 'PONG')
    await checkRecovered(program, MANY_RECORDS)
  })

  it('ends the command with the reason on stderr, and no row', async () => {
    const { code, stdout, stderr } = await commandQuery(program, '* | sort by (_msg)')
    assert.deepEqual([code !== 0, stdout.toString()], [true, ''])
    assert.match(stderr, /Pipe `sort` needs more than the 1 MiB/)
    await checkRecovered(program, MANY_RECORDS)
  })
})

describe('a query that comes to the deadline of the server', () => {
  let program: RunningProgram
  before(async () => {
    program = await start(FEW_RECORDS, ['--query-deadline-ms', '2s'])
  })
  after(() => program[Symbol.asyncDispose]())

  it('is ended on the query port, and ends the command with the reason', async () => {
    const reason = 'Query took too long: at most 2000 ms'
    const command = commandQuery(program, ENDLESS_QUERIES[0], runCommand)
    const asked = ENDLESS_QUERIES.map(async (query) => {
      using client = await LineClient.connect(program.queryPort)
      assert.deepEqual(await askPort(client, `LOGSQL|${query}`), [`ERROR|${reason}`], query)
      assert.equal(await client.ask('PING'), 'PONG')
    })
    const [{ code, stdout, stderr }] = await Promise.all([command, ...asked])
    assert.deepEqual([code !== 0, stdout.toString()], [true, ''])
    assert.ok(stderr.includes(reason), stderr)
    await checkRecovered(program, FEW_RECORDS)
  })
})

let program: RunningProgram
before(async () => {
  // Should a query not be cancelled, this ends it.
  program = await start(SOME_RECORDS, ['--query-deadline-ms', '30s'])
})
after(() => program[Symbol.asyncDispose]())

describe('a query whose time is up', () => {
  it('is answered with 504 over HTTP, with the time that it asked for', async () => {
    for (const [at, query] of ENDLESS_QUERIES.entries()) {
      const late = problemOf(await ask(program, query, { timeout: '20ms', query_id: `late-${at}` }))
      assert.deepEqual(late, [504, 'QUERY_CANCELLED', 'The query took longer than 20 ms.'], query)
      await untilState(program, `late-${at}`, 'cancelled')
    }
    await checkRecovered(program, SOME_RECORDS)
  })

  it('is answered so by every route that runs queries', async () => {
    const query = `${ENDLESS} | stats count() as n`
    const body = new URLSearchParams({ query, timeout: '20ms' })
    for (const path of ['stats_query', 'stats_query_range']) {
      const answer = await fetch(url(program, `/select/logsql/${path}`), { method: 'POST', body })
      const [status, code] = problemOf({ status: answer.status, body: await answer.text() })
      assert.deepEqual([status, code], [504, 'QUERY_CANCELLED'], path)
    }
    await checkRecovered(program, SOME_RECORDS)
  })
})

describe('a query that is cancelled', () => {
  it('by `DELETE` is answered with 503, and goes on to be found as cancelled', async () => {
    for (const [at, query] of ENDLESS_QUERIES.entries()) {
      const id = `mine-${at}`
      const asked = ask(program, query, { query_id: id })
      await untilState(program, id, 'running')
      const deleted = await fetch(url(program, `/api/v1/query/${id}`), { method: 'DELETE' })
      assert.deepEqual([deleted.status, await deleted.json()], [200, { id, cancelled: true }])
      const [status, code, detail] = problemOf(await asked)
      assert.deepEqual([status, code], [503, 'QUERY_CANCELLED'], query)
      assert.match(detail, /cancelled/)
      assert.match((await untilState(program, id, 'cancelled')).problem ?? '', /cancelled/)
    }
    await checkRecovered(program, SOME_RECORDS)
  })

  it('by `logcaster queries --cancel` tells whoever waits for it on the query port', async () => {
    const operate = (...words: string[]) =>
      runCommandHere(['queries', ...words, '--http-port', String(program.httpPort)], {
        env: { LOGCASTER_TOKEN: TOKEN },
      })
    using client = await LineClient.connect(program.queryPort)
    const asked = askPort(client, `LOGSQL|${ENDLESS_QUERIES[1]}`)
    const { id } = await untilRunning(program)
    const listed = await operate()
    assert.equal(listed.code, 0, listed.stderr)
    assert.match(listed.stdout.toString(), new RegExp(`^${id}  running .*generate_sequence`, 'm'))
    const cancelled = await operate('--cancel', id)
    assert.deepEqual([cancelled.code, cancelled.stderr], [0, `${id} is cancelled\n`])
    const [said] = await asked
    assert.match(said, /^ERROR\|.*cancelled/i)
    assert.equal(await client.ask('PING'), 'PONG')
    await checkRecovered(program, SOME_RECORDS)
    const gone = await operate('--cancel', 'nobody')
    assert.notEqual(gone.code, 0)
    assert.match(gone.stderr, /no query "nobody"/)
  })

  it('by a client that goes away over HTTP', async () => {
    for (const [at, query] of ENDLESS_QUERIES.entries()) {
      const leave = new AbortController()
      const asked = ask(program, query, { query_id: `left-${at}` }, leave.signal)
      await untilState(program, `left-${at}`, 'running')
      leave.abort()
      await assert.rejects(asked, { name: 'AbortError' })
      await untilState(program, `left-${at}`, 'cancelled')
    }
    await checkRecovered(program, SOME_RECORDS)
  })

  it('by a client that breaks off the query port', async () => {
    for (const query of ENDLESS_QUERIES) {
      using client = await LineClient.connect(program.queryPort)
      await client.send(`QUERY|LOGSQL|${query}\n`)
      const { id } = await untilRunning(program)
      client.reset()
      await untilState(program, id, 'cancelled')
    }
    await checkRecovered(program, SOME_RECORDS)
  })

  // The end of a connection is no more than the end of its requests (`printf … | nc`): the query ends with its time then.
  it('by Ctrl+C at the command, which ends with 130', async () => {
    const args = ['query', ENDLESS_QUERIES[1], '--query-port', String(program.queryPort)]
    await using command = new ChildProgram(process.execPath, [PROGRAM, ...args])
    const { id } = await untilRunning(program)
    command.interrupt()
    const { code, stdout } = await command.end()
    assert.deepEqual([code, stdout.toString()], [130, ''])
    await untilState(program, id, 'cancelled')
    await checkRecovered(program, SOME_RECORDS)
  })

  it('while it waits for its turn never runs', async () => {
    const stop = new AbortController()
    const busy = Array.from({ length: 40 }, (_, at) =>
      ask(program, ENDLESS_QUERIES[0], { query_id: `busy-${at}` }, stop.signal).catch(() => null),
    )
    await until(async () => ((await running(program)).length === 40 ? true : null), 'all to be there')
    const waiting = (await running(program)).find(({ state }) => state === 'waiting')
    assert.ok(waiting !== undefined, 'there is room for all')
    await fetch(url(program, `/api/v1/query/${waiting.id}`), { method: 'DELETE' })
    await untilState(program, waiting.id, 'cancelled')
    stop.abort()
    await within(Promise.all(busy), 'all to end')
    await checkRecovered(program, SOME_RECORDS)
  })
})

/** The sender goes on until each of the others was answered so often. */
const ANSWERS = 3
const ROUND_LINES = 100
const HEAVY_CLIENTS = 6

describe('heavy queries, again and again', () => {
  it('hold up neither a sender nor a tail, and none of them is left out', async (t) => {
    using tail = await LineClient.connect(program.queryPort)
    assert.equal(await tail.ask('QUERY|TAIL|fresh'), 'RESULT|*')
    let isOver = false
    const answers = new Array<number>(HEAVY_CLIENTS).fill(0)
    const heavy = answers.map(async (_, at) => {
      for (; !isOver; answers[at]++) {
        const { status, body } = await ask(program, 'old | stats count_uniq(_msg) as n')
        assert.deepEqual([status, body], [200, `{"n":"${SOME_RECORDS}"}\n`])
      }
    })
    const all = Promise.all(heavy)
    let failed: unknown = null
    all.catch((error: unknown) => {
      failed = error
    })
    const ackMs: number[] = []
    using sender = await LineClient.connect(program.logPort)
    for (let round = 0; failed === null && answers.some((count) => count < ANSWERS); round++) {
      const beganMs = performance.now()
      const lines = Array.from(
        { length: ROUND_LINES },
        (_, at) => `LOG|INFO||fresh ${round * ROUND_LINES + at}\n`,
      )
      await sender.send(lines.join(''))
      for (const ack of await sender.lines(ROUND_LINES)) assert.match(ack, /^OK\|\d+$/)
      ackMs.push(performance.now() - beganMs)
    }
    for (let at = 0; at < ackMs.length * ROUND_LINES; at++)
      assert.equal((await tail.line()).split('|')[3], `fresh ${at}`)
    isOver = true
    await within(all, 'the heavy queries to end')
    const slowest = Math.max(...ackMs).toFixed()
    t.diagnostic(
      `answers: ${answers.join(', ')}; ${ackMs.length * ROUND_LINES} acks, the slowest after ${slowest} ms`,
    )
    await checkRecovered(program, SOME_RECORDS)
  })
})
