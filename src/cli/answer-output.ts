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
    for (const { kind } of items) if (kind === 'row') rowCount++
    hear(items)
    await context.out.write(printer.printAll(items))
  }
  return rowCount
}
