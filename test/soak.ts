/**
 * Tries to make LogCaster lose a record, for as long as you like:
 *
 *   npm run soak                              30 rounds of kill -9 under load
 *   npm run soak -- --rounds 500 --minutes 60 whichever ends first
 *   npm run soak -- --seed 42                 the plan of an earlier run again
 *   npm run soak -- --power-cut               cuts the power of its file system instead (root, xfsprogs)
 *   npm run soak -- --engine-kill             kill -9 every few seconds within one large log, all of which is read back
 *   npm run soak -- --engine --seeds 5000     the storage engine against a plain array, on a disk that fails
 *   npm run soak -- --queries --seeds 5000    random queries against a naive evaluator, however records are stored
 *   npm run soak -- --tests                   the tests of which `npm test` takes a sample, with nothing left out
 *
 * Prints a line for each round, then the figures and the seed. Exit code 1, and the story, when something is wrong.
 */
import { spawn } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect, parseArgs } from 'node:util'
import { systemRandom } from '../src/base/base.ts'
import { inTemporaryDirectory } from './child-program.ts'
import { engineKill, printEngineKill } from './engine-kill.ts'
import { engineSeeds, printCoverage } from './engine-seeds.ts'
import { CrashFailure, type CrashFigures, type CrashRoundsOptions, killRounds } from './kill-rounds.ts'
import { missingForPowerCuts, powerCutRounds } from './power-cut.ts'
import { querySeeds } from './query-seeds.ts'

const ROUNDS = 30
const CLIENTS = 9
const ACKNOWLEDGED_MAX = 20_000
const MINUTE_MS = 60_000
const GIGABYTE = 1e9
const SEEDS = 2000
const LONG_TEST_MS_MAX = 3_600_000

const HELP = `npm run soak -- [options]

  --rounds N     how many crashes (default ${ROUNDS})
  --minutes N    stop after so many minutes, in the middle of the rounds
  --clients N    connections that send at once (default ${CLIENTS})
  --seed N       repeat the plan of a run
  --power-cut    cut the power of a file system instead of killing the program; needs root and xfsprogs

  --engine-kill  one large log, sealed and merged all the time; needs ../shared beside the repository
  --gigabytes N  how much of it (default 10)
  --seconds N    a process lives at most so long (default 6)
  --segment-mib N  size of segments, at least 5 (default 5)

  --engine       the storage engine against a plain array, on a simulated disk
  --queries      random queries over random records against a naive evaluator
  --tests        tests that try every call, byte or seed, of which npm test has a sample; words that follow choose files
  --seeds N      how many histories, or sets of records (default ${SEEDS}), from --seed on (default 1)
  --help
`

const OPTIONS = {
  rounds: { type: 'string' },
  minutes: { type: 'string' },
  clients: { type: 'string' },
  seed: { type: 'string' },
  'power-cut': { type: 'boolean' },
  'engine-kill': { type: 'boolean' },
  gigabytes: { type: 'string' },
  seconds: { type: 'string' },
  'segment-mib': { type: 'string' },
  engine: { type: 'boolean' },
  queries: { type: 'boolean' },
  tests: { type: 'boolean' },
  seeds: { type: 'string' },
  help: { type: 'boolean' },
} as const

const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true })
process.exitCode = await soak()

function soak(): Promise<number> {
  if (values.engine) return soakEngine()
  if (values.queries) return soakQueries()
  if (values['engine-kill']) return soakEngineKill()
  if (values.tests) return soakTests()
  if (!values.help) return soakRounds()
  console.log(HELP)
  return Promise.resolve(0)
}

async function soakRounds(): Promise<number> {
  const seed = readNumber('seed', values.seed, systemRandom.uint32())
  const minutes = readNumber('minutes', values.minutes, Number.POSITIVE_INFINITY)
  const options = {
    rounds: readNumber('rounds', values.rounds, minutes < Number.POSITIVE_INFINITY ? 1_000_000 : ROUNDS),
    clients: readNumber('clients', values.clients, CLIENTS),
    seed,
    log: say,
    acknowledgedMax: ACKNOWLEDGED_MAX,
    endMs: Date.now() + minutes * MINUTE_MS,
  }
  const isPowerCut = values['power-cut'] === true
  say(`${isPowerCut ? 'power cuts' : 'kill -9'} under load, seed ${seed}`)
  return await told(repeatOptions(options, isPowerCut), async () =>
    printFigures(await (isPowerCut ? cutPower(options) : kill(options)), seed),
  )
}

