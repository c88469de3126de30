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
 * Invariants: the same rows give the same result, wherever they lie in memory and whatever the key, after the same
 * blocks of the part. Templates are numbered by their rows, most first, then by their first row. There are no more of
 * them than TEMPLATES_BLOCK_MAX, nor more that the part does not know than one in eight rows; the rarest give way. Time
 * and memory grow with the bytes, whatever they hold.
 *
 * Not here: interning of values (value-interner.ts), the list of a part (template-dictionary.ts).
 */
import type { Random } from '../../base/base.ts'
import { createHashKey } from './keyed-hash.ts'
import { KnownTemplates } from './known-templates.ts'
import { PLAIN, TEMPLATES_BLOCK_MAX, type Template } from './template.ts'
import { TemplateLearner } from './template-learner.ts'
import { TemplateTrie } from './template-trie.ts'
import type { KernelMemory, TextKernel } from './text-kernel.ts'
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

export interface MinedBlock extends MinedColumn {
  /** By template: its number in the list of what is known. */
  readonly numbers: Uint32Array
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
  /** Its last node in the trie. */
  readonly node: number
  readonly row: number
  readonly variable: number
  readonly slotCount: number
  rows: number
  /** In the block, or PLAIN. */
  number: number
}

export class TemplateMiner {
  readonly #reader: TextReader
  readonly #sampleReader: TextReader
  readonly #sampleTrie: TemplateTrie
  readonly #own: KnownTemplates
  readonly #learner: TemplateLearner
  readonly #kernel: TextKernel | null

  /** With a kernel, columns whose data it has are read by it. */
  constructor(random: Random, kernel: TextKernel | null = null) {
    this.#kernel = kernel
    this.#own = new KnownTemplates(random)
    this.#sampleTrie = new TemplateTrie(createHashKey(random))
    this.#reader = new TextReader(this.#own.trie)
    this.#sampleReader = new TextReader(this.#sampleTrie)
    this.#learner = new TemplateLearner(random)
  }

  /** `known`: what the part knows of this column; it learns the block's templates. Without it each block is the first. */
  mine(column: TextColumn, rowCount: number, known?: KnownTemplates): MinedBlock {
    if (known !== undefined) return this.#mine(column, rowCount, known)
    this.#own.forget()
    return this.#mine(column, rowCount, this.#own)
  }

  #mine(column: TextColumn, rowCount: number, known: KnownTemplates): MinedBlock {
    const reader = this.#reader
    known.makeRoom()
    reader.begin(column.data, known.trie)
    this.#sampleTrie.reset()
    this.#sampleReader.begin(column.data, this.#sampleTrie)
    if (!this.#learner.teach(this.#sampleReader, reader, column, rowCount, known))
      return nothingMined(rowCount)
    const rowFinds = new Uint32Array(rowCount)
    const kernel = this.#kernel?.memoryOf(column.data) ?? null
    const finds = readRows(reader, column, rowCount, rowFinds, kernel)
    const kept = chooseFinds(finds, reader, column, rowCount, known)
    const rowsKept = kept.reduce((sum, { rows }) => sum + rows, 0)
    if (rowsKept < rowCount * TEMPLATED_SHARE_MIN) return nothingMined(rowCount)
    const { numbers, rowCounts } = numberFinds(kept, reader, column, known)
    keepChosen(finds, rowFinds, reader)
    const { starts, ends, count } = reader.spans
    return {
      templates: Array.from(numbers, (number) => known.list()[number]),
      numbers,
      rowCounts,
      rowTemplates: rowFinds,
      variableStarts: starts.subarray(0, count),
      variableEnds: ends.subarray(0, count),
    }
  }
}

function nothingMined(rowCount: number): MinedBlock {
  return {
    templates: [],
    numbers: new Uint32Array(0),
    rowCounts: new Uint32Array(0),
    rowTemplates: new Uint32Array(rowCount).fill(PLAIN),
    variableStarts: new Uint32Array(0),
    variableEnds: new Uint32Array(0),
  }
}

const keptMax = (rowCount: number): number =>
  Math.min(TEMPLATES_BLOCK_MAX, Math.floor(rowCount / ROWS_PER_TEMPLATE_MIN))

/** Rows of a call: what is called often is compiled once, a loop over a whole block anew for every block. */
const READ_ROWS = 1024
/** Of so many rows that the kernel does not know it is not asked for a while. */
const MISSES_MAX = READ_ROWS / 4
const PAUSE_MAX = 16

/** What is found while the rows of a column are read. */
class FindList {
  readonly finds: Find[] = []
  readonly #reader: TextReader
  readonly #column: TextColumn
  readonly #rowFinds: Uint32Array
  readonly #triedMax: number
  /** By node of the trie: the number of its find + 1. */
  #findOfNode = new Uint32Array(4096)

  constructor(reader: TextReader, column: TextColumn, rowFinds: Uint32Array) {
    this.#reader = reader
    this.#column = column
    this.#rowFinds = rowFinds
    this.#triedMax = keptMax(rowFinds.length) * TRIED_PER_KEPT
  }

  /** Rows are the kernel's from here on. */
  beginKernel(kernel: KernelMemory): void {
    const { spans, trie } = this.#reader
    spans.begin(kernel.variableStarts, kernel.variableEnds)
    kernel.trie.begin(trie)
  }

  /** How many rows the kernel did not know. */
  readByKernel(kernel: KernelMemory, from: number, to: number): number {
    const { starts, lengths } = this.#column
    const { spans } = this.#reader
    const rowFinds = this.#rowFinds
    kernel.setRows(starts.subarray(from, to), lengths.subarray(from, to))
    let misses = 0
    for (let row = from; row < to; row++) {
      const known = from + kernel.readRows(row - from, to - from, spans.count)
      this.#note(kernel, from, row, known)
      spans.count = kernel.variableCount
      row = known
      if (row === to) break
      misses++
      this.read(row, row + 1)
      if (rowFinds[row] !== PLAIN) kernel.trie.learn(this.finds[rowFinds[row]].node)
    }
    return misses
  }

