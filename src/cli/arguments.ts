/**
 * From words to a command and its checked arguments. Knows the rows, not the commands: a new option or command is
 * never mentioned here. Everything that is wrong is a CodedError USAGE that says what would be right.
 *
 * Order of precedence: option, environment variable, default.
 */
import { parseArgs } from 'node:util'
import { CodedError } from '../base/base.ts'
import { nearestName } from '../config/config.ts'
import type { Command, OptionRow, PositionalRow } from './command.ts'
import { GLOBAL_OPTIONS } from './global-options.ts'
import { ParsedArgs } from './parsed-args.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export interface Invocation {
  readonly command: Command
  readonly args: ParsedArgs
}

/** Options of a command, its own first; where names clash, its own win. */
export function optionsOf(command: Command): readonly OptionRow[] {
  const own = new Set(command.options.map((option) => option.name))
  const shared = (['output', 'connection', 'general'] as const)
    .filter((group) => group === 'general' || command.uses.includes(group))
    .flatMap((group) => GLOBAL_OPTIONS[group])
  return [...command.options, ...shared.filter((option) => !own.has(option.name))]
}

/**
 * Reads a command line. The command is the first word that is not an option or the value of one; without any it is
 * `fallback`. Checks options, not positionals: see `checkPositionals`.
 */
export function parseInvocation(
  argv: readonly string[],
  commands: readonly Command[],
  fallback: Command,
  env: Environment,
): Invocation {
  const place = commandPlace(argv, fallback)
  const command = place === -1 ? fallback : findCommand(argv[place], commands)
  const rest = place === -1 ? argv : [...argv.slice(0, place), ...argv.slice(place + 1)]
  return { command, args: parseOptions(rest, command, env) }
}

export function findCommand(name: string, commands: readonly Command[]): Command {
  const found = commands.find((command) => command.name === name)
  if (found !== undefined) return found
  const names = commands.map((command) => command.name)
  throw usage(`unknown command \`${name}\`${suggestion(name, names, '')} \`logcaster --help\` lists them`)
}

/** Throws USAGE when words are missing, too many, or not among the choices. */
export function checkPositionals(command: Command, words: readonly string[]): void {
  const rows = command.positionals
  rows.forEach((row, i) => {
    checkPositional(command, row, row.many ? words.slice(i) : words.slice(i, i + 1))
  })
  if (words.length > rows.length && rows.at(-1)?.many !== true) {
    throw usage(`\`${words[rows.length]}\` is one word too many; usage: ${usageLine(command)}`)
  }
}

/** `logcaster config ACTION [options]`. */
export function usageLine(command: Command): string {
  const words = command.positionals.map((row) => {
    const name = row.many ? `${row.name}...` : row.name
    return row.required ? name : `[${name}]`
  })
  return ['logcaster', command.name, ...words, '[options]'].join(' ')
}

function commandPlace(argv: readonly string[], fallback: Command): number {
  const everywhere = [...Object.values(GLOBAL_OPTIONS).flat(), ...optionsOf(fallback)]
  for (const token of tokenize(argv, everywhere)) {
    if (token.kind === 'option-terminator') return -1
    if (token.kind === 'positional') return token.index
  }
  return -1
}

function parseOptions(words: readonly string[], command: Command, env: Environment): ParsedArgs {
  const options = optionsOf(command)
  const values = new Map<string, string[]>()
  const positionals: string[] = []
  for (const token of tokenize(words, options)) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind !== 'option') continue
    const negated = findNegated(token.name, token.value, options)
    const option = negated ?? findOption(token, words[token.index], options, command)
    const value =
      negated === undefined ? checkValue(option, token.rawName, token.value, token.inlineValue) : 'false'
    const given = values.get(option.name)
    if (given === undefined) values.set(option.name, [value])
    else given.push(value)
  }
  for (const option of options) fillIn(option, values, env)
  return new ParsedArgs(values, positionals)
}

function tokenize(words: readonly string[], options: readonly OptionRow[]) {
  const declared: Record<string, { type: 'boolean' | 'string'; short?: string }> = {}
  for (const { name, kind, short } of options) {
    const takesNext = kind !== 'flag' && kind !== 'switch'
    declared[name] = { type: takesNext ? 'string' : 'boolean', ...(short === undefined ? {} : { short }) }
  }
  return parseArgs({
    args: [...words],
    options: declared,
    strict: false,
    allowPositionals: true,
    tokens: true,
  }).tokens
}

