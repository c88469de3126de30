/**
 * What a part knows of the templates of one column: their list, and the trie that recognises them, with the words and
 * readings that were learned (template-learner.ts). Mining one block teaches it, so that the next one is read faster,
 * and a template that a part has is recognised in a block with a single row of it.
 *
 *   const known = new KnownTemplates(random)
 *   miner.mine(first, 20_000, known)       learns
 *   miner.mine(second, 12, known)          recognises; numbers of both are those of known.list()
 *
 * Templates of a part that is read, as a merge does, are added with the values of one of their rows: the example tells
 * which reading finds them, and which words are variables.
 *
 * Invariants: a number, once given, keeps its template. Memory is bounded by the list (TEMPLATES_PART_MAX) and by the
 * trie, which forgets when it is half full before a block; then templates are learned again, and have their old numbers.
 */
import type { Random } from '../../base/base.ts'
import { createHashKey } from './keyed-hash.ts'
import { PLAIN, render, TEMPLATE_SLOTS_MAX, TEMPLATES_PART_MAX, type Template } from './template.ts'
import { TemplateDictionary } from './template-dictionary.ts'
import { NARROW_ROOT, TemplateTrie, WIDE_ROOT } from './template-trie.ts'
import { isPlainTokenByte, scanVariables, scanWideVariables, TOO_MANY_VARIABLES } from './tokens.ts'

/** Variables of a message, as spans of it. */
interface Spans {
  readonly starts: Uint32Array
  readonly ends: Uint32Array
}

export class KnownTemplates {
  readonly trie: TemplateTrie
  #dictionary: TemplateDictionary
  readonly #countMax: number
  /** By node of the trie: number + 1. */
  #numbers = new Uint32Array(1024)
  #narrowCount = 0
  /** Wide templates that have no node in common with their narrow reading. */
  #wideFromStartCount = 0

  constructor(random: Random, countMax = TEMPLATES_PART_MAX) {
    this.trie = new TemplateTrie(createHashKey(random))
    this.#countMax = countMax
    this.#dictionary = new TemplateDictionary(countMax)
  }

  get dictionary(): TemplateDictionary {
    return this.#dictionary
  }

  /** By number. The list is the dictionary's own. */
  list(): readonly Template[] {
    return this.#dictionary.list()
  }

  /** Forgets all: numbers begin anew, in a list that is another object. */
  forget(): void {
    this.#dictionary = new TemplateDictionary(this.#countMax)
    this.#forgetNodes()
  }

  /** Before a block: makes sure that there is room to learn. */
  makeRoom(): void {
    if (this.trie.isHalfFull) this.#forgetNodes()
  }

