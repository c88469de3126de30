/**
 * What a command is: one row of plain data plus `run`. The parser of arguments, `--help`, suggestions, the checks and
 * docs/cli.md all read this row; nothing about a command stands in a second place.
 */

import type { CliIo } from './cli-io.ts'
import type { Messages } from './messages.ts'
import type { Output } from './output.ts'
import type { ParsedArgs } from './parsed-args.ts'

export interface Command {
  readonly name: string
  /** One line, without a full stop. */
  readonly summary: string
  /** Shown first, because people copy them. */
  readonly examples: readonly Example[]
  /** Paragraphs below the options. */
  readonly notes?: readonly string[]
  /** Groups of global options that mean something here; the others are refused. `general` always does. */
  readonly uses: readonly OptionGroup[]
  readonly options: readonly OptionRow[]
  readonly positionals: readonly PositionalRow[]
  /** The command handles SIGINT itself; otherwise the first Ctrl+C aborts `interrupted`. */
  readonly ownsSignals?: true
  /** Resolves with the exit code; rejects with a CodedError. */
  run(context: CommandContext): Promise<number>
}

export interface Example {
  readonly line: string
  readonly what: string
}

export type OptionGroup = 'general' | 'connection' | 'output'

/**
 * `flag` takes no value. `switch` may take one: `--x` is true, `--x=false` and `--no-x` are false. `list` is text that
 * may be given more than once.
 */
export type OptionKind = 'flag' | 'switch' | 'text' | 'list' | 'integer' | 'choice'

export interface OptionRow {
  /** Without the two dashes. */
  readonly name: string
  /** One letter. */
  readonly short?: string
  readonly kind: OptionKind
  /** What stands for the value in help, `FILE`. */
  readonly value?: string
  readonly choices?: readonly string[]
  /** Values that shells offer although others may be right too, or are checked elsewhere. */
  readonly offers?: readonly string[]
  readonly min?: number
  readonly max?: number
  /** Used when neither the option nor its variable is given. */
  readonly default?: string
  /** Environment variable that is read when the option is not given. */
  readonly env?: string
  readonly help: string
  /** Left out of --help. */
  readonly isRare?: boolean
  /** No message repeats what was given. */
  readonly isSecret?: boolean
}

export interface PositionalRow {
  /** In capitals, as help shows it. */
  readonly name: string
  readonly help: string
  readonly required: boolean
  readonly many: boolean
  /** Set when such words may well begin with a dash: what they are, for the message about an unknown option. */
  readonly dashMeaning?: string
  readonly choices?: readonly string[]
}

export interface CommandContext {
  readonly io: CliIo
  readonly args: ParsedArgs
  /** stdout: data. */
  readonly out: Output
  /** stderr: everything that is not data. */
  readonly messages: Messages
  /** The first Ctrl+C. */
  readonly interrupted: AbortSignal
  /** The second Ctrl+C: end at once. */
  readonly abandoned: AbortSignal
}
