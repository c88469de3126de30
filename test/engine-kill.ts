/**
 * Kills the real program every few seconds while it takes a large log and seals and merges all the time, starts it again
 * on the same data, and in the end reads everything back: each acknowledged record once, as it was sent.
 *
 *   const figures = await engineKill({ bytes: 1e10, seed: 1, secondsMax: 6, segmentMib: 4, connections: 4, shared, log })
 *
 * Segments are small, so that a kill finds files in every state; each start says how many records there are, and they
 * must be at least those that were acknowledged; what was acknowledged last is known when it comes again. At the end all
 * is read, merged to the end, read again, and verified. Rejects with a CrashFailure, which tells the story; the data is
 * then left as it is.
 */
import { createHash } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { realDisk, SeededRandom } from '../src/base/base.ts'
import { listedFiles } from '../src/storage/storage.ts'
import { checkAmplified } from './amplified-check.ts'
import { AmplifiedLoad } from './amplified-load.ts'
import { AmplifiedLog } from './amplified-log.ts'
import { inTemporaryDirectory } from './child-program.ts'
import { runCommandHere } from './command-here.ts'
import { until } from './deadline.ts'
import { CrashFailure } from './kill-rounds.ts'
import { rssBytesMax } from './process-figures.ts'
import { type RunningProgram, startProgram } from './running-program.ts'
import { countRecords } from './stored-records.ts'

export interface EngineKillOptions {
  /** Of the log, as it is sent. */
  readonly bytes: number
  readonly seed: number
  /** A process lives for a random time of at most so long, and longer only until it has acknowledged something. */
  readonly secondsMax: number
  /** Kills while all is merged to the end. Default 3. */
  readonly mergeKills?: number
  readonly segmentMib: number
  /** Of a request, about. Default 1 MiB, for which segments must have 5. A smaller one is that much of a smaller log. */
  readonly requestBytesMax?: number
  /** Whether every other process lives until a part is being written, and no longer than that. Default: by time alone. */
  readonly killsSealing?: boolean
  readonly connections: number
  /** The folder that lies beside the repository. */
  readonly shared: string
  readonly log: (line: string) => void
}

export interface EngineKillFigures {
  readonly kills: number
  /** Kills within a start, among them. */
  readonly startKills: number
  /** Kills that left a part which the manifest does not name: unfinished, or replaced and not unlinked yet. */
  readonly killsWithPartsLeft: number
  readonly killsWithSegmentsLeft: number
  /** Kills shortly after a part was begun, of those that wait for one. */
  readonly killsSealing: number
  readonly lines: number
  readonly bytes: number
  /** Batches that were stored before the kill, and whose answer the kill prevented. */
  readonly repeated: number
  /** Of the store, merged to the end. */
  readonly storeBytes: number
  /** Of a process that takes records, seals and merges. */
  readonly rssBytesMax: number
  /** Of the process that merges to the end, and of which all is read. */
  readonly rssBytesWhenReading: number
  /** Seconds in which the program was up and sent to, without starts and checks. */
  readonly loadSeconds: number
}

const TOKEN = 'operator-of-the-engine-kill-run'
const TOKENS = `ops read,write,admin sha256:${createHash('sha256').update(TOKEN).digest('hex')}`
const SEAL_KILL_MS_MAX = 200
const START_KILL_CHANCE = 0.2
const START_KILL_MS_MAX = 600
const MERGE_KILLS = 3
const MIB = 1024 * 1024
/** A slow machine comes to an end as well. */
const ACKNOWLEDGED_REQUESTS_SPREAD = 8
/** Of the largest requests, in a batch. */
const BATCH_REQUESTS = 4

export function engineKill(options: EngineKillOptions): Promise<EngineKillFigures> {
  return inTemporaryDirectory(async (dataDir) => {
    using log = new AmplifiedLog(options.shared, options.seed)
    const args = ['--storage-segment-bytes-max', `${options.segmentMib}MiB`, '--tokens', TOKENS]
    await using program = await startProgram({ dataDir, args: [...args, ...limitsOf(options)] })
    return await new EngineKill(options, program, log).run()
  })
}

