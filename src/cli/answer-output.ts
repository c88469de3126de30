/** An answer of the query port, printed as it comes. */
import type { CommandContext } from './command.ts'
import type { RowPrinter } from './row-printer.ts'
import { type AnswerItem, askQueryPort } from './text-query.ts'

/**
 * Sends `request` and prints the rows of the answer; resolves with their number. `hear` gets every group of items
 * before its rows are printed. Fails as `askQueryPort` does.
 */
export async function printAnswer(
  context: CommandContext,
  request: string,
  printer: RowPrinter,
  hear: (items: readonly AnswerItem[]) => void = () => {},
): Promise<number> {
  let rowCount = 0
  for await (const items of askQueryPort(context, request)) {
    for (const item of items) {
      if (item.kind === 'row') rowCount++
      if (item.kind === 'missing') context.messages.problem(missingText(item))
    }
    hear(items)
    await context.out.write(printer.printAll(items))
  }
  return rowCount
}

/** The answer is not all that was stored. */
function missingText({ fromId, toId, reason }: Extract<AnswerItem, { kind: 'missing' }>): string {
  return `The records ${fromId} to ${toId} could not be read, and are not in the answer: ${reason}`
}
