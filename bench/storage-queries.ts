/**
 * The queries that data A is asked, and their right answers, found without LogCaster: every line is parsed and tested
 * with a regular expression of JavaScript. Right answers are kept beside the data.
 *
 * A word of LogsQL stands alone: no letter, digit or underscore before it or after it.
 */
import { createHash } from 'node:crypto'
import {
  closeSync,
  createReadStream,
  existsSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename } from 'node:path'
import { createInterface } from 'node:readline'
import { cachePath } from './storage-data.ts'

export interface BenchQuery {
  readonly name: string
  /** What the query port is sent. */
  readonly request: string
  /** Which records the query finds; null: its answer is not checked. */
  readonly test: ((record: BenchRecord) => boolean) | null
  /** `count`: how many match. `newest`: the newest hundred of them. */
  readonly answers: 'count' | 'newest' | 'rows'
  /** CPU over that of `grep -c "Failed password"` that VictoriaLogs was measured with. */
  readonly victoriaLogs: number | null
}

export interface BenchRecord {
  readonly _time: string
  readonly level: string
  readonly _msg: string
}

export interface Truth {
  readonly count: number
  /** Unix milliseconds of the newest hundred, ascending. */
  readonly newestMs: readonly number[]
}

export const NEWEST = 100
const MIDDLE_BYTES = 4 << 20

/** Names by which figures find their query. */
export const RARE_TOKEN = 'rare token, count'
export const PHRASE = 'phrase "Failed password", count'
export const SUBSTRING = 'substring ~"of size 6", count'
export const NEWEST_ERRORS = 'newest 100 of `error`'

export function queriesOf(path: string): BenchQuery[] {
  const token = rareToken(path)
  const hasToken = message(wordPattern(token))
  const newest = (filter: string): string => `QUERY|LOGSQL|${filter} | limit ${NEWEST}`
  const later = (name: string, query: string, victoriaLogs: number): BenchQuery => ({
    ...{ name, request: `QUERY|LOGSQL|${query}`, test: null, answers: 'rows', victoriaLogs },
  })
  return [
    count(RARE_TOKEN, `"${token}"`, hasToken, 0.03),
    {
      name: 'rare token, the row',
      request: newest(`"${token}"`),
      test: hasToken,
      answers: 'newest',
      victoriaLogs: 0.02,
    },
    count(PHRASE, '"Failed password"', message(wordPattern('Failed password')), 0.26),
    count('word `error`, count', 'error', message(wordPattern('error')), 1.4),
    count('all, count', '*', () => true, 0.005),
    count(SUBSTRING, '~"of size 6"', message(/of size 6/), 1.7),
    count(
      'regexp `blk_-?\\d+ of size 6\\d+`, count',
      '~"blk_-?\\\\d+ of size 6\\\\d+"',
      message(/blk_-?\d+ of size 6\d+/),
      2.6,
    ),
    count('i(failed), count', 'i(failed)', message(wordPattern('failed', 'iu')), 5.9),
    {
      name: NEWEST_ERRORS,
      request: newest('error'),
      test: message(wordPattern('error')),
      answers: 'newest',
      victoriaLogs: null,
    },
    {
      name: 'newest 100 of level:error',
      request: newest('level:error'),
      test: ({ level }) => level === 'error',
      answers: 'newest',
      victoriaLogs: 0.84,
    },
    { name: 'newest 100 of all', request: newest('*'), test: () => true, answers: 'newest', victoriaLogs: 2 },
    later('stats by (service, level) count()', '* | stats by (service, level) count()', 0.55),
    later('top 10 by (host)', '* | top 10 by (host)', 0.005),
    later('extract, then top 10', '"authentication failure" | extract "rhost=<ip> " | top 10 by (ip)', 0.7),
    later('facets', '* | facets', 0.26),
    later('stats count_uniq(_msg)', '* | stats count_uniq(_msg)', 28.7),
    later('collapse_nums, then top 10', '* | collapse_nums | top 10 by (_msg)', 15),
  ]
}

function count(name: string, filter: string, test: BenchQuery['test'], victoriaLogs: number): BenchQuery {
  return { name, request: `QUERY|COUNT|${filter}`, test, answers: 'count', victoriaLogs }
}

function message(pattern: RegExp): (record: BenchRecord) => boolean {
  return ({ _msg }) => pattern.test(_msg)
}

function wordPattern(text: string, flags = 'u'): RegExp {
  return new RegExp(`(?<![\\p{L}\\p{N}_])${text}(?![\\p{L}\\p{N}_])`, flags)
}

/** A block id from the middle of the file, so that it is one of few. */
function rareToken(path: string): string {
  const bytes = Buffer.alloc(MIDDLE_BYTES)
  const file = openSync(path, 'r')
  const length = readSync(file, bytes, 0, MIDDLE_BYTES, Math.floor(statSync(path).size / 2))
  closeSync(file)
  const token = /blk_-\d{15,}/.exec(bytes.toString('latin1', 0, length))?.[0]
  if (token === undefined) throw new Error(`${path} has no block id in its middle`)
  return token
}

/** Right answers by the name of the query. */
export async function truthsOf(path: string, queries: readonly BenchQuery[]): Promise<Map<string, Truth>> {
  const checked = queries.filter(({ test }) => test !== null)
  const source = checked.map(({ name, request }) => `${name}\n${request}`).join('\n')
  const digest = createHash('sha256').update(source).digest('hex').slice(0, 12)
  const kept = cachePath(`${basename(path)}.${digest}.json`)
  if (existsSync(kept)) return new Map(JSON.parse(readFileSync(kept, 'utf8')))
  const truths = await findTruths(path, checked)
  writeFileSync(kept, JSON.stringify([...truths]))
  return truths
}

async function findTruths(path: string, queries: readonly BenchQuery[]): Promise<Map<string, Truth>> {
  const counts = new Uint32Array(queries.length)
  const newest = queries.map((): string[] => [])
  for await (const line of createInterface({ input: createReadStream(path, { highWaterMark: 1 << 20 }) })) {
    const record: BenchRecord = JSON.parse(line)
    for (let index = 0; index < queries.length; index++) {
      if (queries[index].test?.(record) !== true) continue
      counts[index]++
      newest[index].push(record._time)
      if (newest[index].length >= 2 * NEWEST) newest[index].splice(0, newest[index].length - NEWEST)
    }
  }
  return new Map(
    queries.map(({ name }, index) => {
      const newestMs = newest[index].slice(-NEWEST).map((time) => Date.parse(time))
      return [name, { count: counts[index], newestMs }]
    }),
  )
}

/** What is wrong with an answer; null: nothing. */
export function findWrong(
  query: BenchQuery,
  rows: readonly string[],
  truth: Truth | undefined,
): string | null {
  if (truth === undefined || query.answers === 'rows') return null
  if (query.answers === 'count') {
    const found = Number(/\d+/.exec(rows[0] ?? '')?.[0])
    return found === truth.count ? null : `${found} counted, ${truth.count} there`
  }
  const times = rows.map((row) => Math.round(Number(row.split('|')[2]) * 1000))
  const isRight =
    times.length === truth.newestMs.length && times.every((time, i) => time === truth.newestMs[i])
  return isRight ? null : `${rows.length} rows are not the newest ${truth.newestMs.length}`
}
