/**
 * Figures of a store that is loaded once: bytes on disk after sealing and after merging, and CPU of the way there.
 *
 * The server merges in the background while it is sent to: what stands on disk "right after sealing" holds whatever
 * has been merged by then.
 */
import { readFileSync } from 'node:fs'
import { type Figure, megabytes, ratio, whole } from './figures.ts'
import { cpuOf, memoryOf, type RunningServer } from './server.ts'
import { type DiskUse, diskUse, runCommand, type Sent, sendNdjson, withServer } from './storage-server.ts'
import { zstdBytes, zstdSeconds } from './yardsticks.ts'

const LINE_FEED = 10
/** Of CPU the least of some runs counts, as of the yardstick: what is above it is the noise of the machine. */
const CPU_RUNS = 3

/** What loading a file into an empty store took. */
interface Loading {
  readonly path: string
  readonly sent: Sent
  /** Of the server, from the first byte to the end of merging; null where it cannot merge. */
  readonly cpuSeconds: number | null
  readonly sealed: DiskUse | null
  readonly merged: DiskUse | null
  readonly peakRss: number
  /** Why something is null. */
  readonly missing: string
}

export type Wanted = ReadonlySet<string>

/** Sizes and CPU of data A; `queries` runs on the loaded store. */
export async function measureA(
  path: string,
  wanted: Wanted,
  queries: (server: RunningServer) => Promise<void>,
): Promise<Figure[]> {
  const again: Loading[] = []
  while (wanted.has('a-cpu') && again.length < CPU_RUNS - 1)
    again.push(await withServer((server) => load(server, path)))
  return withServer(async (server) => {
    const loading = await load(server, path)
    const figures: Figure[] = []
    if (wanted.has('a-size')) figures.push(...sizesOfA(loading))
    if (wanted.has('a-cpu')) figures.push(cpuOfA([...again, loading]))
    if (wanted.has('queries')) await queries(server)
    return figures
  })
}

export function measureB(path: string): Promise<Figure[]> {
  const aim = ratio('B: part files after merging / zstd -3', 0.7, 0.95)
  return withServer(async (server) => {
    const { merged, missing, sent } = await load(server, path)
    if (merged === null) return [{ aim, value: null, note: missing }]
    const zstd = zstdBytes(path)
    const note = `${whole(merged.parts)} / ${whole(zstd)} bytes; with WAL and manifest ${whole(merged.all)}`
    return [{ aim, value: merged.parts / zstd, note, ...wrongOf(path, sent) }]
  })
}

async function load(server: RunningServer, path: string): Promise<Loading> {
  const before = cpuOf(server.pid)
  const sent = await sendNdjson(server, path)
  const [sealed, unknownFlush] = diskUseAfter(server, ['flush'])
  const [merged, unknownMerge] = diskUseAfter(server, ['merge', '--wait'])
  return {
    ...{ path, sent, sealed, merged },
    cpuSeconds: merged === null ? null : cpuOf(server.pid) - before,
    peakRss: memoryOf(server.pid, 'VmHWM'),
    missing: unknownFlush ?? unknownMerge ?? '',
  }
}

function diskUseAfter(server: RunningServer, command: readonly string[]): [DiskUse | null, string | null] {
  try {
    runCommand(server, command)
    return [diskUse(server), null]
  } catch (error) {
    return [null, error instanceof Error ? error.message : String(error)]
  }
}

function sizesOfA({ path, sealed, merged, missing, sent }: Loading): Figure[] {
  const zstd = zstdBytes(path)
  const size = (name: string, use: DiskUse | null, goal: number, must: number): Figure => {
    const aim = ratio(`A: bytes on disk ${name} / zstd -3`, goal, must)
    if (use === null) return { aim, value: null, note: missing }
    const parts = `${use.partFiles} parts alone ${(use.parts / zstd).toFixed(3)}`
    const note = `${megabytes(use.all)} / ${megabytes(zstd)}; ${parts}`
    return { aim, value: use.all / zstd, note, ...wrongOf(path, sent) }
  }
  return [size('after merging', merged, 0.26, 0.38), size('right after sealing', sealed, 0.34, 0.45)]
}

/** Of one run or more. */
function cpuOfA(runs: readonly Loading[]): Figure {
  const ofRun = ({ cpuSeconds }: Loading): number => cpuSeconds ?? Number.POSITIVE_INFINITY
  const least = runs.reduce((a, b) => (ofRun(b) < ofRun(a) ? b : a))
  const { path, sent, cpuSeconds, peakRss, missing } = least
  const aim = ratio('A: CPU from NDJSON over HTTP to merged parts / zstd -1', 3.5, 6)
  const zstd = zstdSeconds(path)
  const sending =
    `acknowledged after ${sent.seconds.toFixed(1)} s, ${whole(sent.records / sent.seconds)} records/s, ` +
    `${sent.cpuSeconds.toFixed(2)} s CPU by then (${(sent.cpuSeconds / zstd).toFixed(2)}); ` +
    `peak RSS ${megabytes(peakRss)}`
  if (cpuSeconds === null) return { aim, value: null, note: `${missing}; ${sending}` }
  const all = runs.map((run) => ofRun(run).toFixed(2)).join(', ')
  const note = `${cpuSeconds.toFixed(2)} (of ${all}) / ${zstd.toFixed(2)} s CPU; ${sending}`
  return { aim, value: cpuSeconds / zstd, note, ...wrongOf(path, sent) }
}

function wrongOf(path: string, { records, refused }: Sent): { readonly wrong?: string } {
  const lines = countLines(path)
  if (records === lines && refused === 0) return {}
  return { wrong: `${whole(lines)} lines, ${whole(records)} accepted, ${whole(refused)} refused` }
}

function countLines(path: string): number {
  const bytes = readFileSync(path)
  let lines = 0
  for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) lines++
  return lines
}
