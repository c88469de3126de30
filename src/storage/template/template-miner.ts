/**
 * Mines the templates of a column of text: which static text the rows share, and where the variables of each row lie.
 * The whole of one block at once; the result says how every row comes back exactly: the text of its template with its
 * variables in the slots. A row that is not worth a template is PLAIN.
 *
 *   rows                                   templates            variables
 *   session opened for user root id 7      0                    7
 *   session opened for user root id 8      0                    8
 *   nothing like it                        PLAIN
 *
 * A sample of the rows, taken evenly, says first what to expect (template-learner.ts): texts that explode under the
 * narrow reading, words that are variables, or nothing to win at all, and then no row is looked at again.
 *
 * Invariants: the same rows give the same result, wherever they lie in memory and whatever the key. Templates are
 * numbered by their rows, most first, then by their first row. There are no more of them than one in eight rows, nor
 * than TEMPLATES_BLOCK_MAX; the rarest give way. Time and memory grow with the bytes, whatever they hold.
 *
 * Not here: interning of values (value-interner.ts), the list of a part (template-dictionary.ts).
 */
import type { Random } from '../../base/base.ts'
import { createHashKey } from './keyed-hash.ts'
import { PLAIN, TEMPLATES_BLOCK_MAX, type Template } from './template.ts'
import { TemplateDictionary } from './template-dictionary.ts'
import { TemplateLearner } from './template-learner.ts'
import { type TextColumn, TextReader } from './text-reader.ts'

/** Variables lie in memory of the miner: good until it mines again. The rest is the caller's. */
export interface MinedColumn {
  readonly templates: readonly Template[]
  /** By template: how many rows have it. */
  readonly rowCounts: Uint32Array
  /** By row: the number of its template, or PLAIN. */
  readonly rowTemplates: Uint32Array
  /** Spans of the column's data, row after row; a row has as many as its template has slots. */
  readonly variableStarts: Uint32Array
  readonly variableEnds: Uint32Array
}

const ROWS_PER_TEMPLATE_MIN = 8
/** Templates that are tried for each one that may be kept, beside those that the sample taught. */
const TRIED_PER_KEPT = 4
/** Variables of a block; rows behind them are plain. */
const VARIABLES_MAX = 1 << 21
/** Static text of a block's templates, in sum. */
const TEXT_BYTES_MAX = 1 << 20
/** Columns of a template with more slots than this for each of its rows cost more than they save. */
const SLOTS_PER_ROW_MAX = 32
/** Where fewer rows have a template, the column is plain as a whole. */
const TEMPLATED_SHARE_MIN = 1 / 8

/** A template as it was found: `row` is the first of its rows, whose variables begin at `variable`. */
interface Find {
  readonly row: number
  readonly variable: number
  readonly slotCount: number
  rows: number
  number: number
}

export class TemplateMiner {
  readonly #reader: TextReader
  readonly #sampleReader: TextReader
  readonly #learner: TemplateLearner

  constructor(random: Random) {
    const key = createHashKey(random)
    this.#reader = new TextReader(key)
    this.#sampleReader = new TextReader(key)
    this.#learner = new TemplateLearner(random)
  }

