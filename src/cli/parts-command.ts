/** `logcaster parts`: lists the parts of a store, exports them as files, and imports such files, over HTTP. */
import { resolve } from 'node:path'
import { CodedError, isCodedError } from '../base/base.ts'
import { parseTimeSpan } from '../record/record.ts'
import type { Command, CommandContext } from './command.ts'
import { EXIT_DONE, EXIT_PARTIAL } from './exit-codes.ts'
import { askHttp } from './http-ask.ts'
import { HTTP_CONNECTION_OPTIONS } from './http-sender-options.ts'
import { type JsonObject, numberOf, objectOf, objectsOf, textOf } from './json-shape.ts'
import { count } from './plural.ts'
import { printNumber } from './progress.ts'
import { isJsonWanted } from './row-output.ts'
import { printSize } from './size.ts'
import { printTable } from './table.ts'
import { jsonSafe, terminalSafe } from './terminal.ts'

interface Action {
  /** What the word behind it names; null: there is none. */
  readonly word: string | null
  /** Options of the command that mean something here. */
  readonly options: readonly string[]
  readonly run: (context: CommandContext, word: string) => Promise<number>
}

const ACTIONS: Readonly<Record<string, Action>> = {
  list: { word: null, options: [], run: listParts },
  export: { word: 'DIR', options: ['since', 'until', 'day'], run: exportParts },
  import: { word: 'FILE or DIR', options: ['partial', 'again'], run: importParts },
}

export const partsCommand: Command = {
  name: 'parts',
  summary: 'list parts, export them as files, and import them elsewhere',
  examples: [
    { line: 'logcaster parts list', what: 'days, sizes, ids and times' },
    { line: 'logcaster parts export /archive/november --since 2026-11-01', what: 'from then on' },
    { line: 'logcaster parts export /archive/monday --day 2026-11-16', what: 'one day, in UTC' },
    { line: 'logcaster parts import /archive/november', what: 'into this server, or any other' },
  ],
  notes: [
    'A part is a file with records of one day, or of several. Directories and files lie on the machine of the server. ' +
      'export seals first, so that all is in it that was stored before, but for deleted records. Parts go whole: one ' +
      'that has a record of the time goes with all its records. `sha256sum -c SHA256SUMS` checks an export.',
    'import checks every file first, and stores nothing if one is damaged. Records get ids of this store, and count ' +
      'as received now for retention; their times stay. When it ends early, the same command goes on where it ended: ' +
      'for 24 hours, nothing of a file is stored twice.',
    'Exit code 5: something is damaged or could not be taken, and was left out; it is named. export and import need ' +
      'a token that grants admin: see logcaster token.',
  ],
  uses: ['output'],
  options: [
    { name: 'since', kind: 'text', value: 'TIME', help: 'export: from then on, 2026-11-20 or 7d' },
    { name: 'until', kind: 'text', value: 'TIME', help: 'export: until then, that day or minute included' },
    { name: 'day', kind: 'text', value: 'DAY', help: 'export: only this day' },
    { name: 'partial', kind: 'flag', help: 'import: leave out what is damaged' },
    { name: 'again', kind: 'flag', help: 'import: also what was imported before; it is there twice then' },
    { name: 'store', kind: 'text', value: 'NAME', help: 'of the server, this store (default logs)' },
    ...HTTP_CONNECTION_OPTIONS,
  ],
  positionals: [
    {
      name: 'ACTION',
      help: 'list, export or import',
      required: true,
      many: false,
      choices: Object.keys(ACTIONS),
    },
    {
      name: 'PATH',
      help: 'after export an empty directory, after import an export or one file of it',
      required: false,
      many: false,
    },
  ],
  run: runParts,
}

