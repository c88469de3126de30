/**
 * The configuration as the command line sees it: an option row for every declared option, and the way from arguments,
 * variables and the file that --config names to one configuration. The options themselves are declared in config/.
 */
import { CodedError } from '../base/base.ts'
import {
  type ConfigFile,
  type ConfigInput,
  type DeclaredOption,
  type Flags,
  type LoadedConfig,
  loadConfig,
  OPTIONS,
} from '../config/config.ts'
import type { CliIo } from './cli-io.ts'
import type { OptionKind, OptionRow } from './command.ts'
import { fileProblem } from './file-problem.ts'
import { GLOBAL_OPTIONS } from './global-options.ts'
import { HTTP_OPTIONS } from './http-sender-options.ts'
import type { ParsedArgs } from './parsed-args.ts'

const CONFIG_OPTION: OptionRow = {
  name: 'config',
  short: 'c',
  kind: 'text',
  value: 'FILE',
  env: 'LOGCASTER_CONFIG',
  help: 'YAML file with options',
}

const KIND_OF_FORM: Readonly<Record<DeclaredOption['kind']['form'], OptionKind>> = {
  one: 'text',
  list: 'list',
  switch: 'switch',
  reference: 'text',
}

/** --config and one option for everything that can be configured. */
export const CONFIG_OPTIONS: readonly OptionRow[] = [CONFIG_OPTION, ...OPTIONS.map(rowOf)]

/** Variables with our prefix that are the command line's own. */
export const CLI_VARIABLES: readonly string[] = [
  ...Object.values(GLOBAL_OPTIONS).flat(),
  ...HTTP_OPTIONS,
  CONFIG_OPTION,
].flatMap(({ env }) => env ?? [])

function rowOf({ path, flag, short, kind, help, default: texts }: DeclaredOption): OptionRow {
  const value = texts === undefined || texts.length === 0 ? '' : ` (default ${texts.join(',')})`
  return {
    name: flag,
    short,
    kind: KIND_OF_FORM[kind.form],
    value: valueNameOf(kind),
    offers: wordsOf(kind),
    help: `${firstSentence(help)}${value}`,
    isRare: isRare(path),
  }
}

/** Shells complete a PATH with files. */
function valueNameOf({ name, unit }: DeclaredOption['kind']): string {
  if (unit !== '') return unit.toUpperCase()
  return name === 'path' ? 'PATH' : 'VALUE'
}

/** The words of a kind that has only a few. */
function wordsOf({ schema }: DeclaredOption['kind']): readonly string[] | undefined {
  const words = schema['enum']
  return Array.isArray(words) ? words.map(String) : undefined
}

/** Help shows what a first hour needs; the reference shows all. */
function isRare(path: string): boolean {
  return path.includes('.') && !path.endsWith('.listen') && !path.startsWith('ownLog.')
}

function firstSentence(text: string): string {
  const sentence = text.replaceAll('`', '').split('. ')[0].replace(/\.$/, '')
  return sentence[0].toLowerCase() + sentence.slice(1)
}

/** What `loadConfig` and `checkConfig` take. CONFIG_INVALID when the file cannot be read. */
export async function configInput(io: CliIo, args: ParsedArgs): Promise<ConfigInput> {
  // The servers are loaded by commands that have to do with one only.
  const { PROTOCOL_NAMES } = await import('../program/program.ts')
  return {
    file: await readConfigFile(io, args.text(CONFIG_OPTION.name)),
    env: io.env,
    flags: flagsOf(args),
    readFile: (path) => io.readTextSync(path),
    ignoredEnv: CLI_VARIABLES,
    protocols: PROTOCOL_NAMES,
    machine: io.machine,
  }
}

/** The configuration of this command line. CONFIG_INVALID. */
export async function loadCliConfig(io: CliIo, args: ParsedArgs): Promise<LoadedConfig> {
  return loadConfig(await configInput(io, args))
}

async function readConfigFile(io: CliIo, path: string | undefined): Promise<ConfigFile | undefined> {
  if (path === undefined) return undefined
  try {
    return { path, text: Buffer.from(await io.readFile(path)).toString() }
  } catch (cause) {
    throw new CodedError('CONFIG_INVALID', fileProblem(path, cause), { cause })
  }
}

function flagsOf(args: ParsedArgs): Flags {
  const given = OPTIONS.filter(({ flag }) => args.flag(flag))
  return Object.fromEntries(
    given.map(({ flag, kind }) => [flag, kind.form === 'list' ? args.list(flag) : args.text(flag)]),
  )
}
