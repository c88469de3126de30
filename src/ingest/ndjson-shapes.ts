/**
 * The shapes of NDJSON lines: what stands between the values. Lines of one program differ in their values only, so
 * what a line was once found to be, all lines of its shape are.
 *
 *   {"level":"info","n":1,"_msg":"a"}      {"level":"    ","n":   ,"_msg":"    "}⏎     seams, each up to a value
 *
 *   first → {"level":"  → ","n":  → ,"_msg":"  → "}⏎       a tree of steps: shapes share what they begin with
 *                      ↘ ","_msg":"  → "}⏎
 *
 * Invariants:
 *  - only lines that the decoder found valid are learned, only with one value a name, and never an empty object.
 *  - a seam holds all bytes between two values, so a line whose seams and values match is valid JSON and means the
 *    same as the line that was learned, value by value.
 *  - what is kept is bounded, whatever lines come: steps, seams, siblings; and learning pauses where it does not pay.
 *
 * Not for reading lines (ndjson-shape-reader.ts).
 */
import { CLOSING_BRACE, COMMA, type JsonScanner, OPENING_BRACE, QUOTE } from './json-scanner.ts'
import { mostArenaBytes, type NdjsonArena } from './ndjson-arena.ts'
import { type NdjsonNames, ROLE_FIELD, ROLE_IGNORED, SLOT_LEVEL } from './ndjson-names.ts'
import type { PlannedField, ShapePlan, ShapeStep } from './ndjson-shape-step.ts'
import { NO_SPAN } from './ndjson-spans.ts'

const STEPS_MAX = 2048
const SIBLINGS_MAX = 8
const SEAM_BYTES_MAX = 256
const VALUES_MAX = 256
/** Learning a line costs some of the credit that lines of known shapes earn, so that it stays a small part of all. */
const CREDIT_MAX = 64
const LEARNING_COST = 4
/** Of the lines that were not learned for want of credit, one in so many gives enough to learn again. */
const LINES_PER_GIFT = 256

/** A value of a line that is learned. */
interface Value {
  readonly start: number
  readonly end: number
  readonly isText: boolean
  readonly node: number
  readonly depth: number
}

export class NdjsonShapes {
  /** The steps that lines may begin with. */
  first: ShapeStep | null = null
  #stepCount = 0
  #credit = CREDIT_MAX
  #unlearned = 0
  readonly #names: NdjsonNames
  readonly #arena: NdjsonArena | null

  /** `arena`: where the kernel, if there is one, finds the same steps. */
  constructor(names: NdjsonNames, arena: NdjsonArena | null = null) {
    this.#names = names
    this.#arena = arena
  }

  /** Null also when it was taken away. */
  get arena(): NdjsonArena | null {
    return this.#arena?.isClaimed === true ? this.#arena : null
  }

  /** Forgets all shapes; also when the names forgot their nodes. */
  clear(): void {
    this.first = null
    this.#stepCount = 0
    this.arena?.clear()
  }

  /** So many lines were of known shapes. */
  earn(lineCount: number): void {
    this.#credit = Math.min(CREDIT_MAX, this.#credit + lineCount)
  }