  /** Notes the finds of rows that the kernel has read; `first` is the row of its first number. */
  #note(
    { rowNumbers, rowVariables, variableCount }: KernelMemory,
    first: number,
    from: number,
    to: number,
  ): void {
    const { finds } = this
    const rowFinds = this.#rowFinds
    for (let row = from; row < to; row++) {
      const node = rowNumbers[row - first]
      if (node < 0) {
        rowFinds[row] = PLAIN
        continue
      }
      if (node >= this.#findOfNode.length) this.#findOfNode = grown(this.#findOfNode, node)
      let find = this.#findOfNode[node]
      if (find === 0) {
        const variable = rowVariables[row - first]
        const end = row + 1 < to ? rowVariables[row + 1 - first] : variableCount
        find = this.#findOfNode[node] = finds.push({
          ...{ node, row, variable, slotCount: end - variable },
          ...{ rows: 0, number: PLAIN },
        })
      }
      rowFinds[row] = find - 1
      finds[find - 1].rows++
    }
  }

  read(from: number, to: number): void {
    const { starts, lengths } = this.#column
    const { finds } = this
    const reader = this.#reader
    const { spans } = reader
    const rowFinds = this.#rowFinds
    const triedMax = this.#triedMax
    let findOfNode = this.#findOfNode
    for (let row = from; row < to; row++) {
      const variable = spans.count
      const node =
        variable < VARIABLES_MAX
          ? reader.read(starts[row], starts[row] + lengths[row], finds.length < triedMax)
          : -1
      if (node >= findOfNode.length) findOfNode = this.#findOfNode = grown(findOfNode, node)
      if (node < 0) {
        rowFinds[row] = PLAIN
        spans.count = variable
        continue
      }
      let find = findOfNode[node]
      if (find === 0) {
        const slotCount = spans.count - variable
        find = findOfNode[node] = finds.push({ node, row, variable, slotCount, rows: 0, number: PLAIN })
      }
      rowFinds[row] = find - 1
      finds[find - 1].rows++
    }
  }
}

/** Reads all rows; `rowFinds` gets the number of each row's find, or PLAIN. */
function readRows(
  reader: TextReader,
  column: TextColumn,
  rowCount: number,
  rowFinds: Uint32Array,
  kernel: KernelMemory | null,
): Find[] {
  const list = new FindList(reader, column, rowFinds)
  if (kernel !== null) list.beginKernel(kernel)
  let pause = 0
  let nextPause = 1
  for (let row = 0; row < rowCount; row += READ_ROWS) {
    const to = Math.min(rowCount, row + READ_ROWS)
    if (kernel === null || pause-- > 0) {
      list.read(row, to)
      continue
    }
    const misses = list.readByKernel(kernel, row, to)
    pause = misses > MISSES_MAX ? nextPause : 0
    nextPause = misses > MISSES_MAX ? Math.min(nextPause * 2, PAUSE_MAX) : 1
  }
  return list.finds
}

function grown(numbers: Uint32Array, index: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(Math.max(index + 1, numbers.length * 2))
  larger.set(numbers)
  return larger
}

/** The finds that are worth it, in the order of their numbers. */
function chooseFinds(
  finds: readonly Find[],
  reader: TextReader,
  column: TextColumn,
  rowCount: number,
  known: KnownTemplates,
): Find[] {
  const kept: Find[] = []
  const freshMax = keptMax(rowCount)
  let fresh = 0
  let textBytes = 0
  for (const find of [...finds].sort((a, b) => b.rows - a.rows || a.row - b.row)) {
    if (kept.length === TEMPLATES_BLOCK_MAX) break
    if (find.slotCount > find.rows * SLOTS_PER_ROW_MAX) continue
    if (known.numberOf(find.node) === PLAIN) {
      if (fresh === freshMax) continue
      const bytes = staticBytes(find, reader, column)
      if (textBytes + bytes > TEXT_BYTES_MAX) continue
      textBytes += bytes
      fresh++
    }
    kept.push(find)
  }
  return kept
}

/**
 * Numbers finds in the block, where two of them get one number if both readings led to the same template; and their
 * templates in the list of what is known. Where that is full, a find stays plain.
 */
function numberFinds(
  finds: readonly Find[],
  reader: TextReader,
  column: TextColumn,
  known: KnownTemplates,
): { readonly numbers: Uint32Array; readonly rowCounts: Uint32Array } {
  const numberInBlock = new Map<number, number>()
  const rowCounts = new Uint32Array(finds.length)
  for (const find of finds) {
    let number = known.numberOf(find.node)
    if (number === PLAIN) number = known.addAt(find.node, templateOf(find, reader, column))
    if (number === PLAIN) continue
    const seen = numberInBlock.get(number)
    find.number = seen ?? numberInBlock.size
    if (seen === undefined) numberInBlock.set(number, find.number)
    rowCounts[find.number] += find.rows
  }
  return {
    numbers: Uint32Array.from(numberInBlock.keys()),
    rowCounts: rowCounts.slice(0, numberInBlock.size),
  }
}

function staticBytes({ row, variable, slotCount }: Find, reader: TextReader, column: TextColumn): number {
  const { starts, ends } = reader.spans
  let bytes = column.lengths[row]
  for (let slot = variable; slot < variable + slotCount; slot++) bytes -= ends[slot] - starts[slot]
  return bytes
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
