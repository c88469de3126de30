/**
 * Crash rounds on the real program: start it, load it from several clients over four protocols, end it at a random
 * moment, start it again on the same data, send again what has a batch key and no acknowledgement, and hold everything
 * that is stored against what was acknowledged, record by record.
 *
 *   const figures = await killRounds({ rounds: 5, clients: 6, seed: 1, dataDir, log: console.log })
 *
 * What is random comes from the seed: who sends what, after how many acknowledgements the end comes, and how many
 * milliseconds later. The machine's own timing does not, so a seed repeats the plan and not every detail.
 * Rejects with a CrashFailure, which tells the story; the data is then left as it is.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { SeededRandom } from '../src/base/base.ts'
import { BATCH_MESSAGES } from './crash-batches.ts'
import { CrashCheck, type CrashCheckOptions, CrashRecord } from './crash-record.ts'
import { resend, resendUnacknowledged } from './crash-resend.ts'
import {
  type ClientReport,
  isKeyed,
  SENDING_WAYS,
  type SenderMessage,
  type SenderTask,
} from './crash-ways.ts'
import { within } from './deadline.ts'
import { type RunningProgram, startProgram } from './running-program.ts'
import { visitRecords } from './stored-records.ts'

export interface CrashRoundsOptions {
  readonly rounds: number
  /** Connections of each round; they send in the ways of SENDING_WAYS, by turns. */
  readonly clients: number
  readonly seed: number
  readonly dataDir: string
  readonly log: (line: string) => void
  /** The end of a round comes after at most so many acknowledgements. Default 3,000. */
  readonly acknowledgedMax?: number
  /** Of rounds whose start is crashed as well, where starts are. Default 0.3. */
  readonly startCrashChance?: number
  /** Further options of the program. */
  readonly args?: readonly string[]
  /** Stops after the round in which this is reached, `Date.now()`. Default: never. */
  readonly endMs?: number
}

/**
 * How a program ends, in rounds from 0 on. Resolves when its process is gone and its data directory is as a restart will
 * find it.
 */
export type Crash = (program: RunningProgram, random: SeededRandom, round: number) => Promise<void>

export interface CrashFigures {
  readonly rounds: number
  /** Records that were acknowledged before the crash, in all rounds: all of them were found. */
  readonly acknowledged: number
  /** Records that were found after the last round. */
  readonly stored: number
  /** Crashes during a start, on top of those under load. */
  readonly startCrashes: number
}

export class CrashFailure extends Error {}

/** Ends the program with kill -9; every few rounds once more while it recovers. */
export function killRounds(options: CrashRoundsOptions): Promise<CrashFigures> {
  return crashRounds(options, (program) => program.kill9(), { crashesStarts: true })
}

export interface CrashManner extends CrashCheckOptions {
  /** Whether a start may be crashed too, with kill -9. */
  readonly crashesStarts?: boolean
}

/** Rounds with an end of the caller's own. */
export async function crashRounds(
  options: CrashRoundsOptions,
  crash: Crash,
  manner: CrashManner,
): Promise<CrashFigures> {
  const random = new SeededRandom(options.seed)
  const record = new CrashRecord()
  await using program = await startProgram({ dataDir: options.dataDir, args: options.args })
  await using senders = new Senders(options.clients)
  let startCrashes = 0
  let stored = 0
  let round = 0
  while (round < options.rounds && Date.now() < (options.endMs ?? Number.POSITIVE_INFINITY)) {
    const reports = await loadAndCrash(program, senders, options, round, random, crash)
    if (manner.crashesStarts && random.chance(options.startCrashChance ?? START_CRASH_CHANCE)) {
      startCrashes++
      await crashStart(program, random)
    }
    await program.restart()
    await resendBatches(program, record, round, reports, random)
    stored = await checkStored(program, options, round, new CrashCheck(record, manner))
    round++
    options.log(roundLine(round, reports, stored))
  }
  await program.terminate()
  return { rounds: round, acknowledged: record.acknowledged, stored, startCrashes }
}

const START_CRASH_CHANCE = 0.3
const START_CRASH_MS_MAX = 400
const ACKNOWLEDGED_MAX = 3000
const CRASH_DELAY_MS_MAX = 30

async function loadAndCrash(
  program: RunningProgram,
  senders: Senders,
  options: CrashRoundsOptions,
  round: number,
  random: SeededRandom,
  crash: Crash,
): Promise<ClientReport[]> {
  const target = random.below(options.acknowledgedMax ?? ACKNOWLEDGED_MAX)
  const load = senders.load(program, round)
  await within(load.acknowledged(target), `${target} acknowledgements in round ${round + 1}`)
  await delay(random.below(CRASH_DELAY_MS_MAX))
  await crash(program, random, round)
  return await within(load.reports, 'the reports of the senders')
}

