/**
 * Finds the template of a text by its static segments: what stands before the first variable, between two, and after
 * the last one. Templates that begin alike share their first nodes.
 *
 *   fine root --"sshd["--> o --"]: Failed password for root from "--> o --" port "--> o --end ""--> template
 *                          o --"]: Connection closed by "----------> o --end ""--> template
 *
 * A node is a span in a SpanSet whose salt is the node before it and whether the text ends here; so a step compares
 * bytes, and a hash only says where to look. The set has copies of the segments, so a trie serves many blocks. Every
 * node remembers the child that was taken last: where a program logs the same message again, a step is one comparison.
 *
 * Two things can be taught to a node (by template-learner.ts). A hole: what follows this node is `prefix`, one word,
 * `suffix`, and the word is a variable although it has no digit. Wide: texts that come here are to be read anew with
 * the wide reading of tokens.ts; they start at a root of their own.
 *
 * Not here: which texts are worth a template.
 */
import type { HashKey } from './keyed-hash.ts'
import { SpanSet } from './span-set.ts'
import { TEMPLATE_SLOTS_MAX } from './template.ts'
import { isPlainTokenByte } from './tokens.ts'
import type { VariableSpans } from './variable-spans.ts'

export const NARROW_ROOT = 0
export const WIDE_ROOT = 1

/** No template: it is not known, and none may be added. */
export const NO_TEMPLATE = -1
/** The text is to be read with the wide reading. */
export const READ_WIDE = -2

/** A node: start of its segment, length * 2 + whether it is the last one, first four bytes, child taken last. */
const NODE_INTS = 4
const NODES_MAX = 1 << 18
/** Bytes of all segments. */
const BYTES_MAX = 1 << 24
const HOLES_MAX = 16

const HAS_HOLES = 1
const IS_WIDE = 2

export interface Hole {
  readonly prefix: Uint8Array
  readonly suffix: Uint8Array
  readonly isLast: boolean
}

export class TemplateTrie {
  readonly #set: SpanSet
  #data: Uint8Array = new Uint8Array(0)
  #view = new DataView(this.#data.buffer)
  #nodes = new Int32Array(1024 * NODE_INTS)
  #marks = new Uint8Array(1024)
  readonly #holes = new Map<number, Hole[]>()
  readonly #wideNodes = new Set<number>()
  #version = 0

  constructor(key: HashKey) {
    this.#set = new SpanSet(key, true)
    this.reset()
  }

  get nodeCount(): number {
    return this.#set.count
  }

  /** Whether more than half of what it may ever hold is taken. */
  get isHalfFull(): boolean {
    return this.#set.count * 2 > NODES_MAX || this.#set.bytesUsed * 2 > BYTES_MAX
  }

  /** What `segmentStart` and `segmentEnd` refer to; another array once a node was added. */
  get bytes(): Uint8Array {
    return this.#set.bytes
  }

  /** Another number once nodes were marked, got a hole or were forgotten. */
  get version(): number {
    return this.#version
  }