function findOption(
  { name, rawName }: { readonly name: string; readonly rawName: string },
  word: string,
  options: readonly OptionRow[],
  command: Command,
): OptionRow {
  const found = options.find((option) => option.name === name)
  if (found !== undefined) return found
  const names = options.map((option) => option.name)
  const hint = rawName.startsWith('--') ? suggestion(name, names, '--') : ';'
  const lists = `\`logcaster ${command.name} --help\` lists them`
  throw usage(`unknown option \`${rawName}\`${hint} ${lists}${hint === ';' ? dashHint(command, word) : ''}`)
}

function dashHint({ positionals }: Command, word: string): string {
  const meaning = positionals.find((row) => row.dashMeaning !== undefined)?.dashMeaning
  // What stands behind `=` may be a secret whose option is misspelt.
  const shown = word.replace(/=.*$/s, '=...')
  return meaning === undefined ? '' : `; if \`${shown}\` is meant as ${meaning}, write -- before it`
}

/** The switch that `--no-x` turns off. */
function findNegated(
  name: string,
  value: string | undefined,
  options: readonly OptionRow[],
): OptionRow | undefined {
  if (!name.startsWith('no-') || value !== undefined) return undefined
  return options.find((option) => option.kind === 'switch' && `no-${option.name}` === name)
}

function checkValue(
  option: OptionRow,
  rawName: string,
  value: string | undefined,
  isInline: boolean | undefined,
): string {
  if (option.kind === 'flag') {
    if (value !== undefined) throw usage(`${rawName} takes no value, but got \`${value}\``)
    return 'true'
  }
  if (option.kind === 'switch') return value ?? 'true'
  if (value === undefined) throw usage(`${rawName} needs a value: ${rawName} ${valueName(option)}`)
  if (isInline !== true && value.length > 1 && value.startsWith('-')) {
    const shown = option.isSecret === true ? '-...' : value
    throw usage(
      `${rawName} needs a value; if \`${shown}\` is meant to be it, write --${option.name}=${shown}`,
    )
  }
  checkOptionText(option, rawName, value)
  return value
}

/** What stands for the value in help and messages. */
export function valueName(option: OptionRow): string {
  if (option.value !== undefined) return option.value
  if (option.choices !== undefined) return option.choices.join('|')
  return option.kind === 'integer' ? 'N' : 'TEXT'
}

function fillIn(option: OptionRow, values: Map<string, string[]>, env: Environment): void {
  if (values.has(option.name)) return
  const fromEnv = option.env === undefined ? undefined : env[option.env]
  if (option.env !== undefined && fromEnv !== undefined && fromEnv !== '') {
    checkOptionText(option, option.env, fromEnv)
    values.set(option.name, [fromEnv])
  } else if (option.default !== undefined) values.set(option.name, [option.default])
}

function checkOptionText(option: OptionRow, source: string, value: string): void {
  const problem = checkInteger(option, value) ?? checkChoice(option.choices, value)
  if (problem !== null) throw usage(`${source} ${problem}, but got \`${value}\``)
}

function checkInteger(option: OptionRow, value: string): string | null {
  if (option.kind !== 'integer') return null
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = option
  const isGood = /^\d{1,16}$/.test(value) && Number(value) >= min && Number(value) <= max
  if (isGood) return null
  const upTo = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`
  return `must be a whole number ${upTo}`
}

function checkChoice(choices: readonly string[] | undefined, value: string): string | null {
  if (choices === undefined || choices.includes(value)) return null
  return `must be one of ${choices.join(', ')}`
}

function checkPositional(command: Command, row: PositionalRow, words: readonly string[]): void {
  if (row.required && words.length === 0) {
    throw usage(`${row.name} is missing: ${row.help}; usage: ${usageLine(command)}`)
  }
  for (const word of words) {
    if (row.choices === undefined || row.choices.includes(word)) continue
    const hint = suggestion(word, row.choices, '')
    throw usage(`${row.name} must be one of ${row.choices.join(', ')}, but got \`${word}\`${hint}`)
  }
}

function suggestion(name: string, known: readonly string[], prefix: string): string {
  const nearest = nearestName(name, known)
  return nearest === null ? ';' : `; did you mean \`${prefix}${nearest}\`?`
}

function usage(message: string): CodedError {
  return new CodedError('USAGE', message)
}
