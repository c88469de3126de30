/**
 * What the kernel (kernels/text.ts) knows of a trie: steps, marks and holes of the templates that it has met. A row
 * with a step that it does not know is read by the twin (text-reader.ts), and its steps are told here.
 *
 * Invariants: what the kernel knows is what the trie says; when the trie was taught or forgets, the kernel forgets all
 * and is told anew. Its memory for steps is bounded: what has no room is not told, and stays the twin's.
 */
import type { Hole, TemplateTrie } from './template-trie.ts'
import { NARROW_ROOT, WIDE_ROOT } from './template-trie.ts'

const HOLE_HEAD = 12

type KernelFunction = (...values: number[]) => number

export class KernelTrie {
  readonly #functions: Readonly<Record<string, KernelFunction>>
  readonly #scratch: Uint8Array
  readonly #scratchView: DataView
  #trie: TemplateTrie | null = null
  #version = 0
  #isFull = false

  /** `scratch` is where the kernel takes bytes from. */
  constructor(functions: Readonly<Record<string, KernelFunction>>, scratch: Uint8Array) {
    this.#functions = functions
    this.#scratch = scratch
    this.#scratchView = new DataView(scratch.buffer, scratch.byteOffset, scratch.byteLength)
  }

  /** Rows are read with this trie from now on; nobody teaches it meanwhile. */
  begin(trie: TemplateTrie): void {
    if (trie === this.#trie && trie.version === this.#version && !this.#isFull) return
    this.#trie = trie
    this.#version = trie.version
    this.#isFull = false
    this.#functions.forgetTrie()
    this.#tellMarks(trie, NARROW_ROOT)
    this.#tellMarks(trie, WIDE_ROOT)
    // The way of a row that is read wide is that of its wide reading: it does not pass the node that says so.
    for (const node of trie.wideNodes) this.learn(node)
  }

  /** Tells the kernel the way to a node. */
  learn(node: number): void {
    const trie = this.#trie
    if (trie === null || this.#isFull) return
    for (const step of trie.pathTo(node)) {
      if (this.#functions.isNodeKnown(step) !== 0) continue
      this.#isFull ||= !this.#learnStep(trie, step) || !this.#tellMarks(trie, step)
      if (this.#isFull) return
    }
  }

  #learnStep(trie: TemplateTrie, step: number): boolean {
    const start = trie.segmentStart(step)
    const length = trie.segmentEnd(step) - start
    if (length > this.#scratch.length) return false
    this.#scratch.set(trie.bytes.subarray(start, start + length))
    const isLast = trie.isLastStep(step) ? 1 : 0
    return this.#functions.learnStep(trie.parentOf(step), step, length, isLast) !== 0
  }

  #tellMarks(trie: TemplateTrie, node: number): boolean {
    const marks = trie.marksOf(node)
    if (marks === 0) return true
    const byteCount = this.#putHoles(trie.holesOf(node))
    return byteCount >= 0 && this.#functions.setMarks(node, marks, byteCount) !== 0
  }

  /** How many bytes they take; below zero where that is too much. */
  #putHoles(holes: readonly Hole[]): number {
    const view = this.#scratchView
    view.setUint32(0, holes.length, true)
    let at = 4
    for (const { prefix, suffix, isLast } of holes) {
      const end = (at + HOLE_HEAD + prefix.length + suffix.length + 3) & ~3
      if (end > this.#scratch.length) return -1
      view.setUint32(at, prefix.length, true)
      view.setUint32(at + 4, suffix.length, true)
      view.setUint32(at + 8, isLast ? 1 : 0, true)
      this.#scratch.set(prefix, at + HOLE_HEAD)
      this.#scratch.set(suffix, at + HOLE_HEAD + prefix.length)
      at = end
    }
    return at
  }
}