  mine(column: TextColumn, rowCount: number): MinedColumn {
    const reader = this.#reader
    reader.reset(column.data)
    this.#sampleReader.reset(column.data)
    if (!this.#learner.teach(this.#sampleReader, reader, column, rowCount)) return nothingMined(rowCount)
    const rowFinds = new Uint32Array(rowCount)
    const finds = readRows(reader, column, rowCount, rowFinds)
    const templates = chooseTemplates(finds, reader, column, rowCount)
    const rowCounts = new Uint32Array(templates.length)
    for (const { number, rows } of finds) if (number !== PLAIN) rowCounts[number] += rows
    if (rowCounts.reduce((sum, rows) => sum + rows, 0) < rowCount * TEMPLATED_SHARE_MIN)
      return nothingMined(rowCount)
    keepChosen(finds, rowFinds, reader)
    const { starts, ends, count } = reader.spans
    return {
      templates,
      rowCounts,
      rowTemplates: rowFinds,
      variableStarts: starts.subarray(0, count),
      variableEnds: ends.subarray(0, count),
    }
  }
}

function nothingMined(rowCount: number): MinedColumn {
  return {
    templates: [],
    rowCounts: new Uint32Array(0),
    rowTemplates: new Uint32Array(rowCount).fill(PLAIN),
    variableStarts: new Uint32Array(0),
    variableEnds: new Uint32Array(0),
  }
}

const keptMax = (rowCount: number): number =>
  Math.min(TEMPLATES_BLOCK_MAX, Math.floor(rowCount / ROWS_PER_TEMPLATE_MIN))

/** Reads all rows; `rowFinds` gets the number of each row's find, or PLAIN. */
function readRows(reader: TextReader, column: TextColumn, rowCount: number, rowFinds: Uint32Array): Find[] {
  const { starts, lengths } = column
  const { spans } = reader
  const triedMax = keptMax(rowCount) * TRIED_PER_KEPT
  const finds: Find[] = []
  /** By node of the trie: the number of its find + 1. */
  let findOfNode = new Uint32Array(4096)
  for (let row = 0; row < rowCount; row++) {
    const variable = spans.count
    const node =
      variable < VARIABLES_MAX
        ? reader.read(starts[row], starts[row] + lengths[row], finds.length < triedMax)
        : -1
    if (node >= findOfNode.length) findOfNode = grown(findOfNode, node)
    if (node < 0) {
      rowFinds[row] = PLAIN
      spans.count = variable
      continue
    }
    let find = findOfNode[node]
    if (find === 0) {
      const slotCount = spans.count - variable
      find = findOfNode[node] = finds.push({ row, variable, slotCount, rows: 0, number: PLAIN })
    }
    rowFinds[row] = find - 1
    finds[find - 1].rows++
  }
  return finds
}

function grown(numbers: Uint32Array, index: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(Math.max(index + 1, numbers.length * 2))
  larger.set(numbers)
  return larger
}

/** Numbers the finds that are worth it. Two finds get one number where both readings led to the same template. */
function chooseTemplates(
  finds: readonly Find[],
  reader: TextReader,
  column: TextColumn,
  rowCount: number,
): readonly Template[] {
  const chosen = new TemplateDictionary(keptMax(rowCount))
  let textBytes = 0
  for (const find of [...finds].sort((a, b) => b.rows - a.rows || a.row - b.row)) {
    if (find.slotCount > find.rows * SLOTS_PER_ROW_MAX) continue
    const template = templateOf(find, reader, column)
    textBytes += template.text.length
    if (textBytes > TEXT_BYTES_MAX) break
    find.number = chosen.add(template)
    if (find.number === PLAIN) break
  }
  return chosen.list()
}

function templateOf({ row, variable, slotCount }: Find, reader: TextReader, column: TextColumn): Template {
  const { starts, ends } = reader.spans
  const { data } = column
  const rowEnd = column.starts[row] + column.lengths[row]
  const text = new Uint8Array(column.lengths[row])
  const slots = new Uint32Array(slotCount)
  let from = column.starts[row]
  let length = 0
  for (let slot = 0; slot < slotCount; slot++) {
    const to = starts[variable + slot]
    text.set(data.subarray(from, to), length)
    length += to - from
    slots[slot] = length
    from = ends[variable + slot]
  }
  text.set(data.subarray(from, rowEnd), length)
  return { text: text.slice(0, length + rowEnd - from), slots }
}

/** Turns numbers of finds into those of templates, and closes the gaps that variables of plain rows leave. */
function keepChosen(finds: readonly Find[], rowFinds: Uint32Array, { spans }: TextReader): void {
  const { starts, ends } = spans
  let from = 0
  let count = 0
  for (let row = 0; row < rowFinds.length; row++) {
    if (rowFinds[row] === PLAIN) continue
    const { slotCount, number } = finds[rowFinds[row]]
    rowFinds[row] = number
    if (number !== PLAIN) {
      if (from !== count) {
        starts.copyWithin(count, from, from + slotCount)
        ends.copyWithin(count, from, from + slotCount)
      }
      count += slotCount
    }
    from += slotCount
  }
  spans.count = count
}
