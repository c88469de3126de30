/**
 * The line that says how far a query is that takes its time: asked of the server now and then, over a connection of its
 * own, drawn over on stderr, gone before the answer is printed.
 */
import type { CommandContext } from '../command.ts'
import { printNumber } from '../progress.ts'
import { printSize } from '../size.ts'
import { rowsOf } from './look-up.ts'

const FIRST_MS = 500
const NEXT_MS = 400
const ASK_MS = 1000
const CLEAR_LINE = '\r\x1b[K'

/** Shows until the function is called that it answers. */
export function watchQuery(context: CommandContext): () => void {
  const { io } = context
  const startMs = io.clock.monotonicMs()
  let isOver = false
  let isShown = false
  let cancel = io.clock.after(FIRST_MS, () => void look())
  const look = async (): Promise<void> => {
    const running = await rowsOf(context, 'QUERY|PROGRESS|', ASK_MS)
    if (isOver) return
    const seconds = ((io.clock.monotonicMs() - startMs) / 1000).toFixed(1)
    io.stderr.write(`${CLEAR_LINE}${progressLine(running, seconds).slice(0, (io.stderr.columns ?? 80) - 1)}`)
    isShown = true
    cancel = io.clock.after(NEXT_MS, () => void look())
  }
  return () => {
    if (isOver) return
    isOver = true
    cancel()
    if (isShown) io.stderr.write(CLEAR_LINE)
  }
}

type Row = Readonly<Record<string, unknown>>

/** `2.1 s  40 % of 5,000,000 records, 42.4 MB  Ctrl+C stops`; the query of this address that began first. */
function progressLine(running: readonly Row[], seconds: string): string {
  const words = [`${seconds} s`]
  const [query] = running
  const all = numberIn(query, 'recordsAll')
  if (all > 0) {
    const share = Math.floor((100 * numberIn(query, 'recordsDone')) / all)
    words.push(`${share} % of ${printNumber(all)} records, ${printSize(numberIn(query, 'bytesAll'))}`)
  }
  return [...words, 'Ctrl+C stops'].join('  ')
}

function numberIn(row: Row | undefined, name: string): number {
  const value = row?.[name]
  return typeof value === 'number' ? value : 0
}
