/**
 * Messages cut to the piece that a pattern of texts looks at, out of their templates: where the texts stand in the static
 * text of a template, only the slots between them are read, and equal values give one text. Messages of other templates
 * are left whole; no message is cut of which that is not sure.
 *
 * A pattern is asked for its first text at the first place, for the next one at the first place behind it, and so on: a
 * piece that begins with the first text and ends with the last one gives the same, whatever stands in its slots.
 */
import { Needle } from '../../base/portable.ts'
import type { TextTemplate, TextTemplates } from '../../record/record.ts'
import { decodeText } from '../values/text.ts'
import type { SelectedTemplates, TextGroups } from './batch-column.ts'

export interface CutPattern {
  /** Not empty. */
  readonly first: Uint8Array
  /** Behind the first one, in their order; none is empty. */
  readonly nexts: readonly Uint8Array[]
  /** What stands behind the last one is looked at too. */
  readonly isToEnd: boolean
  /** A piece with one of these bytes cannot be cut: what belongs together may go beyond it. */
  readonly unless: Uint8Array
}

/** A piece of the rows of a template. */
interface Piece {
  /** Of the static text. */
  readonly start: number
  readonly end: number
  readonly slotFrom: number
  readonly slotTo: number
}

type Values = ReturnType<TextTemplate['values']>

/** Of so many rows of a template one at least must be wanted: else a whole column is read for few. */
const WHOLE_SHARE = 8
const LENGTH_UNIT = 2 ** 32
/** A longer first text is looked for in whole texts: in values its beginning is compared again and again. */
const FIRST_BYTES_MAX = 256

/** Rows, ascending as far as those of the batch do, with their texts. */
export interface WholeTexts {
  readonly rows: Uint32Array
  readonly texts: readonly string[]
}

export class TextCutter {
  readonly #pattern: CutPattern
  /** By static text: blocks of a part share it. */
  readonly #pieces = new WeakMap<Uint8Array, { readonly piece: Piece | null }>()

  constructor(pattern: CutPattern) {
    this.#pattern = pattern
  }

  /**
   * Rows of a batch by their cut texts, or their whole ones: `wholeOf` gives, of rows, those that may have the first text.
   * The others have the empty text, and so have those that are not among `wanted`, which ascend; null: all are.
   */
  groupsOf(
    selected: SelectedTemplates,
    rowCount: number,
    wanted: Uint32Array | null,
    wholeOf: (rows: Uint32Array) => WholeTexts,
  ): TextGroups {
    const ofRow = new Uint32Array(rowCount)
    const groups: CutGroups = { texts: [''], ofRow }
    const { templates } = selected.templates
    const { order, starts, ordinals } = byTemplate(selected, wanted, wanted?.length ?? rowCount)
    let left = 0
    for (let place = 0; place <= templates.length; place++) {
      const [from, to] = [starts[place], starts[place + 1]]
      if (from === to) continue
      const own = { rows: order.subarray(from, to), ordinals: ordinals.subarray(from, to) }
      if (place < templates.length && this.#cut(templates[place], own, groups)) continue
      order.copyWithin(left, from, to)
      left += to - from
    }
    if (left === 0) return groups
    const whole = wholeOf(order.subarray(0, left).sort())
    for (let at = 0; at < whole.rows.length; at++)
      ofRow[whole.rows[at]] = groups.texts.push(whole.texts[at]) - 1
    return groups
  }

  /** False, and nothing is changed, where the rows of the template cannot be cut. */
  #cut(template: TextTemplate, own: RowsOfTemplate, to: CutGroups): boolean {
    const piece = this.#pieceOf(template)
    if (piece === null || own.rows.length * WHOLE_SHARE < template.rowCount) return false
    const { first, unless } = this.#pattern
    for (let slot = 0; slot < piece.slotFrom; slot++) if (mayBeginIn(template, slot, first)) return false
    const columns: Values[] = []
    for (let slot = piece.slotFrom; slot < piece.slotTo; slot++) {
      const values = template.values(slot)
      if (hasAny(values, own.ordinals, unless)) return false
      columns.push(values)
    }
    addPieces(template, piece, columns, own, to)
    return true
  }

