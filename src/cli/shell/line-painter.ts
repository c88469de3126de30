/**
 * Colours for the query that is being typed: after each key the line is written over with the same characters in
 * colour, and the cursor put back, also where the line goes over several rows. A line that does not fit on the screen
 * stays as it is.
 */
import { clearLine, cursorTo, type Interface, moveCursor } from 'node:readline'
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

/** The query with colours. */
function paintQuery(text: string, paint: Painter): string {
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
  readonly rows?: number
}

const ROWS_DEFAULT = 24

/** Paints what stands behind a prompt of `promptColumns`, after every key, while `isTyping`. */
export function paintLines(
  input: NodeJS.EventEmitter,
  output: PaintedTerminal,
  lines: Interface,
  { promptColumns, paint, isTyping }: { promptColumns: number; paint: Painter; isTyping: () => boolean },
): void {
  const repaint = (): void => {
    const { line } = lines
    if (!isTyping() || line === '' || line.startsWith('.') || !SHOWN_AS_IT_IS.test(line)) return
    const cursor = lines.getCursorPos()
    const end = endOf(lines)
    if (end.rows >= (output.rows ?? ROWS_DEFAULT)) return
    moveCursor(output, 0, -cursor.rows)
    cursorTo(output, promptColumns)
    output.write(paintQuery(line, paint))
    // Behind a full row a terminal goes to the next one only with the next character.
    if (end.cols === 0) output.write(' ')
    clearLine(output, 1)
    moveCursor(output, 0, cursor.rows - end.rows)
    cursorTo(output, cursor.cols)
  }
  input.on('keypress', () => setImmediate(repaint))
}

/** Where the line ends, counted from the row of its prompt: what readline tells of the cursor, put there for a moment. */
function endOf(lines: Interface): { readonly rows: number; readonly cols: number } {
  const movable: { cursor: number } = lines
  const { cursor } = lines
  movable.cursor = lines.line.length
  try {
    return lines.getCursorPos()
  } finally {
    movable.cursor = cursor
  }
}
