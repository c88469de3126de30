/**
 * What a shell may offer after `logcaster`, from the rows of the commands; the scripts of all shells are printed from
 * this. Nothing here names a command or an option.
 */
import { optionsOf, valueName } from '../arguments.ts'
import type { Command, OptionRow } from '../command.ts'

export interface Completion {
  readonly commands: readonly CommandWords[]
  /** Options that need no command, because one is meant where none stands. */
  readonly options: readonly OptionWords[]
}

export interface CommandWords {
  readonly name: string
  readonly summary: string
  readonly options: readonly OptionWords[]
  /** Words that may follow, where they are known. */
  readonly words: readonly string[]
  readonly takesFiles: boolean
}

export interface OptionWords {
  /** `--name`, and what stands for the same: `-n`, `--no-name`. */
  readonly names: readonly string[]
  readonly help: string
  readonly value: ValueWords | null
}

export interface ValueWords {
  /** What stands for it in help. */
  readonly name: string
  readonly choices: readonly string[]
  readonly isFile: boolean
}

export function completionOf(commands: readonly Command[], fallback: Command): Completion {
  return { commands: commands.map(commandWords), options: optionsOf(fallback).map(optionWords) }
}

function commandWords(command: Command): CommandWords {
  const { name, summary, positionals } = command
  return {
    name,
    summary,
    options: optionsOf(command).map(optionWords),
    words: positionals.flatMap(({ choices }) => choices ?? []),
    takesFiles: positionals.some((row) => isFileName(row.name)),
  }
}

function optionWords(option: OptionRow): OptionWords {
  const { name, short, kind, help, choices = option.offers ?? [] } = option
  const takesValue = kind !== 'flag' && kind !== 'switch'
  const shown = valueName(option)
  return {
    names: [
      `--${name}`,
      ...(short === undefined ? [] : [`-${short}`]),
      ...(kind === 'switch' ? [`--no-${name}`] : []),
    ],
    help,
    value: takesValue ? { name: shown, choices, isFile: isFileName(shown) } : null,
  }
}

/** How the rows name what is a file or a directory. */
const isFileName = (name: string): boolean => /^(FILE|PATH|DIR|DIRECTORY)$/.test(name)
