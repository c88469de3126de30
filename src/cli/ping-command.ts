/** `logcaster ping`: whether the log port and the query port answer, and how fast. */
import { CodedError, isCodedError, messageOf } from '../base/base.ts'
import type { Command, CommandContext } from './command.ts'
import { type PortOption, printAddress, type ServerTarget, targetOf } from './connection.ts'
import { EXIT_DONE, EXIT_INTERRUPTED, exitCodeOf } from './exit-codes.ts'
import { PingConnection } from './ping-connection.ts'
import { isJsonWanted } from './row-output.ts'

const PORTS: Readonly<Record<string, PortOption>> = { log: 'log-port', query: 'query-port' }
const NAME_COLUMNS = 5

export const pingCommand: Command = {
  name: 'ping',
  summary: 'ask the server whether it answers, and how fast',
  examples: [
    { line: 'logcaster ping', what: 'four times, the log port and the query port' },
    { line: 'logcaster ping query -c 1 --json', what: 'one port, once, for a health check' },
    { line: 'logcaster ping --interval 100 -c 50', what: 'fifty times, ten a second' },
  ],
  notes: ['Nothing is stored and no token is needed. Exit code 0 means that every question was answered.'],
  uses: ['connection', 'output'],
  options: [
    {
      name: 'count',
      short: 'c',
      kind: 'integer',
      value: 'N',
      min: 1,
      max: 1_000_000,
      default: '4',
      help: 'how often',
    },
    {
      name: 'interval',
      short: 'i',
      kind: 'integer',
      value: 'MS',
      max: 3_600_000,
      default: '1000',
      help: 'ms between',
    },
    {
      name: 'timeout',
      kind: 'integer',
      value: 'MS',
      min: 1,
      max: 3_600_000,
      default: '5000',
      help: 'ms to wait for an answer',
    },
  ],
  positionals: [
    {
      name: 'PORT',
      help: 'log or query; without it, both',
      required: false,
      many: true,
      choices: Object.keys(PORTS),
    },
  ],
  run: runPing,
}

/** What one port said so far. */
interface Probe {
  readonly name: string
  readonly target: ServerTarget
  connection: PingConnection | null
  sent: number
  readonly roundTripsMs: number[]
  failure: unknown
}

async function runPing(context: CommandContext): Promise<number> {
  const { args, interrupted } = context
  const names = args.positionals.length === 0 ? Object.keys(PORTS) : [...new Set(args.positionals)]
  const probes = await Promise.all(
    names.map(async (name) => newProbe(name, await targetOf(context, PORTS[name]))),
  )
  const count = args.integer('count') ?? 1
  try {
    for (let round = 1; round <= count && !interrupted.aborted; round++) {
      if (round > 1) await pause(context, args.integer('interval') ?? 0)
      for (const probe of probes) await pingOnce(context, probe, round)
      if (probes.every(({ failure }) => failure !== null)) break
    }
  } finally {
    for (const { connection } of probes) connection?.[Symbol.dispose]()
  }
  await report(context, probes)
  if (interrupted.aborted) return EXIT_INTERRUPTED
  const failed = probes.find(({ failure }) => failure !== null)
  return failed === undefined ? EXIT_DONE : exitCodeOf(failed.failure)
}

function newProbe(name: string, target: ServerTarget): Probe {
  return { name, target, connection: null, sent: 0, roundTripsMs: [], failure: null }
}

/** A port that failed once is not asked again. */
async function pingOnce(context: CommandContext, probe: Probe, round: number): Promise<void> {
  const { args, io, interrupted } = context
  if (probe.failure !== null || interrupted.aborted) return
  try {
    probe.connection ??= await PingConnection.open(io, probe.target, interrupted)
    probe.sent++
    const tookMs = await probe.connection.ping(args.integer('timeout') ?? 0)
    probe.roundTripsMs.push(tookMs)
    if (!isJsonWanted(args)) await context.out.write(`${place(probe)}  ${round}  ${printMs(tookMs)} ms\n`)
  } catch (error) {
    if (interrupted.aborted) return
    if (!isCodedError(error)) throw error
    probe.failure = error
  }
}

async function pause({ io, interrupted }: CommandContext, delayMs: number): Promise<void> {
  if (delayMs === 0) return
  await new Promise<void>((resolve) => {
    const done = (): void => {
      cancel()
      interrupted.removeEventListener('abort', done)
      resolve()
    }
    const cancel = io.clock.after(delayMs, done)
    interrupted.addEventListener('abort', done)
  })
}

async function report(context: CommandContext, probes: readonly Probe[]): Promise<void> {
  if (isJsonWanted(context.args)) {
    await context.out.write(`${JSON.stringify({ ports: probes.map(summaryOf) })}\n`)
    return
  }
  for (const probe of probes) {
    if (probe.roundTripsMs.length > 0) await context.out.write(`${summaryLine(probe)}\n`)
    if (probe.failure !== null) context.messages.error(`${probe.name}: ${messageOf(probe.failure)}`)
  }
}

function summaryOf({ name, target, sent, roundTripsMs, failure }: Probe): object {
  const error =
    failure instanceof CodedError ? { error: { code: failure.code, message: failure.message } } : {}
  const times = roundTripsMs.length === 0 ? {} : spread(roundTripsMs)
  return {
    port: name,
    address: printAddress(target),
    sent,
    answered: roundTripsMs.length,
    ...times,
    ...error,
  }
}

function summaryLine(probe: Probe): string {
  const { minMs, avgMs, maxMs } = spread(probe.roundTripsMs)
  const times = [minMs, avgMs, maxMs].map(printMs).join('/')
  return `${place(probe)}  ${probe.roundTripsMs.length} of ${probe.sent} answered, min/avg/max ${times} ms`
}

function spread(timesMs: readonly number[]): { minMs: number; avgMs: number; maxMs: number } {
  const avgMs = timesMs.reduce((sum, ms) => sum + ms, 0) / timesMs.length
  return { minMs: round(Math.min(...timesMs)), avgMs: round(avgMs), maxMs: round(Math.max(...timesMs)) }
}

const MICROSECONDS = 1000
const round = (ms: number): number => Math.round(ms * MICROSECONDS) / MICROSECONDS
const printMs = (ms: number): string => ms.toFixed(3)
const place = ({ name, target }: Probe): string => `${name.padEnd(NAME_COLUMNS)}  ${printAddress(target)}`