/** The moment is random on purpose: this is no wait for a condition. */
function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Kills a start somewhere between its first instruction and a little after it is ready. */
async function crashStart(program: RunningProgram, random: SeededRandom): Promise<void> {
  program.spawnAgain()
  await delay(random.below(START_CRASH_MS_MAX))
  await program.kill9()
}

/** What was under way in this round, and one client's batches of some round before. */
async function resendBatches(
  program: RunningProgram,
  record: CrashRecord,
  round: number,
  reports: readonly ClientReport[],
  random: SeededRandom,
): Promise<void> {
  const earlier = [...record.reports()].filter(([, { way }]) => isKeyed(way))
  record.add(round, await resendUnacknowledged(program, round, reports))
  if (earlier.length === 0) return
  const [key, report] = earlier[random.below(earlier.length)]
  const of = Number(key.split('-')[0])
  const from = Math.max(0, report.sent / BATCH_MESSAGES - EARLIER_BATCHES)
  record.add(of, [await resend(program, of, report, from)])
}

const EARLIER_BATCHES = 20

async function checkStored(
  program: RunningProgram,
  options: CrashRoundsOptions,
  round: number,
  check: CrashCheck,
): Promise<number> {
  await visitRecords(program.queryPort, (stored) => check.take(stored))
  const problems = check.problems()
  if (problems.length === 0) return check.stored
  const story = [
    `after round ${round + 1}, seed ${options.seed}, ${options.clients} clients:`,
    ...problems,
    `the data is in ${options.dataDir}`,
  ]
  throw new CrashFailure(story.join('\n  '))
}

function roundLine(round: number, reports: readonly ClientReport[], stored: number): string {
  const acknowledged = sum(reports.map((report) => report.acknowledged))
  const sent = sum(reports.map((report) => report.sent))
  return `round ${round}: ${acknowledged} of ${sent} sent records acknowledged, ${stored} stored in all, none lost`
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)

// ---- load -------------------------------------------------------------------------------------------------------

const SENDER = join(import.meta.dirname, 'crash-sender.ts')
const SENDER_PROCESSES = 2

/** Processes that send in every round, from its beginning until the program is gone. */
class Senders implements AsyncDisposable {
  readonly #shares: readonly Clients[]
  readonly #children: readonly ChildProcess[]

  constructor(clients: number) {
    this.#shares = shareOut(clients)
    this.#children = this.#shares.map(() => fork(SENDER, { execPath: process.execPath, execArgv: [] }))
  }

  /** One round; the one before it must have given its reports. */
  load({ logPort, httpPort }: RunningProgram, round: number): Load {
    const tasks = this.#shares.map((clients) => ({ logPort, httpPort, round, clients }))
    return new Load(this.#children, tasks)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#children.map(endNow))
  }
}

async function endNow(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const end = once(child, 'exit')
  child.kill('SIGKILL')
  await end
}

class Load {
  /** Resolves when all connections have ended; rejects when a process failed. */
  readonly reports: Promise<ClientReport[]>
  /** Acknowledgements by process. */
  readonly #progress: number[] = []
  #onProgress: () => void = () => {}

  constructor(children: readonly ChildProcess[], tasks: readonly SenderTask[]) {
    const all = children.map((child, index) => this.#run(child, tasks[index], index))
    this.reports = Promise.all(all).then((found) => found.flat())
    // Whoever awaits it hears of it; a round that failed before does not.
    this.reports.catch(() => {})
  }

  /** Resolves when so many are there; rejects when the connections end before. */
  async acknowledged(count: number): Promise<void> {
    const reached = new Promise<void>((resolve) => {
      this.#onProgress = () => {
        if (sum(this.#progress) >= count) resolve()
      }
    })
    const early = this.reports.then(() => {
      throw new CrashFailure('all connections ended by themselves')
    })
    this.#onProgress()
    await Promise.race([reached, early])
  }

  #run(child: ChildProcess, task: SenderTask, index: number): Promise<readonly ClientReport[]> {
    this.#progress[index] = 0
    return new Promise((resolve, reject) => {
      const hear = (message: unknown): void => {
        const news = message as SenderMessage
        if (news.kind === 'reports') finish(() => resolve(news.reports))
        else this.#progress[index] = news.acknowledged
        this.#onProgress()
      }
      const fail = (error: Error): void => finish(() => reject(error))
      const exit = (code: number | null): void =>
        fail(new Error(`a sender ended with ${code} and without a report`))
      const finish = (settle: () => void): void => {
        child.off('message', hear).off('error', fail).off('exit', exit)
        settle()
      }
      child.on('message', hear).once('error', fail).once('exit', exit)
      child.send(task)
    })
  }
}

type Clients = SenderTask['clients']

function shareOut(clients: number): Clients[] {
  const all = Array.from({ length: clients }, (_, client) => ({
    client,
    way: SENDING_WAYS[client % SENDING_WAYS.length],
  }))
  const count = Math.min(SENDER_PROCESSES, clients)
  return Array.from({ length: count }, (_, share) => all.filter(({ client }) => client % count === share))
}
