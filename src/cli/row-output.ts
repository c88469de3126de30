/** What the options and the terminal say about the form of rows, for every command that prints rows. */

import type { CommandContext } from './command.ts'
import type { ParsedArgs } from './parsed-args.ts'
import { type RowFormat, RowPrinter } from './row-printer.ts'
import { type ColorChoice, type Painter, paint, paintNothing, wantsColor } from './terminal.ts'

/** `auto` is table for eyes and json for programs. */
export function rowFormatOf({ args, out }: CommandContext): RowFormat {
  if (args.flag('json')) return 'json'
  const format = args.text('output')
  if (format === 'table' || format === 'raw' || format === 'json') return format
  return out.isTerminal ? 'table' : 'json'
}

export function printerOf(context: CommandContext): RowPrinter {
  const { isTerminal } = context.out
  return new RowPrinter({ format: rowFormatOf(context), isTerminal, paint: painterOf(context) })
}

/** Whether --json or -o json was given: for commands whose `auto` is text everywhere. */
export function isJsonWanted(args: ParsedArgs): boolean {
  return args.flag('json') || args.text('output') === 'json'
}

/** Whether a person sits at both ends. */
export function isInteractive({ io, out }: CommandContext): boolean {
  return io.stdin.isTTY === true && out.isTerminal
}

/** Colours for stdout, or none. */
export function painterOf({ args, io, out }: Pick<CommandContext, 'args' | 'io' | 'out'>): Painter {
  return wantsColor(colorChoiceOf(args), io.env, out.isTerminal) ? paint : paintNothing
}

export function colorChoiceOf(args: ParsedArgs): ColorChoice {
  const choice = args.text('color')
  return choice === 'always' || choice === 'never' ? choice : 'auto'
}