  #pieceOf(template: TextTemplate): Piece | null {
    let known = this.#pieces.get(template.text)
    if (known === undefined) {
      known = { piece: pieceIn(template, this.#pattern) }
      this.#pieces.set(template.text, known)
    }
    return known.piece
  }
}

interface CutGroups {
  readonly texts: string[]
  readonly ofRow: Uint32Array
}

interface RowsOfTemplate {
  /** Of the batch. */
  readonly rows: Uint32Array
  /** The same rows among those of the template. */
  readonly ordinals: Uint32Array
}

interface RowsByTemplate {
  /** By place, those without a template last: where its rows begin in the others; and where the last ones end. */
  readonly starts: Uint32Array
  readonly order: Uint32Array
  readonly ordinals: Uint32Array
}

/** `count`: of the wanted rows. */
function byTemplate(
  { templates, rows }: SelectedTemplates,
  wanted: Uint32Array | null,
  count: number,
): RowsByTemplate {
  const { ofRow } = templates
  const own = new Uint32Array(count)
  const starts = new Uint32Array(templates.templates.length + 2)
  for (let at = 0; at < count; at++) {
    const row = wanted === null ? at : wanted[at]
    own[at] = rows === null ? row : rows[row]
    starts[ofRow[own[at]] + 1]++
  }
  for (let place = 1; place < starts.length; place++) starts[place] += starts[place - 1]
  const ordinalOfRow = ordinalsOf(templates)
  const next = starts.slice()
  const order = new Uint32Array(count)
  const ordinals = new Uint32Array(count)
  for (let at = 0; at < count; at++) {
    const to = next[ofRow[own[at]]]++
    order[to] = wanted === null ? at : wanted[at]
    ordinals[to] = ordinalOfRow[own[at]]
  }
  return { starts, order, ordinals }
}

/** Batches of one block come one after the other, and share its templates. */
const knownOrdinals = new WeakMap<TextTemplates, Uint32Array>()

/** By row of the block: how many rows before it have its template. */
function ordinalsOf(templates: TextTemplates): Uint32Array {
  let ordinals = knownOrdinals.get(templates)
  if (ordinals === undefined) {
    const { ofRow } = templates
    const seen = new Uint32Array(templates.templates.length + 1)
    ordinals = new Uint32Array(ofRow.length)
    for (let row = 0; row < ofRow.length; row++) ordinals[row] = seen[ofRow[row]]++
    knownOrdinals.set(templates, ordinals)
  }
  return ordinals
}

// ---- templates ----------------------------------------------------------------------------------------------

function pieceIn({ text, slots }: TextTemplate, { first, nexts, isToEnd, unless }: CutPattern): Piece | null {
  if (first.length > FIRST_BYTES_MAX) return null
  const start = new Needle(first).indexIn(text, 0, text.length)
  if (start < 0 || isCrossed(slots, start, first.length)) return null
  let end = start + first.length
  for (const next of nexts) {
    const isWhole = (_text: Uint8Array, at: number): boolean => !isCrossed(slots, at, next.length)
    const at = new Needle(next).indexIn(text, end, text.length, isWhole)
    if (at < 0) return null
    end = at + next.length
  }
  if (isToEnd) end = text.length
  if (unless.some((byte) => text.subarray(start, end).includes(byte))) return null
  const slotFrom = countOf(slots, (place) => place <= start)
  const slotTo = isToEnd ? slots.length : countOf(slots, (place) => place < end)
  // The text before a slot may end like the first one begins.
  for (let slot = 0; slot < slotFrom; slot++)
    if (endsInBeginning(text, slot === 0 ? 0 : slots[slot - 1], slots[slot], first)) return null
  return { start, end, slotFrom, slotTo }
}

/** A slot stands within. */
function isCrossed(slots: ArrayLike<number>, start: number, length: number): boolean {
  return countOf(slots, (place) => place > start && place < start + length) > 0
}

function countOf(slots: ArrayLike<number>, isCounted: (place: number) => boolean): number {
  let count = 0
  for (let slot = 0; slot < slots.length; slot++) if (isCounted(slots[slot])) count++
  return count
}

function endsInBeginning(text: Uint8Array, from: number, end: number, first: Uint8Array): boolean {
  for (let at = Math.max(from, end - first.length + 1); at < end; at++) {
    let length = 0
    while (at + length < end && text[at + length] === first[length]) length++
    if (at + length === end) return true
  }
  return false
}

// ---- values -------------------------------------------------------------------------------------------------

const isDigitByte = (byte: number): boolean => byte >= 0x30 && byte <= 0x39

/** Whether the first text may begin within a value of the slot. */
function mayBeginIn(template: TextTemplate, slot: number, first: Uint8Array): boolean {
  if (!isDigitByte(first[0]) && template.isDigits(slot)) return false
  const { text, slots } = template
  const behind = text.subarray(slots[slot], slot + 1 < slots.length ? slots[slot + 1] : text.length)
  const { data, starts, lengths } = template.values(slot)
  let lastStart = -1
  let lastLength = -1
  for (let row = 0; row < starts.length; row++) {
    const start = starts[row]
    const length = lengths[row]
    if (start === lastStart && length === lastLength) continue
    lastStart = start
    lastLength = length
    for (let at = start; at < start + length; at++)
      if (data[at] === first[0] && mayStandAt(data, at, start + length, behind, first)) return true
  }
  return false
}

/** The value ends at `end`, and is followed by `behind`, and what may be anything. */
function mayStandAt(
  data: Uint8Array,
  at: number,
  end: number,
  behind: Uint8Array,
  first: Uint8Array,
): boolean {
  let length = 0
  for (let place = at; place < end && length < first.length; place++)
    if (data[place] !== first[length++]) return false
  for (let place = 0; place < behind.length && length < first.length; place++)
    if (behind[place] !== first[length++]) return false
  return true
}

function hasAny({ data, starts, lengths }: Values, ordinals: Uint32Array, bytes: Uint8Array): boolean {
  if (bytes.length === 0) return false
  let lastStart = -1
  let lastLength = -1
  for (let index = 0; index < ordinals.length; index++) {
    const start = starts[ordinals[index]]
    const length = lengths[ordinals[index]]
    if (start === lastStart && length === lastLength) continue
    lastStart = start
    lastLength = length
    for (let at = start; at < start + length; at++)
      for (let byte = 0; byte < bytes.length; byte++) if (data[at] === bytes[byte]) return true
  }
  return false
}

function addPieces(
  { text, slots }: TextTemplate,
  { start, end, slotFrom }: Piece,
  columns: readonly Values[],
  { rows, ordinals }: RowsOfTemplate,
  { texts, ofRow }: CutGroups,
): void {
  const pieces = Array.from({ length: columns.length + 1 }, (_, at) =>
    decodeText(
      text.slice(
        at === 0 ? start : slots[slotFrom + at - 1],
        at === columns.length ? end : slots[slotFrom + at],
      ),
    ),
  )
  const textOf = (ordinal: number): string => {
    let whole = pieces[0]
    for (let at = 0; at < columns.length; at++) whole += valueText(columns[at], ordinal) + pieces[at + 1]
    return whole
  }
  if (columns.length === 0) {
    const group = texts.push(pieces[0]) - 1
    for (const row of rows) ofRow[row] = group
  } else if (columns.length > 1) {
    for (let at = 0; at < rows.length; at++) ofRow[rows[at]] = texts.push(textOf(ordinals[at])) - 1
  } else {
    const { starts, lengths } = columns[0]
    const known = new Map<number, number>()
    for (let at = 0; at < rows.length; at++) {
      const ordinal = ordinals[at]
      const key = lengths[ordinal] * LENGTH_UNIT + starts[ordinal]
      let group = known.get(key)
      if (group === undefined) {
        group = texts.push(textOf(ordinal)) - 1
        known.set(key, group)
      }
      ofRow[rows[at]] = group
    }
  }
}

function valueText({ data, starts, lengths }: Values, row: number): string {
  return decodeText(data.slice(starts[row], starts[row] + lengths[row]))
}
