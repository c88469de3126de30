/**
 * Rows as CSV (RFC 4180, with line feeds): a line of names, then a line for each row, every value a text. What has a
 * comma, a quote or a line end in it stands in quotes. Log text is hostile, and CSV is looked at in terminals: control
 * characters but tab and line ends show as `\u001b`.
 */
const QUOTED = /[",\r\n]|^\s|\s$/
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g

/** Without a line end. */
function csvLine(texts: readonly string[]): string {
  return texts.map(csvCell).join(',')
}

function csvCell(text: string): string {
  const inert = text.replace(
    CONTROL,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return QUOTED.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert
}

/** Rows that are looked at for the order of columns. */
const ORDER_ROWS_MAX = 100

/** The lines of rows, the one with the names first; without any row or any name there is none. */
export async function* csvLines(
  rows: AsyncIterable<ReadonlyMap<string, string>>,
  names: readonly string[],
): AsyncGenerator<string, void> {
  const first: ReadonlyMap<string, string>[] = []
  let columns: readonly string[] | null = null
  for await (const row of rows) {
    if (columns !== null) {
      yield lineOf(row, columns)
      continue
    }
    first.push(row)
    if (first.length < ORDER_ROWS_MAX) continue
    columns = csvColumns(first, names)
    yield* linesOf(first, columns)
  }
  if (columns === null) yield* linesOf(first, csvColumns(first, names))
}

/** In the order of the row that has most of them; behind these the others, in their own. */
function csvColumns(
  first: readonly ReadonlyMap<string, string>[],
  names: readonly string[],
): readonly string[] {
  let longest = new Map<string, string>() as ReadonlyMap<string, string>
  for (const row of first) if (row.size > longest.size) longest = row
  return [...new Set([...longest.keys(), ...names])]
}

function* linesOf(
  rows: readonly ReadonlyMap<string, string>[],
  columns: readonly string[],
): Generator<string, void> {
  if (rows.length === 0 || columns.length === 0) return
  yield csvLine(columns)
  for (const row of rows) yield lineOf(row, columns)
}

function lineOf(row: ReadonlyMap<string, string>, columns: readonly string[]): string {
  return csvLine(columns.map((name) => row.get(name) ?? ''))
}