  /** Learns the shape of a valid line, the bytes from `start` to its newline at `end`, that no shape fitted. */
  learn(scanner: JsonScanner, start: number, end: number): void {
    if (!this.#pay()) return
    const walk = new LineWalk(scanner, this.#names)
    if (!walk.readLine(start)) return
    const { values } = walk
    const arenaBytes = this.#arenaBytesOf(values, end + 1 - start)
    const { arena } = this
    if (arena !== null && arenaBytes > arena.byteCount) return
    const isFull = this.#stepCount + values.length >= STEPS_MAX || (arena !== null && arenaBytes > arena.room)
    if (isFull) this.clear()
    this.#addLine(scanner.bytes, start, end, values)
  }

  /** The most that the steps of a line take in an arena. */
  #arenaBytesOf(values: readonly Value[], lineBytes: number): number {
    const { nameOf, startOf, endOf } = this.#names
    let seamBytes = lineBytes
    let nameBytes = 0
    for (const { node, start, end } of values) {
      seamBytes -= end - start
      nameBytes += endOf[nameOf[node]] - startOf[nameOf[node]]
    }
    return mostArenaBytes(values.length, seamBytes, nameBytes)
  }

  #pay(): boolean {
    if (this.#credit < LEARNING_COST) {
      if (++this.#unlearned < LINES_PER_GIFT) return false
      this.#credit = LEARNING_COST
    }
    this.#unlearned = 0
    this.#credit -= LEARNING_COST
    return true
  }

  #addLine(bytes: Uint8Array, start: number, end: number, values: readonly Value[]): void {
    const names = this.#names
    let from = start
    let spanCount = 0
    let above: ShapeStep | null = null
    for (const { start: valueStart, end: valueEnd, isText, node, depth } of values) {
      const isKept = names.roleOf[names.nameOf[node]] !== ROLE_IGNORED
      if (valueStart - from > SEAM_BYTES_MAX) return
      const seam = seamText(bytes, from, valueStart)
      const span = isKept ? spanCount++ : NO_SPAN
      above = this.#findOrAdd(above, seam, { isText, span, depth, plan: null })
      from = valueEnd
    }
    if (end + 1 - from > SEAM_BYTES_MAX) return
    const plan = planOf(names, values)
    this.#findOrAdd(above, seamText(bytes, from, end + 1), { isText: false, span: NO_SPAN, depth: 0, plan })
  }

  /** The step with this seam behind `above`, or a new one before its siblings; the eldest of too many goes. */
  #findOrAdd(above: ShapeStep | null, seam: string, kind: StepKind): ShapeStep {
    const youngest = above === null ? this.first : above.next
    for (let step = youngest; step !== null; step = step.other) {
      if (step.seam === seam && step.isText === kind.isText) return step
    }
    const step = this.#newStep(seam, kind, youngest)
    if (above === null) this.first = step
    else above.next = step
    this.#stepCount++
    const last = cutSiblings(step)
    const { arena } = this
    if (arena === null) return step
    if (above === null) arena.first = step.place
    else arena.setNext(above.place, step.place)
    arena.setOther(last.place, 0)
    return step
  }

  #newStep(seam: string, kind: StepKind, other: ShapeStep | null): ShapeStep {
    const step = newStep(seam, kind, other)
    const { arena } = this
    return arena === null ? step : { ...step, place: arena.putStep(step, this.#names.text) }
  }
}

type StepKind = Pick<ShapeStep, 'isText' | 'span' | 'depth' | 'plan'>

function newStep(seam: string, kind: StepKind, other: ShapeStep | null): ShapeStep {
  const padded = Buffer.alloc(Math.ceil(seam.length / 4) * 4)
  padded.write(seam, 'latin1')
  const lastBytes = seam.length - (padded.length - 4)
  return {
    seam,
    byteCount: seam.length,
    words: Int32Array.from({ length: padded.length / 4 }, (_, index) => padded.readInt32LE(index * 4)),
    lastMask: lastBytes === 4 ? -1 : (1 << (lastBytes * 8)) - 1,
    isText: kind.isText,
    span: kind.span,
    depth: kind.depth,
    plan: kind.plan,
    next: null,
    other,
    place: 0,
  }
}

/** One character a byte. */
function seamText(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1')
}

/** Of so many siblings that may stay, the last. */
function cutSiblings(first: ShapeStep): ShapeStep {
  let last: ShapeStep = first
  for (let count = 1; count < SIBLINGS_MAX && last.other !== null; count++) last = last.other
  last.other = null
  return last
}

