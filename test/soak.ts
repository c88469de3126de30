/**
 * Tries to make LogCaster lose a record, for as long as you like:
 *
 *   npm run soak                              30 rounds of kill -9 under load
 *   npm run soak -- --rounds 500 --minutes 60 whichever ends first
 *   npm run soak -- --seed 42                 the plan of an earlier run again
 *   npm run soak -- --power-cut               cuts the power of its file system instead (root, xfsprogs)
 *
 * Prints a line for each round, then the figures and the seed. Exit code 1, and the story, when something is wrong.
 */
import { inspect, parseArgs } from 'node:util'
import { systemRandom } from '../src/base/base.ts'
import { inTemporaryDirectory } from './child-program.ts'
import { CrashFailure, type CrashFigures, type CrashRoundsOptions, killRounds } from './kill-rounds.ts'
import { missingForPowerCuts, powerCutRounds } from './power-cut.ts'

const ROUNDS = 30
const CLIENTS = 9
const ACKNOWLEDGED_MAX = 20_000
const MINUTE_MS = 60_000

const HELP = `npm run soak -- [options]

  --rounds N     how many crashes (default ${ROUNDS})
  --minutes N    stop after so many minutes, in the middle of the rounds
  --clients N    connections that send at once (default ${CLIENTS})
  --seed N       repeat the plan of a run
  --power-cut    cut the power of a file system instead of killing the program; needs root and xfsprogs
  --help
`

process.exitCode = await soak()

async function soak(): Promise<number> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string' },
      minutes: { type: 'string' },
      clients: { type: 'string' },
      seed: { type: 'string' },
      'power-cut': { type: 'boolean' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) {
    console.log(HELP)
    return 0
  }
  const seed = readNumber('seed', values.seed, systemRandom.uint32())
  const minutes = readNumber('minutes', values.minutes, Number.POSITIVE_INFINITY)
  const options = {
    rounds: readNumber('rounds', values.rounds, minutes < Number.POSITIVE_INFINITY ? 1_000_000 : ROUNDS),
    clients: readNumber('clients', values.clients, CLIENTS),
    seed,
    log: (line: string) => console.log(line),
    acknowledgedMax: ACKNOWLEDGED_MAX,
    endMs: Date.now() + minutes * MINUTE_MS,
  }
  const isPowerCut = values['power-cut'] === true
  console.log(`${isPowerCut ? 'power cuts' : 'kill -9'} under load, seed ${seed}`)
  try {
    const figures = await (isPowerCut ? cutPower(options) : kill(options))
    console.log(printFigures(figures, seed))
    return 0
  } catch (error) {
    console.error(`FAILED ${error instanceof CrashFailure ? error.message : inspect(error)}`)
    console.error(`To repeat the plan: npm run soak -- ${repeatOptions(options, isPowerCut)}`)
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
