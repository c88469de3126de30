/**
 * Figures of queries over data A: CPU of the server for one answer over the CPU of grep or ripgrep on the raw file.
 *
 * A query is asked warm, in five rounds of as many runs as fill some time; the cheapest round counts. The CPU of a
 * process is known in steps of 10 ms, so a round takes many of them. Every answer is compared with the right one.
 */
import { type Aim, type Figure, printTable, ratio, whole } from './figures.ts'
import { QueryClient } from './query-client.ts'
import { cpuOf, type RunningServer } from './server.ts'
import {
  type BenchQuery,
  findWrong,
  NEWEST_ERRORS,
  PHRASE,
  queriesOf,
  RARE_TOKEN,
  SUBSTRING,
  type Truth,
  truthsOf,
} from './storage-queries.ts'
import { grepCount, ripgrepCount } from './yardsticks.ts'

const ROUNDS = 5
const ROUND_MS = 500
const RUNS_MAX = 1000
/** An answer that takes longer is asked for twice only. */
const SLOW_MS = 5000

export interface Asked {
  readonly query: BenchQuery
  readonly wallMs: number
  readonly medianWallMs: number
  readonly cpuMs: number
  readonly rows: number
  readonly wrong: string | null
  /** The server's refusal; the figures are zero then. */
  readonly refused: string | null
}

export interface QueryFigures {
  readonly figures: readonly Figure[]
  /** A table of every query, as Markdown. */
  readonly table: string
}

export async function measureQueries(server: RunningServer, path: string): Promise<QueryFigures> {
  const queries = queriesOf(path)
  const truths = await truthsOf(path, queries)
  const grep = grepCount('Failed password', path)
  const ripgrep = ripgrepCount('of size 6', path)
  using client = await QueryClient.open(server.queryPort)
  const asked: Asked[] = []
  for (const query of queries) asked.push(await ask(client, server.pid, query, truths.get(query.name)))
  const cpuRatio = (name: string, aim: Aim, seconds: number, yardstick: string): Figure =>
    figureOf(find(asked, name), aim, ({ cpuMs, wallMs }) => ({
      value: cpuMs / 1000 / seconds,
      note: `${cpuMs.toFixed(2)} ms / ${(seconds * 1000).toFixed(0)} ms (${yardstick}); ${wallMs.toFixed(2)} ms wall`,
    }))
  const figures = [
    cpuRatio(SUBSTRING, ratio('A: ~"of size 6", count / rg CPU', 0.5, 2), ripgrep.cpuSeconds, ripgrep.name),
    cpuRatio(PHRASE, ratio('A: "Failed password", count / grep CPU', 0.01, 0.05), grep.cpuSeconds, 'grep -c'),
    cpuRatio(RARE_TOKEN, ratio('A: rare token, count / grep CPU', 0.01, 0.03), grep.cpuSeconds, 'grep -c'),
    figureOf(find(asked, NEWEST_ERRORS), newestAim, ({ wallMs, medianWallMs, cpuMs }) => ({
      value: wallMs,
      note: `median ${medianWallMs.toFixed(2)} ms, ${cpuMs.toFixed(2)} ms CPU`,
    })),
  ]
  return { figures, table: printQueries(asked, grep.cpuSeconds) }
}

const newestAim: Aim = {
  ...{ name: 'A: newest 100 of `error`, wall', goal: 5, must: 20, better: 'less' },
  print: (value) => `${value.toFixed(1)} ms`,
}

function find(asked: readonly Asked[], name: string): Asked {
  const found = asked.find(({ query }) => query.name === name)
  if (found === undefined) throw new Error(`BUG: no query is called ${name}`)
  return found
}

function figureOf(
  asked: Asked,
  aim: Aim,
  measure: (asked: Asked) => { readonly value: number; readonly note: string },
): Figure {
  if (asked.refused !== null) return { aim, value: null, note: asked.refused }
  const measured = { aim, ...measure(asked) }
  return asked.wrong === null ? measured : { ...measured, wrong: asked.wrong }
}

async function ask(
  client: QueryClient,
  pid: number,
  query: BenchQuery,
  truth: Truth | undefined,
): Promise<Asked> {
  const nothing = { query, wallMs: 0, medianWallMs: 0, cpuMs: 0, rows: 0, wrong: null }
  try {
    const first = await client.ask(query.request)
    const wrong = findWrong(query, first.rows, truth)
    const cost = await measureCost(client, pid, query)
    return { query, rows: first.rows.length, wrong, refused: null, ...cost }
  } catch (error) {
    return { ...nothing, refused: error instanceof Error ? error.message : String(error) }
  }
}

/** Least CPU of the rounds, least and median wall time of all runs. */
async function measureCost(
  client: QueryClient,
  pid: number,
  { request }: BenchQuery,
): Promise<Pick<Asked, 'wallMs' | 'medianWallMs' | 'cpuMs'>> {
  const warm = (await client.ask(request)).wallMs
  const rounds = warm > SLOW_MS ? 1 : ROUNDS
  const runs = Math.max(1, Math.min(RUNS_MAX, Math.round(ROUND_MS / warm)))
  const walls: number[] = []
  let cpuMs = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round++) {
    const before = cpuOf(pid)
    for (let run = 0; run < runs; run++) walls.push((await client.ask(request)).wallMs)
    cpuMs = Math.min(cpuMs, ((cpuOf(pid) - before) / runs) * 1000)
  }
  walls.sort((a, b) => a - b)
  return { wallMs: walls[0], medianWallMs: walls[walls.length >> 1], cpuMs }
}

function printQueries(asked: readonly Asked[], grepSeconds: number): string {
  const head = ['query', 'rows', 'wall ms', 'CPU ms', '/ grep CPU', 'VictoriaLogs', 'ours / theirs', 'answer']
  return printTable(
    head,
    asked.map(({ query, refused, wrong, ...cost }) => {
      const theirs = query.victoriaLogs
      const published = theirs === null ? '-' : String(theirs)
      if (refused !== null) return [query.name, '-', '-', '-', '-', published, '-', refused]
      const ours = cost.cpuMs / 1000 / grepSeconds
      return [
        query.name,
        whole(cost.rows),
        cost.wallMs.toFixed(2),
        cost.cpuMs.toFixed(2),
        ours.toFixed(4),
        published,
        theirs === null ? '-' : (ours / theirs).toFixed(3),
        wrong === null ? (query.test === null ? 'not checked' : 'right') : `WRONG: ${wrong}`,
      ]
    }),
  )
}