async function runParts(context: CommandContext): Promise<number> {
  const [name, word] = context.args.positionals
  const action = ACTIONS[name]
  if (action.word === null && word !== undefined)
    throw new CodedError('USAGE', `parts ${name} takes no word, but got \`${word}\``)
  if (action.word !== null && word === undefined)
    throw new CodedError('USAGE', `parts ${name} needs ${action.word}, on the machine of the server`)
  for (const each of Object.values(ACTIONS).flatMap(({ options }) => options)) {
    if (context.args.flag(each) && !action.options.includes(each))
      throw new CodedError('USAGE', `parts ${name} has no --${each}`)
  }
  return action.run(context, word)
}

function pathTo(context: CommandContext, path: string): string {
  const store = context.args.text('store')
  return store === undefined ? `storage/${path}` : `storage/${path}?store=${encodeURIComponent(store)}`
}

async function tell(context: CommandContext, answer: JsonObject, text: string): Promise<void> {
  await context.out.write(isJsonWanted(context.args) ? `${jsonSafe(JSON.stringify(answer))}\n` : text)
}

const recordsOf = (number: number): string => `${printNumber(number)} record${number === 1 ? '' : 's'}`

// ---- list -------------------------------------------------------------------------------------------------------

const COLUMNS = [
  { title: 'part', align: 'right' },
  { title: 'day', align: 'left' },
  { title: 'records', align: 'right' },
  { title: 'deleted', align: 'right' },
  { title: 'size', align: 'right' },
  { title: 'merges', align: 'right' },
  { title: 'ids', align: 'left' },
  { title: 'from', align: 'left' },
  { title: 'to', align: 'left' },
] as const

async function listParts(context: CommandContext): Promise<number> {
  const answer = objectOf(await askHttp(context, { method: 'GET', path: pathTo(context, 'parts') }))
  const parts = objectsOf(answer['parts'])
  const rows = parts.map((part) => [
    String(numberOf(part['number'])),
    textOf(part['day']) || 'several',
    printNumber(numberOf(part['records'])),
    printNumber(numberOf(part['deleted'])),
    printSize(numberOf(part['bytes'])),
    String(numberOf(part['level'])),
    `${numberOf(part['firstId'])}-${numberOf(part['endId']) - 1}`,
    timeOf(part['timeMsMin']),
    timeOf(part['timeMsMax']),
  ])
  const sum = (name: string): number => parts.reduce((total, part) => total + numberOf(part[name]), 0)
  const unsealed = numberOf(objectOf(answer['unsealed'])['records'])
  const total =
    `${count(parts.length, 'part')}, ${recordsOf(sum('records') - sum('deleted'))}, ` +
    `${printSize(sum('bytes'))}${unsealed === 0 ? '' : `; ${recordsOf(unsealed)} not sealed yet`}\n`
  await tell(context, answer, `${rows.length === 0 ? '' : printTable(COLUMNS, rows)}${total}`)
  return EXIT_DONE
}

/** To the second, in UTC; a dash for what is no time that a calendar has. */
function timeOf(value: unknown): string {
  const time = new Date(typeof value === 'number' ? value : Number.NaN)
  return Number.isNaN(time.getTime()) ? '-' : `${time.toISOString().slice(0, -'.000Z'.length)}Z`
}

// ---- export -----------------------------------------------------------------------------------------------------

async function exportParts(context: CommandContext, word: string): Promise<number> {
  const body = { directory: resolve(context.io.cwd, word), ...timesOf(context) }
  const answer = objectOf(await askHttp(context, { method: 'POST', path: pathTo(context, 'export'), body }))
  const damaged = objectsOf(answer['damaged'])
  for (const each of damaged)
    context.messages.problem(terminalSafe(`damaged: ${textOf(each['file'])}: ${textOf(each['reason'])}`))
  const unsealed = objectOf(answer['unsealed'])
  const missing = numberOf(unsealed['records'])
  if (missing > 0) {
    const reason = terminalSafe(textOf(unsealed['reason']))
    context.messages.problem(`${recordsOf(missing)} could not be sealed, and so not exported: ${reason}`)
  }
  const text =
    `exported ${recordsOf(numberOf(answer['records']))}, ` +
    `${count(objectsOf(answer['parts']).length, 'part')}, ${printSize(numberOf(answer['bytes']))} to ` +
    `${terminalSafe(body.directory)}\n`
  await tell(context, answer, text)
  return damaged.length === 0 && missing === 0 ? EXIT_DONE : EXIT_PARTIAL
}