  #forgetNodes(): void {
    this.trie.reset()
    this.#numbers.fill(0)
    this.#narrowCount = 0
    this.#wideFromStartCount = 0
  }

  /** The number of the template that ends at a node of the trie; PLAIN where none does. */
  numberOf(node: number): number {
    return node < this.#numbers.length ? (this.#numbers[node] - 1) >>> 0 : PLAIN
  }

  /** Adds a template that ends at this node. PLAIN where it is new and the list is full. */
  addAt(node: number, template: Template): number {
    const number = this.#dictionary.add(template)
    if (number === PLAIN) return PLAIN
    if (node >= this.#numbers.length) {
      const numbers = new Uint32Array(Math.max(node + 1, this.#numbers.length * 2))
      numbers.set(this.#numbers)
      this.#numbers = numbers
    }
    this.#numbers[node] = number + 1
    return number
  }

  /**
   * Adds a template of a part that is read, with the values of one of its rows. Answers its number, PLAIN where it is
   * new and the list is full. Where no reading finds these values in the row, it is in the list but not recognised.
   */
  add(template: Template, values: readonly Uint8Array[]): number {
    const message = render(template, values)
    const wanted = spansOf(template, values)
    const view = new DataView(message.buffer, message.byteOffset, message.byteLength)
    this.trie.useData(message)
    const narrow = scanned(scanVariables, message, view)
    const narrowEnd = this.#narrowPath(message, narrow, wanted)
    if (narrowEnd >= 0) {
      this.#narrowCount++
      this.#markRoot()
      return this.addAt(narrowEnd, template)
    }
    if (!sameSpans(scanned(scanWideVariables, message, view), wanted)) return this.#dictionary.add(template)
    this.#markWide(message, narrow, wanted)
    return this.addAt(this.#path(WIDE_ROOT, message, wanted), template)
  }

  /** The last node of the narrow reading, where that is what is wanted but for words that become holes; else below 0. */
  #narrowPath(message: Uint8Array, narrow: Spans, wanted: Spans): number {
    const holes = holesOf(message, narrow, wanted)
    if (holes === null) return -1
    const { trie } = this
    for (const slot of holes) {
      const node = this.#path(NARROW_ROOT, message, wanted, slot)
      if (node < 0) return -1
      const isLast = slot === wanted.starts.length - 1
      const end = isLast ? message.length : wanted.starts[slot + 1]
      const start = slot === 0 ? 0 : wanted.ends[slot - 1]
      trie.addHole(node, {
        prefix: message.slice(start, wanted.starts[slot]),
        suffix: message.slice(wanted.ends[slot], end),
        isLast,
      })
    }
    return this.#path(NARROW_ROOT, message, wanted)
  }

  /** Takes the steps before the first `slotCount` variables, or all of them with the last one. */
  #path(root: number, message: Uint8Array, { starts, ends }: Spans, slotCount = -1): number {
    const count = slotCount < 0 ? starts.length : slotCount
    let node = root
    let at = 0
    for (let slot = 0; slot < count && node >= 0; slot++) {
      node = this.trie.step(node, at, starts[slot], false)
      at = ends[slot]
    }
    return slotCount < 0 && node >= 0 ? this.trie.step(node, at, message.length, true) : node
  }

  /** Texts that come to where the two readings part are to be read wide. */
  #markWide(message: Uint8Array, narrow: Spans, wanted: Spans): void {
    let common = 0
    while (
      common < Math.min(narrow.starts.length, wanted.starts.length) &&
      narrow.starts[common] === wanted.starts[common] &&
      narrow.ends[common] === wanted.ends[common]
    )
      common++
    if (common === 0) {
      this.#wideFromStartCount++
      this.#markRoot()
      return
    }
    // The bytes before the parting are the same in both readings.
    const { trie } = this
    const node = this.#path(NARROW_ROOT, message, wanted, common)
    if (node >= 0) trie.markWide(node)
  }

  /** Whether all texts are read wide: no template may say otherwise. */
  #markRoot(): void {
    this.trie.markWide(NARROW_ROOT, this.#wideFromStartCount > 0 && this.#narrowCount === 0)
  }
}

function spansOf({ slots }: Template, values: readonly Uint8Array[]): Spans {
  const starts = new Uint32Array(slots.length)
  const ends = new Uint32Array(slots.length)
  let valueBytes = 0
  for (let slot = 0; slot < slots.length; slot++) {
    starts[slot] = slots[slot] + valueBytes
    valueBytes += values[slot].length
    ends[slot] = slots[slot] + valueBytes
  }
  return { starts, ends }
}

function scanned(scan: typeof scanVariables, message: Uint8Array, view: DataView): Spans {
  const starts = new Uint32Array(TEMPLATE_SLOTS_MAX)
  const ends = new Uint32Array(TEMPLATE_SLOTS_MAX)
  const found = scan(message, view, 0, message.length, starts, ends, 0, TEMPLATE_SLOTS_MAX)
  const count = found === TOO_MANY_VARIABLES ? 0 : found
  return { starts: starts.subarray(0, count), ends: ends.subarray(0, count) }
}

function sameSpans(a: Spans, b: Spans): boolean {
  return (
    a.starts.length === b.starts.length &&
    a.starts.every((start, i) => start === b.starts[i] && a.ends[i] === b.ends[i])
  )
}

/** The wanted variables that the narrow reading lacks; null where it has others, or where one is not a word of its own. */
function holesOf(message: Uint8Array, narrow: Spans, wanted: Spans): number[] | null {
  const holes: number[] = []
  let known = 0
  for (let slot = 0; slot < wanted.starts.length; slot++) {
    const start = wanted.starts[slot]
    const end = wanted.ends[slot]
    if (known < narrow.starts.length && narrow.starts[known] === start && narrow.ends[known] === end) known++
    else if (start < end && holes.at(-1) !== slot - 1 && isWord(message, start, end)) holes.push(slot)
    else return null
  }
  return known === narrow.starts.length ? holes : null
}

function isWord(message: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (!isPlainTokenByte(message[at])) return false
  return (
    (start === 0 || !isPlainTokenByte(message[start - 1])) &&
    (end === message.length || !isPlainTokenByte(message[end]))
  )
}
