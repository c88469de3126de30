/** Tables for people: columns aligned, words to the left and figures to the right, and no byte that acts on a terminal. */
import { terminalSafe } from './terminal.ts'

export interface TableColumn {
  readonly title: string
  readonly align: 'left' | 'right'
}

/** Lines, each with its line feed; nothing but the titles where there are no rows. */
export function printTable(columns: readonly TableColumn[], rows: readonly (readonly string[])[]): string {
  const lines = [columns.map(({ title }) => title), ...rows].map((row) => row.map(terminalSafe))
  const widths = columns.map((_, at) => lines.reduce((widest, row) => Math.max(widest, row[at].length), 0))
  const cellOf = (text: string, at: number): string =>
    columns[at].align === 'left' ? text.padEnd(widths[at]) : text.padStart(widths[at])
  return lines.map((row) => `${row.map(cellOf).join('  ').trimEnd()}\n`).join('')
}
