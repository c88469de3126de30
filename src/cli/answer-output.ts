/** An answer of the query port, printed as it comes. */
import type { CommandContext } from './command.ts'
import { EXIT_DONE, EXIT_INTERRUPTED, EXIT_PARTIAL } from './exit-codes.ts'
import { type AnswerItem, askQueryPort } from './text-query.ts'

export interface AnswerPrinter {
  /** The bytes for stdout. */
  printAll(items: readonly AnswerItem[]): Uint8Array
}

export interface PrintedAnswer {
  readonly rowCount: number
  /** Records that could not be read are missing in it. */
  readonly isPartial: boolean
}

/**
 * Sends `request`, prints the rows of the answer, and says which records are missing in it. `hear` gets every group of
 * items before its rows are printed. Fails as `askQueryPort` does.
 */
export async function printAnswer(
  context: CommandContext,
  request: string,
  printer: AnswerPrinter,
  hear: (items: readonly AnswerItem[]) => void = () => {},
): Promise<PrintedAnswer> {
  let rowCount = 0
  let isPartial = false
  for await (const items of askQueryPort(context, request)) {
    for (const item of items) {
      if (item.kind === 'row') rowCount++
      if (item.kind !== 'missing') continue
      isPartial = true
      context.messages.problem(missingText(item))
    }
    hear(items)
    await context.out.write(printer.printAll(items))
  }
  return { rowCount, isPartial }
}

/** The exit code of a command whose answer was printed. */
export function exitCodeOfAnswer({ interrupted }: CommandContext, { isPartial }: PrintedAnswer): number {
  if (interrupted.aborted) return EXIT_INTERRUPTED
  return isPartial ? EXIT_PARTIAL : EXIT_DONE
}

/** The answer is not all that was stored. */
function missingText({ fromId, toId, reason }: Extract<AnswerItem, { kind: 'missing' }>): string {
  return `The records ${fromId} to ${toId} could not be read, and are not in the answer: ${reason}`
}
