/**
 * Colours for the query that is being typed: after each key the line is written over with the same characters in
 * colour, and the cursor put back. A line that is longer than the terminal is wide stays as it is.
 */
import { clearLine, cursorTo, type Interface } from 'node:readline'
import type { Writable } from 'node:stream'
import { type HighlightKind, highlightQuery } from '../../query/query.ts'
import type { Painter, Style } from '../terminal.ts'

const STYLES: Readonly<Partial<Record<HighlightKind, Style>>> = {
  bad: ['red', 'underline'],
  comment: 'gray',
  field: 'cyan',
  function: 'blue',
  keyword: 'magenta',
  number: 'yellow',
  operator: 'gray',
  pipe: ['bold', 'magenta'],
  string: 'green',
}
const SHOWN_AS_IT_IS = /^[^\p{Cc}\p{Cf}\p{Cs}]*$/u

/** The query with colours; the text itself where there is something in it that a terminal would act on. */
function paintQuery(text: string, paint: Painter): string {
  if (!SHOWN_AS_IT_IS.test(text)) return text
  let painted = ''
  let at = 0
  for (const { kind, start, end } of highlightQuery(text)) {
    const style = STYLES[kind]
    const piece = text.slice(start, end)
    painted += text.slice(at, start) + (style === undefined ? piece : paint(style, piece))
    at = end
  }
  return painted + text.slice(at)
}

export interface PaintedTerminal extends Writable {
  readonly columns?: number
}

/** Paints what stands behind a prompt of `promptColumns`, after every key, while `isTyping`. */
export function paintLines(
  input: NodeJS.EventEmitter,
  output: PaintedTerminal,
  lines: Interface,
  { promptColumns, paint, isTyping }: { promptColumns: number; paint: Painter; isTyping: () => boolean },
): void {
  const repaint = (): void => {
    const { line } = lines
    const { rows, cols } = lines.getCursorPos()
    // Two columns for each unit is the most that a line can take.
    const mayWrap = promptColumns + 2 * line.length >= (output.columns ?? 80)
    if (!isTyping() || line === '' || line.startsWith('.') || rows > 0 || mayWrap) return
    cursorTo(output, promptColumns)
    output.write(paintQuery(line, paint))
    clearLine(output, 1)
    cursorTo(output, cols)
  }
  input.on('keypress', () => setImmediate(repaint))
}
