/**
 * The types of `QUERY|<TYPE>|<parameter>`: one row each. HELP, the list in error messages and docs/protocols-text.md
 * follow from this table. A new type is a new row.
 */
import { CodedError } from '../base/base.ts'
import type { Hub, TailItem } from '../hub/hub.ts'
import { QUERY_REFUSALS } from '../ingest/ingest.ts'
import {
  idQuery,
  isLive,
  keywordQuery,
  levelQuery,
  parseQuery,
  type Query,
  type Row,
  regexQuery,
  timeRangeQuery,
} from '../query/query.ts'
import type { Action } from './actions.ts'
import type { AnswerWriter } from './answer-writer.ts'

/** What a type has to answer with. */
export interface QueryContext {
  readonly hub: Hub
  readonly store: string | undefined
  readonly nowMs: number
  /** The newest rows of an answer, unless the query limits itself. */
  readonly rowsMax: number
  /** Aborts when the peer is gone or the time is up. */
  readonly signal: AbortSignal
  /** Aborts, too, when the peer wants a tail to end. */
  readonly tailSignal: AbortSignal
  readonly out: AnswerWriter
  readonly serverStats: () => unknown
  /** The address of who asks. */
  readonly client: string
}

export interface QueryType {
  readonly name: string
  /** As HELP shows it; empty when there is none. */
  readonly parameter: string
  readonly help: string
  /** What a session must be allowed to do. */
  readonly action: Action
  /** Whether it goes on until the peer ends it. */
  readonly isTail: boolean
  /** Writes the answer. QUERY_SYNTAX and other coded errors become ERROR lines. */
  readonly answer: (context: QueryContext, parameter: string) => Promise<void>
}

export const QUERY_TYPES: readonly QueryType[] = [
  rowsType(
    'KEYWORD',
    '<word>',
    'messages with the word, in any case; a level name finds that level too',
    (word) => keywordQuery(word),
  ),
  rowsType('LEVEL', '<level>', 'records of the level; UNKNOWN for those without', (word) => levelQuery(word)),
  rowsType('TIME', '<from>..<to>', 'records of the time range; any spelling of time', timeQuery),
  rowsType('ID', '<log_id>', 'the record with the id', (id) => idQuery(id)),
  rowsType(
    'REGEX',
    '<pattern>',
    'messages in which the regular expression (RE2 syntax) is found',
    (pattern) => regexQuery(pattern),
  ),
  rowsType(
    'LOGSQL',
    '<query>',
    'what the LogsQL query gives; rows that are no records as JSON',
    (text, nowMs) => parseQuery(text, { nowMs }),
  ),
  otherType('COUNT', '<filter>', 'how many records match the LogsQL filter; all without one', answerCount),
  otherType(
    'PROGRESS',
    '',
    'queries that run for your address, and how far they are, as JSON',
    answerProgress,
  ),
  { ...otherType('STATS', '', 'counters of the server, as JSON', answerStats), action: 'stats.server' },
  {
    ...otherType(
      'TAIL',
      '<filter>',
      'records that match, as they are stored, until you send a line',
      answerTail,
    ),
    action: 'tail',
    isTail: true,
  },
  { ...otherType('HELP', '', 'this list', answerHelp), action: 'help' },
]

const BY_NAME = new Map(QUERY_TYPES.map((type) => [type.name, type]))

/** `name` in capitals. */
export function findQueryType(name: string): QueryType | null {
  return BY_NAME.get(name) ?? null
}

/** Requests that are no QUERY. */
const OTHER_REQUESTS: readonly (readonly [form: string, help: string])[] = [
  ['QUERY:<word>', 'the same as KEYWORD, answered with RESULT:<count> and LOG:<timestamp>:<LEVEL>:<message>'],
  ['AUTH|<token>', 'adds what the token allows: OK'],
  ['STATS', 'counters of this connection, as one line of JSON'],
  ['PING', 'PONG'],
  ['HELP', 'this list'],
  ['QUIT', 'closes the connection'],
]