const AGO = /^(\d{1,9})(s|m|h|d|w)$/
const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

/** As the server takes them: times and dates, a day as both of its ends. USAGE. */
function timesOf({ args, io }: CommandContext): { readonly since?: string; readonly until?: string } {
  const nowMs = io.clock.wallMs()
  const day = args.text('day')
  const [since, until] = [args.text('since'), args.text('until')]
  if (day !== undefined && (since !== undefined || until !== undefined))
    throw new CodedError('USAGE', '--day is both --since and --until; leave those out')
  if (day !== undefined && !/^\d{4}-\d\d-\d\d$/.test(day))
    throw new CodedError('USAGE', `--day must be a date such as 2026-11-20, but got \`${day}\``)
  if (day !== undefined) return { since: day, until: day }
  const times = {
    ...(since !== undefined && { since: pointOf(since, nowMs) }),
    ...(until !== undefined && { until: pointOf(until, nowMs) }),
  }
  if (isReversed(times))
    throw new CodedError('USAGE', `--until ${until} is before --since ${since}: no time lies between them`)
  return times
}

/** Whether the one ends before the other begins. What is no time, the server says. */
function isReversed({
  since = '',
  until = '',
}: {
  readonly since?: string
  readonly until?: string
}): boolean {
  const [first, last, unused] = Array.from({ length: 3 }, () => ({ ms: 0, ns: 0 }))
  return parseTimeSpan(since, first, unused) && parseTimeSpan(until, unused, last) && last.ms < first.ms
}

function pointOf(text: string, nowMs: number): string {
  const [, digits, unit] = AGO.exec(text) ?? []
  if (digits === undefined) return text
  const time = new Date(nowMs - Number(digits) * UNIT_MS[unit])
  return Number.isNaN(time.getTime()) ? text : time.toISOString()
}

// ---- import -----------------------------------------------------------------------------------------------------

async function importParts(context: CommandContext, word: string): Promise<number> {
  const { args, io } = context
  const path = resolve(io.cwd, word)
  const body = { path, partial: args.flag('partial'), again: args.flag('again') }
  const question = { method: 'POST', path: pathTo(context, 'import'), body } as const
  const answer = objectOf(await askHttp(context, question).catch(withOptionNames))
  const damaged = objectsOf(answer['damaged'])
  for (const each of damaged) context.messages.problem(terminalSafe(describeDamage(each)))
  const tooLarge = numberOf(answer['tooLargeRecords'])
  if (tooLarge > 0) context.messages.problem(`too large for this server: ${recordsOf(tooLarge)}`)
  const repeated = numberOf(answer['repeatedRecords'])
  const text =
    `imported ${recordsOf(numberOf(answer['records']))} of ${count(numberOf(answer['files']), 'file')}` +
    `${repeated === 0 ? '' : `; there already: ${printNumber(repeated)}`}\n`
  await tell(context, answer, text)
  return damaged.length === 0 && tooLarge === 0 ? EXIT_DONE : EXIT_PARTIAL
}

/** The server names members of the body; here, they are options. */
function withOptionNames(error: unknown): never {
  if (!isCodedError(error, 'SERVER_REFUSED')) throw error
  const message = error.message.replace(/`(partial|again)`/g, '--$1')
  throw new CodedError(error.code, message, { details: error.details, cause: error })
}

function describeDamage(each: JsonObject): string {
  const [file, reason] = [textOf(each['file']), textOf(each['reason'])]
  if (typeof each['block'] !== 'number') return `damaged: ${file}: ${reason}`
  const ids = `ids ${numberOf(each['fromId'])} to ${numberOf(each['toId'])} of the file`
  return `left out: ${file}: block ${each['block']} (${ids}): ${reason}`
}
