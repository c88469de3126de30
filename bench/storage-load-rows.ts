/** Figures of a server under load for minutes: how fast it acknowledges while it seals and merges, and its memory. */
import { type Aim, type Figure, megabytes, ratio, whole } from './figures.ts'
import { cpuOf, memoryOf, type RunningServer } from './server.ts'
import { diskUse, sendLines, sendNdjson, withServer } from './storage-server.ts'

const LINE_BYTES = 200
const PACED_RATE = 100_000
/** Less than this share of the pace says nothing about memory at that pace. */
const PACE_SHARE = 0.98

interface LoadOptions {
  readonly minutes: number
  /** Log lines, one a line. */
  readonly path: string
}

export function measureLogPort({ minutes, path }: LoadOptions): Promise<Figure[]> {
  const aim: Aim = {
    ...{ name: `log port, records/s acknowledged, ${minutes} min`, goal: 300_000, must: 200_000 },
    ...{ better: 'more', print: whole },
  }
  return withServer(async (server) => {
    const sent = await sendLines(server, { seconds: minutes * 60, lineBytes: LINE_BYTES, rate: 0, path })
    const costs = `${((sent.cpuSeconds / sent.records) * 1e6).toFixed(2)} µs CPU a record`
    const note = `${whole(sent.records)} records; ${costs}; RSS ${memoryText(server)}; ${diskText(server)}`
    return [{ aim, value: sent.records / sent.seconds, note }]
  })
}

export function measureRss({ minutes, path }: LoadOptions): Promise<Figure[]> {
  const aim: Aim = {
    ...{ name: `RSS at ${whole(PACED_RATE)} records/s, ${minutes} min, greatest`, goal: 400e6, must: 600e6 },
    ...{ better: 'less', print: megabytes },
  }
  return withServer(async (server) => {
    const load = { seconds: minutes * 60, lineBytes: LINE_BYTES, rate: PACED_RATE, path }
    const sent = await sendLines(server, load)
    const pace = sent.records / sent.seconds
    const slow = pace < PACED_RATE * PACE_SHARE ? { wrong: `only ${whole(pace)} records/s` } : {}
    const share = ((sent.cpuSeconds / sent.seconds) * 100).toFixed(0)
    const note = `at the end ${megabytes(memoryOf(server.pid, 'VmRSS'))}; ${share}% of a processor; ${diskText(server)}`
    return [{ aim, value: memoryOf(server.pid, 'VmHWM'), note, ...slow }]
  })
}

export interface GrowthOptions {
  /** Records that are stored in the end. */
  readonly lines: number
  readonly linesPerSend: number
  /** Makes the lines of one send and says where they are; the file may be overwritten by the next. */
  makeLines(send: number): string
}

/** Sends that are averaged at either end. */
const GROWTH_SENDS = 5

/** CPU per record of late sends over that of early ones; the first send warms the server up. */
export function measureGrowth({ lines, linesPerSend, makeLines }: GrowthOptions): Promise<Figure[]> {
  const sends = Math.max(2, Math.round(lines / linesPerSend))
  const aim = ratio(`CPU per record at ${whole(lines)} records / at ${whole(linesPerSend)}`, 1, 1.15)
  return withServer(async (server) => {
    const costs: number[] = []
    let before = cpuOf(server.pid)
    for (let send = 0; send < sends; send++) {
      // The server merges while the lines are made: that is counted, too.
      const { records } = await sendNdjson(server, makeLines(send))
      const after = cpuOf(server.pid)
      costs.push(((after - before) / records) * 1e6)
      before = after
    }
    const span = Math.min(GROWTH_SENDS, sends >> 1)
    const early = mean(costs.slice(1, 1 + span))
    const late = mean(costs.slice(-span))
    const note = `${late.toFixed(2)} / ${early.toFixed(2)} µs a record, means of ${span} sends; ${diskText(server)}`
    return [{ aim, value: late / early, note }]
  })
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function memoryText({ pid }: RunningServer): string {
  return `${megabytes(memoryOf(pid, 'VmHWM'))} at most, ${megabytes(memoryOf(pid, 'VmRSS'))} at the end`
}

function diskText(server: RunningServer): string {
  const { all, parts, partFiles } = diskUse(server)
  return `${megabytes(all)} on disk, ${megabytes(parts)} of it in ${partFiles} parts`
}