/** The lines of HELP. */
export function helpLines(): readonly string[] {
  const types = QUERY_TYPES.map(({ name, parameter, help }) => [`QUERY|${name}|${parameter}`, help] as const)
  const rows = [...types, ...OTHER_REQUESTS]
  const width = Math.max(...rows.map(([form]) => form.length))
  return rows.map(([form, help]) => `${form.padEnd(width)}  ${help}`)
}

// ---- the answers ------------------------------------------------------------------------------------------------

function rowsType(
  name: string,
  parameter: string,
  help: string,
  read: (parameter: string, nowMs: number) => Query,
): QueryType {
  return otherType(name, parameter, help, (context, text) => answerRows(context, read(text, context.nowMs)))
}

function otherType(name: string, parameter: string, help: string, answer: QueryType['answer']): QueryType {
  return { name, parameter, help, action: 'query', isTail: false, answer }
}

function timeQuery(range: string, nowMs: number): Query {
  const dots = range.indexOf('..')
  if (dots < 0) throw new CodedError('QUERY_SYNTAX', QUERY_REFUSALS.badRange)
  return timeRangeQuery(range.slice(0, dots), range.slice(dots + 2), nowMs)
}

async function answerRows(context: QueryContext, query: Query): Promise<void> {
  const { hub, store, signal, rowsMax, client, out } = context
  await using answer = await hub.query(query, { store, signal, rowsMax, client })
  out.begin(answer.count)
  for await (const row of answer.rows) {
    out.row(row)
    if (out.isFull) await out.ready()
    if (signal.aborted) throw new CodedError('QUERY_CANCELLED', 'The query was cancelled.')
  }
  for (const range of answer.missing) out.missing(range)
  out.end()
}

async function answerCount(context: QueryContext, text: string): Promise<void> {
  const { hub, store, signal, client, out, nowMs } = context
  const count = await hub.count(parseFilter(text, nowMs), { store, signal, client })
  out.begin(1)
  out.line(String(count))
  out.end()
}

async function answerProgress({ hub, client, out }: QueryContext): Promise<void> {
  const own = hub.queries().filter((query) => query.client === client)
  out.begin(own.length)
  for (const query of own) out.line(JSON.stringify(query))
  out.end()
}

async function answerStats({ out, serverStats }: QueryContext): Promise<void> {
  const json = JSON.stringify(serverStats())
  out.begin(1)
  out.line(json)
  out.end()
}

async function answerHelp({ out }: QueryContext): Promise<void> {
  const lines = helpLines()
  out.begin(lines.length)
  for (const line of lines) out.line(line)
  out.end()
}

async function answerTail(context: QueryContext, text: string): Promise<void> {
  const { hub, store, tailSignal, out, nowMs } = context
  const query = parseFilter(text, nowMs)
  if (!isLive(query)) throw new CodedError('QUERY_SYNTAX', QUERY_REFUSALS.notLive)
  const items = hub.tail(query, { store, signal: tailSignal })[Symbol.asyncIterator]()
  const shown = new ShownRows(out)
  // The first `next` subscribes: what is stored after the peer saw RESULT is in the tail.
  let coming = items.next(shown)
  out.begin('*')
  out.flush()
  try {
    for (let item = await coming; item.done !== true; item = await coming) {
      putTailItem(out, item.value)
      if (out.isFull) await out.ready()
      else out.flushSoon()
      if (tailSignal.aborted) break
      coming = items.next(shown)
    }
  } catch (error) {
    if (!tailSignal.aborted) throw error
  } finally {
    await items.return?.()
  }
  out.end()
}

/** Rows of a tail that come while nothing waits for the peer are written as they are shown. */
class ShownRows {
  readonly #out: AnswerWriter

  constructor(out: AnswerWriter) {
    this.#out = out
  }

  get hasRoom(): boolean {
    return !this.#out.isFull
  }

  row(row: Row): void {
    this.#out.row(row)
    this.#out.flushSoon()
  }
}

function putTailItem(out: AnswerWriter, item: TailItem): void {
  if (item.kind === 'row') out.row(item.row)
  else out.gap(item.fromId, item.toId, item.count)
}

function parseFilter(text: string, nowMs: number): Query {
  return parseQuery(text.trim() === '' ? '*' : text, { nowMs })
}