/** What the decoder does with a line whose values are not empty, decided once for its shape. */
function planOf(names: NdjsonNames, values: readonly Value[]): ShapePlan {
  const kept = values.filter(({ node }) => names.roleOf[names.nameOf[node]] !== ROLE_IGNORED)
  const spanOfSlot = new Int32Array(names.slotCount).fill(NO_SPAN)
  kept.forEach(({ node }, span) => {
    const role = names.roleOf[names.nameOf[node]]
    if (role !== ROLE_FIELD) spanOfSlot[role] = span
  })
  const firstOf = (slots: readonly number[]): number =>
    slots.map((slot) => spanOfSlot[slot]).find((span) => span !== NO_SPAN) ?? NO_SPAN
  const timeSpan = firstOf(names.timeSlots)
  const messageSpan = firstOf(names.messageSlots)
  const levelSpan = spanOfSlot[SLOT_LEVEL]
  const streamSpans = names.streamSlots.map((slot) => spanOfSlot[slot]).filter((span) => span !== NO_SPAN)
  const used = new Set([timeSpan, messageSpan, levelSpan, ...streamSpans])
  const rest = kept.keys().filter((span) => !used.has(span) && names.isKept[names.nameOf[kept[span].node]])
  const fields = [...streamSpans, ...rest].map((span): PlannedField => {
    const name = names.nameOf[kept[span].node]
    return { span, nameStart: names.startOf[name], nameEnd: names.endOf[name] }
  })
  return {
    nodes: Int32Array.from(kept, ({ node }) => node),
    spanOfSlot,
    spanCount: kept.length,
    depth: Math.max(1, ...values.map(({ depth }) => depth)),
    timeSpan,
    messageSpan,
    levelSpan,
    fields,
    streamCount: streamSpans.length,
    nameBytes: fields.reduce((sum, { nameStart, nameEnd }) => sum + nameEnd - nameStart, 0),
  }
}

/** The values of one valid line, in order. Cold: once for each shape. */
class LineWalk {
  readonly values: Value[] = []
  readonly #scanner: JsonScanner
  readonly #names: NdjsonNames
  readonly #nodes = new Set<number>()
  readonly #namesSeen = new Set<number>()

  constructor(scanner: JsonScanner, names: NdjsonNames) {
    this.#scanner = scanner
    this.#names = names
  }

  /** False when lines of this shape must be read the long way. */
  readLine(start: number): boolean {
    return this.#readObject(this.#scanner.skipSpaces(start), 0, 1) > 0
  }

  /** Behind the object at `start`, or 0 when it is none to learn. */
  #readObject(start: number, parent: number, depth: number): number {
    const scanner = this.#scanner
    let at = start
    do {
      at = this.#readMember(scanner.skipSpaces(at + 1), parent, depth)
      if (at === 0) return 0
      at = scanner.skipSpaces(at)
    } while (scanner.bytes[at] === COMMA)
    return at + 1
  }

  #readMember(start: number, parent: number, depth: number): number {
    const scanner = this.#scanner
    const { bytes } = scanner
    if (bytes[start] === CLOSING_BRACE || this.values.length === VALUES_MAX) return 0
    const keyEnd = scanner.stringEnd(start + 1)
    const node = this.#nodeOf(parent, start + 1, keyEnd)
    if (node <= 0 || this.#nodes.has(node)) return 0
    this.#nodes.add(node)
    const at = scanner.skipSpaces(scanner.skipSpaces(keyEnd + 1) + 1)
    if (bytes[at] === OPENING_BRACE) return this.#readObject(at, node, depth + 1)
    return this.#readValue(at, node, depth)
  }

  #nodeOf(parent: number, start: number, end: number): number {
    const scanner = this.#scanner
    if (!scanner.isEscaped) return this.#names.find(parent, scanner.bytes, start, end)
    const key = new Uint8Array(end - start)
    return this.#names.find(parent, key, 0, scanner.unescape(start, end, new DataView(key.buffer), 0))
  }

  #readValue(at: number, node: number, depth: number): number {
    const scanner = this.#scanner
    const name = this.#names.nameOf[node]
    if (this.#namesSeen.has(name)) return 0
    this.#namesSeen.add(name)
    const isText = scanner.bytes[at] === QUOTE
    const end = scanner.valueEnd(at, depth)
    if (isText) this.values.push({ start: at + 1, end: end - 1, isText, node, depth })
    else this.values.push({ start: at, end, isText, node, depth })
    return end
  }
}