/** Smaller segments need smaller batches, and these need smaller records. */
function limitsOf({ requestBytesMax }: EngineKillOptions): string[] {
  if (requestBytesMax === undefined) return []
  return [
    '--storage-batch-bytes-max',
    String(BATCH_REQUESTS * requestBytesMax),
    '--record-bytes-max',
    '64KiB',
  ]
}

class EngineKill {
  readonly #options: EngineKillOptions
  readonly #program: RunningProgram
  readonly #load: AmplifiedLoad
  readonly #random: SeededRandom
  readonly #figures = {
    kills: 0,
    startKills: 0,
    killsWithPartsLeft: 0,
    killsWithSegmentsLeft: 0,
    killsSealing: 0,
  }
  #rounds = 0
  #rssBytesMax = 0
  #loadMs = 0

  constructor(options: EngineKillOptions, program: RunningProgram, log: AmplifiedLog) {
    const { bytes, connections, seed, requestBytesMax = MIB } = options
    this.#options = options
    this.#program = program
    this.#random = new SeededRandom(seed)
    this.#load = new AmplifiedLoad({
      log,
      random: new SeededRandom(seed),
      bytes,
      requestBytesMax,
      connections,
    })
  }

  async run(): Promise<EngineKillFigures> {
    while (!this.#load.isDone) {
      await this.#loadAndKill()
      await this.#startAgain()
      this.#say(this.#roundLine())
    }
    await this.#checkAll('as the last kill left it')
    for (let n = 0; n < (this.#options.mergeKills ?? MERGE_KILLS); n++) await this.#mergeAndKill()
    await this.#command('merge', '--wait')
    await this.#checkAll('merged to the end')
    await this.#command('verify')
    const storeBytes = this.#storeBytes()
    const rssBytesWhenReading = rssBytesMax(this.#program.pid)
    await this.#program.terminate()
    return {
      ...this.#figures,
      lines: this.#load.acknowledgedLines,
      bytes: this.#load.acknowledgedBytes,
      repeated: this.#load.repeated,
      storeBytes,
      rssBytesMax: this.#rssBytesMax,
      rssBytesWhenReading,
      loadSeconds: this.#loadMs / 1000,
    }
  }

  #say(line: string): void {
    this.#options.log(line)
  }

  async #loadAndKill(): Promise<void> {
    const startMs = Date.now()
    const load = this.#load.run(this.#program.httpPort)
    // A load that fails is told by the round that waits for it below.
    load.catch(() => {})
    if (this.#options.killsSealing && this.#rounds++ % 2 === 1) await this.#partBegun()
    else {
      const acknowledged = this.#load.acknowledgedMore(this.#acknowledgedBytes())
      await Promise.race([load, Promise.all([acknowledged, this.#life()])])
    }
    this.#rssBytesMax = Math.max(this.#rssBytesMax, rssBytesMax(this.#program.pid))
    await this.#kill()
    await load
    this.#loadMs += Date.now() - startMs
  }

  /** What is merged to the end at once is killed as well: the largest parts are written there. */
  async #mergeAndKill(): Promise<void> {
    const merging = this.#run('merge', '--wait')
    await Promise.race([merging, this.#life()])
    await this.#kill()
    await merging
    await this.#startAgain()
  }

  /** A little after a part is there that was not; or all is sent, and too little of it to be sealed. */
  async #partBegun(): Promise<void> {
    const before = new Set(this.#files('part-'))
    const isBegun = await until(() => {
      if (this.#files('part-').some((name) => !before.has(name))) return true
      return this.#load.isDone && this.#files('segment-').length < 2 ? false : null
    }, 'a part to be written')
    if (isBegun) this.#figures.killsSealing++
    await delay(this.#random.below(SEAL_KILL_MS_MAX))
  }

  #acknowledgedBytes(): number {
    return this.#random.below(ACKNOWLEDGED_REQUESTS_SPREAD * (this.#options.requestBytesMax ?? MIB))
  }

  #life(): Promise<void> {
    return delay(this.#random.below(this.#options.secondsMax * 1000))
  }

  async #kill(): Promise<void> {
    await this.#program.kill9()
    this.#figures.kills++
    const left = await this.#filesLeft()
    if (left.some((name) => name.startsWith('part-'))) this.#figures.killsWithPartsLeft++
    if (left.some((name) => name.startsWith('segment-'))) this.#figures.killsWithSegmentsLeft++
  }

  /** Sometimes a start is killed before one is left to end. */
  async #startAgain(): Promise<void> {
    if (this.#random.chance(START_KILL_CHANCE)) {
      this.#program.spawnAgain()
      await delay(this.#random.below(START_KILL_MS_MAX))
      await this.#program.kill9()
      this.#figures.startKills++
      this.#figures.kills++
    }
    await this.#program.restart()
    const least = this.#load.acknowledgedLines
    const most = least + this.#load.unansweredLines
    const records = await countRecords(this.#program.queryPort)
    if (records < least || records > most)
      throw new CrashFailure(`${records} records after a start, of ${least} acknowledged and ${most} sent`)
    await this.#load.repeatLast(this.#program.httpPort)
  }

  async #checkAll(state: string): Promise<void> {
    const startMs = Date.now()
    const { shared, seed } = this.#options
    const { acknowledgedLines: lines, acknowledged } = this.#load
    const port = this.#program.httpPort
    await checkAmplified({ port, shared, seed, lines, batches: acknowledged.values() })
    const records = await countRecords(this.#program.queryPort)
    if (records !== lines) throw new CrashFailure(`${records} records are stored of ${lines} sent`)
    const seconds = Math.round((Date.now() - startMs) / 1000)
    this.#say(`${state}: ${lines} records read, all equal, none twice, in ${seconds} s`)
  }

  async #command(...words: string[]): Promise<void> {
    const startMs = Date.now()
    const { code, stdout, stderr } = await this.#run(...words)
    if (code !== 0) throw new CrashFailure(`${words.join(' ')} ended with ${code}: ${stdout}${stderr}`)
    this.#say(`${words.join(' ')}: ${String(stdout).trim()} (${Math.round((Date.now() - startMs) / 1000)} s)`)
  }

  #run(...words: string[]): ReturnType<typeof runCommandHere> {
    const port = String(this.#program.httpPort)
    return runCommandHere([...words, '--http-port', port], { env: { LOGCASTER_TOKEN: TOKEN } })
  }

  get #directory(): string {
    return join(this.#program.dataDir, 'stores/logs')
  }

  #files(kind: string): string[] {
    return readdirSync(this.#directory).filter((name) => name.startsWith(kind))
  }

  /** Names of files that are there and that the manifest does not list. */
  async #filesLeft(): Promise<string[]> {
    const listed = new Set(await listedFiles(realDisk, this.#directory))
    return readdirSync(this.#directory).filter((name) => !listed.has(name))
  }

  #storeBytes(): number {
    return readdirSync(this.#directory)
      .map((name) => statSync(join(this.#directory, name), { throwIfNoEntry: false })?.size ?? 0)
      .reduce((sum, bytes) => sum + bytes, 0)
  }

  #roundLine(): string {
    const { acknowledgedBytes, acknowledgedLines } = this.#load
    const rate = Math.round(acknowledgedLines / (this.#loadMs / 1000))
    const count = (kind: string): number => this.#files(kind).length
    return (
      `kill ${this.#figures.kills}: ${mib(acknowledgedBytes)} of ${mib(this.#options.bytes)} acknowledged, ` +
      `${rate} records/s, ${count('segment-')} segments, ${count('part-')} parts, ` +
      `${mib(this.#storeBytes())} on disk, RSS up to ${mib(this.#rssBytesMax)}`
    )
  }
}

const mib = (bytes: number): string => `${Math.round(bytes / MIB)} MiB`

/** The moment is random on purpose: this is no wait for a condition. */
function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

export function printEngineKill(figures: EngineKillFigures): string {
  const { kills, startKills, killsWithPartsLeft, killsWithSegmentsLeft, repeated } = figures
  const seconds = Math.round(figures.loadSeconds)
  return [
    `${kills} kills, ${startKills} of them within a start; ${killsWithPartsLeft} left parts that the manifest does not`,
    `name, ${killsWithSegmentsLeft} segments. ${figures.lines} records of ${mib(figures.bytes)} acknowledged in`,
    `${seconds} s of load, ${repeated} batches known when they came again: all found once and unchanged, also after`,
    `merging to the end. ${mib(figures.storeBytes)} on disk, RSS up to ${mib(figures.rssBytesMax)}, ${mib(figures.rssBytesWhenReading)} where all was read.`,
  ].join(' ')
}