  /** Texts lie in `data` from now on. */
  useData(data: Uint8Array): void {
    this.#data = data
    this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength)
    this.#set.useData(data)
  }

  /** Forgets all nodes. */
  reset(): void {
    this.#version++
    this.#set.reset(this.#data)
    this.#marks.fill(0)
    this.#holes.clear()
    this.#wideNodes.clear()
    this.#addRoot(NARROW_ROOT)
    this.#addRoot(WIDE_ROOT)
  }

  /** The node before this one. A root has none: below zero. */
  parentOf(node: number): number {
    return this.#set.saltOf(node) >> 1
  }

  segmentStart(node: number): number {
    return this.#set.startOf(node)
  }

  segmentEnd(node: number): number {
    return this.#set.endOf(node)
  }

  /** The nodes from the first step to this one. */
  pathTo(node: number): number[] {
    const path: number[] = []
    for (let at = node; at > WIDE_ROOT; at = this.parentOf(at)) path.push(at)
    return path.reverse()
  }

  /** Takes the step for a segment, and adds it where it is new. */
  step(node: number, start: number, end: number, isLast: boolean): number {
    return this.#child(node, start, end, isLast, true)
  }

  /** Whether the text ends with this node's segment. */
  isLastStep(node: number): boolean {
    return (this.#set.saltOf(node) & 1) === 1
  }

  /** HAS_HOLES and IS_WIDE, as bits. */
  marksOf(node: number): number {
    return this.#marks[node]
  }

  holesOf(node: number): readonly Hole[] {
    return this.#holes.get(node) ?? []
  }

  /** Where texts are to be read wide. */
  get wideNodes(): ReadonlySet<number> {
    return this.#wideNodes
  }

  isWide(node: number): boolean {
    return (this.#marks[node] & IS_WIDE) !== 0
  }

  markWide(node: number, isWide = true): void {
    if (isWide === this.isWide(node)) return
    this.#marks[node] ^= IS_WIDE
    if (isWide) this.#wideNodes.add(node)
    else this.#wideNodes.delete(node)
    this.#version++
  }

  addHole(node: number, hole: Hole): void {
    const holes = this.#holes.get(node) ?? []
    if (holes.length === HOLES_MAX || holes.some((known) => isSameHole(known, hole))) return
    this.#holes.set(node, [...holes, hole])
    this.#marks[node] |= HAS_HOLES
    this.#version++
  }

  /**
   * The last node of `[start .. end)`, whose variables are `spans` from number `from` on; or NO_TEMPLATE, or READ_WIDE.
   * A hole adds its word to the spans.
   */
  walk(
    root: number,
    start: number,
    end: number,
    spans: VariableSpans,
    from: number,
    mayAdd: boolean,
  ): number {
    const view = this.#view
    const dataEnd = this.#data.length - 4
    const { starts, ends } = spans
    let nodes = this.#nodes
    let marks = this.#marks
    let node = root
    let at = start
    for (let variable = from; ; variable++) {
      if (marks[node] !== 0) {
        if ((marks[node] & IS_WIDE) !== 0) return READ_WIDE
        this.#takeHole(node, at, end, spans, variable, from)
      }
      const isLast = variable === spans.count
      const segmentEnd = isLast ? end : starts[variable]
      const length = segmentEnd - at
      const child = nodes[node * NODE_INTS + 3]
      let same = nodes[child * NODE_INTS + 1] === length * 2 + (isLast ? 1 : 0)
      if (same && length > 0) {
        const difference = at <= dataEnd ? view.getInt32(at, true) ^ nodes[child * NODE_INTS + 2] : -1
        if (length < 4) same = difference << ((4 - length) * 8) === 0
        else same = difference === 0 && (length === 4 || this.#sameFrom4(child, at, length))
      }
      if (same) node = child
      else {
        const parent = node
        node = this.#child(parent, at, segmentEnd, isLast, mayAdd)
        if (node < 0) return NO_TEMPLATE
        nodes = this.#nodes
        marks = this.#marks
        nodes[parent * NODE_INTS + 3] = node
      }
      if (isLast) return node
      at = ends[variable]
    }
  }

  #sameFrom4(child: number, start: number, length: number): boolean {
    const view = this.#view
    const bytesView = this.#set.bytesView
    const other = this.#nodes[child * NODE_INTS]
    // The last word overlaps the one before it: no bytes are left over.
    const last = length - 4
    for (let at = 4; at < last; at += 4) {
      if (view.getInt32(start + at, true) !== bytesView.getInt32(other + at, true)) return false
    }
    return view.getInt32(start + last, true) === bytesView.getInt32(other + last, true)
  }

  #child(node: number, start: number, end: number, isLast: boolean, mayAdd: boolean): number {
    const salt = node * 2 + (isLast ? 1 : 0)
    if (!mayAdd || this.#set.count >= NODES_MAX || this.#set.bytesUsed >= BYTES_MAX)
      return this.#set.find(salt, start, end)
    const fresh = this.#set.count
    const child = this.#set.add(salt, start, end)
    if (child === fresh) this.#fillNode(child, (end - start) * 2 + (isLast ? 1 : 0))
    return child
  }

  #addRoot(root: number): void {
    // No node has the number -1 or -2, so the roots are nobody's child, and no step has their key.
    this.#set.add(-1 - root, 0, 0)
    this.#fillNode(root, -1)
  }

  #fillNode(node: number, key: number): void {
    const start = this.#set.startOf(node)
    const end = this.#set.endOf(node)
    const { bytes } = this.#set
    if (node * NODE_INTS >= this.#nodes.length) this.#grow()
    const at = node * NODE_INTS
    let word = 0
    for (let i = Math.min(4, end - start) - 1; i >= 0; i--) word = (word << 8) | bytes[start + i]
    this.#nodes[at] = start
    this.#nodes[at + 1] = key
    this.#nodes[at + 2] = word
    this.#nodes[at + 3] = NARROW_ROOT
    this.#marks[node] = 0
  }

  #grow(): void {
    const nodes = new Int32Array(this.#nodes.length * 2)
    const marks = new Uint8Array(this.#marks.length * 2)
    nodes.set(this.#nodes)
    marks.set(this.#marks)
    this.#nodes = nodes
    this.#marks = marks
  }

  /** Where the text between `at` and the next variable fits a hole, its word becomes a variable. */
  #takeHole(
    node: number,
    at: number,
    end: number,
    spans: VariableSpans,
    variable: number,
    from: number,
  ): void {
    const isLast = variable === spans.count
    if (spans.count - from >= TEMPLATE_SLOTS_MAX) return
    const segmentEnd = isLast ? end : spans.starts[variable]
    for (const { prefix, suffix, isLast: holeIsLast } of this.#holes.get(node) ?? []) {
      const wordStart = at + prefix.length
      const wordEnd = segmentEnd - suffix.length
      if (
        holeIsLast === isLast &&
        wordStart < wordEnd &&
        this.#hasBytes(prefix, at) &&
        this.#hasBytes(suffix, wordEnd) &&
        this.#isWord(wordStart, wordEnd)
      ) {
        spans.insert(variable, wordStart, wordEnd)
        return
      }
    }
  }

  #hasBytes(bytes: Uint8Array, start: number): boolean {
    const data = this.#data
    for (let i = 0; i < bytes.length; i++) if (bytes[i] !== data[start + i]) return false
    return true
  }

  #isWord(start: number, end: number): boolean {
    for (let at = start; at < end; at++) if (!isPlainTokenByte(this.#data[at])) return false
    return true
  }
}

function isSameHole(a: Hole, b: Hole): boolean {
  return a.isLast === b.isLast && sameArrays(a.prefix, b.prefix) && sameArrays(a.suffix, b.suffix)
}

function sameArrays(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