async function soakEngineKill(): Promise<number> {
  const seed = readNumber('seed', values.seed, systemRandom.uint32() >>> 1)
  const shared = join(import.meta.dirname, '../../shared')
  const gigabytes = readNumber('gigabytes', values.gigabytes, 10)
  const secondsMax = readNumber('seconds', values.seconds, 6)
  const segmentMib = readNumber('segment-mib', values['segment-mib'], 5)
  say(`kill -9 within ${gigabytes} GB of log, seed ${seed}`)
  return await told(`--engine-kill --seed ${seed} --gigabytes ${gigabytes}`, async () => {
    if (!existsSync(shared)) throw new CrashFailure('there is no folder ../shared beside the repository')
    const bytes = gigabytes * GIGABYTE
    return printEngineKill(
      await engineKill({ bytes, seed, secondsMax, segmentMib, connections: 4, shared, log: say }),
    )
  })
}

async function soakEngine(): Promise<number> {
  const first = readNumber('seed', values.seed, 1)
  const seeds = readNumber('seeds', values.seeds, SEEDS)
  say(`the engine against a plain array, seeds ${first} to ${first + seeds - 1}`)
  return await told('--engine --seeds 1 --seed <that of the message>', async () =>
    printCoverage(await engineSeeds({ first, seeds, log: say })),
  )
}

async function soakQueries(): Promise<number> {
  const first = readNumber('seed', values.seed, 1)
  const seeds = readNumber('seeds', values.seeds, SEEDS)
  say(`random queries against a naive evaluator, seeds ${first} to ${first + seeds - 1}`)
  return await told('--queries --seeds 1 --seed <that of the message>', () =>
    querySeeds({ first, seeds, log: say }),
  )
}

/** The long form of tests that have a short one (src/testing/test-length.ts), by the runner of all tests. */
function soakTests(): Promise<number> {
  const root = join(import.meta.dirname, '..')
  const files = globSync('src/**/*.test.ts', { cwd: root })
    .filter((file) => readFileSync(join(root, file), 'utf8').includes('/testing/test-length.ts'))
    .filter((file) => positionals.length === 0 || positionals.some((part) => file.includes(part)))
  if (files.length === 0) throw new Error(`no such test has ${positionals.join(' or ')} in its path`)
  say(`the long form of ${files.length} test files`)
  const { promise, resolve } = Promise.withResolvers<number>()
  spawn(
    process.execPath,
    [join(root, 'test/run.ts'), `--test-timeout=${LONG_TEST_MS_MAX}`, '--test-concurrency=1', ...files],
    { stdio: 'inherit', env: { ...process.env, LOGCASTER_LONG_TESTS: '1' } },
  ).on('exit', (code) => resolve(code ?? 1))
  return promise
}

function say(line: string): void {
  console.log(line)
}

/** The exit code. */
async function told(repeat: string, work: () => Promise<string>): Promise<number> {
  try {
    say(await work())
    return 0
  } catch (error) {
    console.error(`FAILED ${error instanceof CrashFailure ? error.message : inspect(error)}`)
    console.error(`To repeat the plan: npm run soak -- ${repeat}`)
    return 1
  }
}

type SoakOptions = Omit<CrashRoundsOptions, 'dataDir'>

async function cutPower(options: SoakOptions): Promise<CrashFigures> {
  const missing = missingForPowerCuts()
  if (missing !== null) throw new CrashFailure(`no power cuts here: ${missing}`)
  return await powerCutRounds(options)
}

/** The data stays when something was lost: somebody will want to look at it. */
function kill(options: SoakOptions): Promise<CrashFigures> {
  return inTemporaryDirectory((dataDir) => killRounds({ ...options, dataDir }))
}

function printFigures({ rounds, acknowledged, stored, startCrashes }: CrashFigures, seed: number): string {
  const crashes = startCrashes === 0 ? '' : ` and ${startCrashes} during a start`
  return (
    `${rounds} crashes under load${crashes}: ${acknowledged} records acknowledged, all found unchanged, none twice; ` +
    `${stored - acknowledged} more stored that were still unanswered. Seed ${seed}.`
  )
}

function repeatOptions({ rounds, clients, seed }: SoakOptions, isPowerCut: boolean): string {
  return `--seed ${seed} --clients ${clients} --rounds ${rounds}${isPowerCut ? ' --power-cut' : ''}`
}

function readNumber(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  const number = Number(text)
  if (!Number.isInteger(number) || number < 0)
    throw new Error(`--${name} must be a whole number, not ${text}`)
  return number
}
