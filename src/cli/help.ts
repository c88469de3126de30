/**
 * Help pages and the reference page, made from the rows of the commands. Nothing here names a command or an option.
 * Help opens with examples and fits 80 columns.
 */
import { optionsOf, usageLine, valueName } from './arguments.ts'
import type { Command, OptionRow } from './command.ts'
import { EXIT_CODES } from './exit-codes.ts'
import { GLOBAL_OPTIONS } from './global-options.ts'
import type { Painter } from './terminal.ts'

const COLUMNS_MAX = 80
const NAME_COLUMNS_MAX = 26
const PRODUCT = 'LogCaster, the log hub you can talk to'

interface Entry {
  readonly name: string
  readonly text: string
}

/** The page of `logcaster --help`. */
export function printHelp(commands: readonly Command[], paint: Painter): string {
  return page([
    [PRODUCT],
    section('Examples', commands.flatMap(firstExample), paint),
    section('Usage', [{ name: 'logcaster COMMAND [options]', text: '' }], paint),
    section('Commands', commands.map(commandEntry), paint),
    section('Options of all commands', GLOBAL_OPTIONS.general.map(optionEntry), paint),
    section('Exit codes', EXIT_CODES.map(exitCodeEntry), paint),
    ['`logcaster COMMAND --help` has the examples and options of one command.'],
  ])
}

/** The page of `logcaster COMMAND --help`. */
export function printCommandHelp(command: Command, paint: Painter): string {
  return page([
    wrap(`logcaster ${command.name}: ${command.summary}`, 0),
    command.examples.length === 0 ? [] : exampleLines(command, paint),
    section('Usage', [{ name: usageLine(command), text: '' }], paint),
    section(
      'Words',
      command.positionals.map((row) => ({ name: row.name, text: row.help })),
      paint,
    ),
    section('Options', optionsOf(command).filter(isShown).map(optionEntry), paint),
    ...(command.notes ?? []).map((note) => wrap(note, 0)),
  ])
}

/** The reference page of these commands, in Markdown. */
export function printCommandReference(commands: readonly Command[]): string {
  const exitRows = EXIT_CODES.map(({ code, meaning }) => `| ${code} | ${meaning} |`)
  const blocks = [
    '# Command line\n\nMade by `npm run docs` from the rows in src/cli: change them there.',
    '`logcaster [COMMAND] [options]`. Data goes to stdout, everything else to stderr. From a clone: `npm run -s logcaster -- COMMAND`.',
    ['## Exit codes', '', '| code | meaning |', '|---|---|', ...exitRows].join('\n'),
    ...commands.map(commandReference),
    ['## Options of all commands', '', ...optionTable(GLOBAL_OPTIONS.general)].join('\n'),
  ]
  return `${blocks.join('\n\n')}\n`
}

function commandReference(command: Command): string {
  const general = new Set(GLOBAL_OPTIONS.general)
  const options = optionsOf(command).filter((option) => isShown(option) && !general.has(option))
  const examples = command.examples.map(({ line, what }) => `${line}   # ${what}`)
  const words = command.positionals.map((row) => `- \`${row.name}\`: ${row.help}`)
  const blocks = [
    `## ${command.name}\n\n${sentence(command.summary)}`,
    ['```sh', ...examples, '```'].join('\n'),
    `Usage: \`${usageLine(command)}\``,
    words.join('\n'),
    options.length === 0 ? '' : optionTable(options).join('\n'),
    ...(command.notes ?? []),
  ]
  return blocks.filter((block) => block !== '').join('\n\n')
}

function optionTable(options: readonly OptionRow[]): string[] {
  const rows = options.map((option) => {
    const origin = [option.default === undefined ? '' : `\`${option.default}\``, option.env ?? '']
    return `| \`${optionName(option, ', ').replaceAll('|', '\\|')}\` | ${cell(option.help)} | ${origin.join(' | ')} |`
  })
  return ['| option | meaning | default | variable |', '|---|---|---|---|', ...rows]
}

const isShown = (option: OptionRow): boolean => option.isRare !== true
const cell = (text: string): string => text.replaceAll('|', '\\|')
const sentence = (text: string): string => `${text[0].toUpperCase()}${text.slice(1)}.`

function firstExample(command: Command): Entry[] {
  return command.examples.slice(0, 1).map(({ line, what }) => ({ name: line, text: what }))
}

function commandEntry(command: Command): Entry {
  return { name: command.name, text: command.summary }
}

function exitCodeEntry({ code, meaning }: { code: number; meaning: string }): Entry {
  return { name: String(code), text: meaning }
}

function optionEntry(option: OptionRow): Entry {
  const origins = [
    option.default === undefined ? '' : `default ${option.default}`,
    option.env === undefined ? '' : option.env,
    option.kind === 'list' ? 'repeatable' : '',
  ].filter((origin) => origin !== '')
  const text = origins.length === 0 ? option.help : `${option.help} (${origins.join(', ')})`
  return { name: optionName(option, ', '), text }
}

function optionName(option: OptionRow, separator: string): string {
  const short = option.short === undefined ? '' : `-${option.short}${separator}`
  const value = option.kind === 'flag' || option.kind === 'switch' ? '' : ` ${valueName(option)}`
  return `${short}--${option.name}${value}`
}

function exampleLines(command: Command, paint: Painter): string[] {
  const lines = command.examples.flatMap(({ line, what }) => [`  ${line}`, ...wrap(what, 6)])
  return [paint('bold', 'Examples'), ...lines]
}

/** A heading and its entries in two columns; a name that is too long gets a line of its own. */
function section(title: string, entries: readonly Entry[], paint: Painter): string[] {
  if (entries.length === 0) return []
  const fitting = entries.map((entry) => entry.name.length).filter((length) => length <= NAME_COLUMNS_MAX)
  const column = 2 + Math.max(0, ...fitting) + 2
  return [paint('bold', title), ...entries.flatMap((entry) => entryLines(entry, column))]
}

function entryLines({ name, text }: Entry, column: number): string[] {
  if (text === '') return [`  ${name}`]
  const lines = wrap(text, column)
  if (name.length + 4 > column) return [`  ${name}`, ...lines]
  return [`  ${name}`.padEnd(column) + lines[0].trimStart(), ...lines.slice(1)]
}

/** Breaks at spaces, so that a line with its indent fits. A word that is too long stays whole. */
function wrap(text: string, indent: number): string[] {
  const margin = ' '.repeat(indent)
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && indent + line.length + 1 + word.length > COLUMNS_MAX) {
      lines.push(margin + line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, margin + line]
}

function page(blocks: readonly (readonly string[])[]): string {
  return `${blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n')}\n`
}
