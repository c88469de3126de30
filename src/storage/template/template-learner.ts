/**
 * What a sample of a column's rows says about all of them, taught to the trie before they are read. Rows whose template
 * is known teach nothing:
 *
 *  - wide: many templates of the narrow reading are one under the wide reading, as in access logs. The first node that
 *    nearly only such rows pass is marked, and rows that come there are read wide.
 *  - holes: many templates differ in one word only, such as a user's name. The word becomes a variable.
 *  - templates that the sample holds twice are added at once, so that rare ones cannot take their place.
 *
 * Invariant: no hash decides anything. Candidates are found by hash and compared byte by byte; the order in which they
 * are taken is that of their number and of the rows.
 */

import type { Random } from '../../base/base.ts'
import { createHashKey, type HashKey, keyedHash } from './keyed-hash.ts'
import type { KnownTemplates } from './known-templates.ts'
import { PLAIN } from './template.ts'
import { NARROW_ROOT, type TemplateTrie } from './template-trie.ts'
import type { TextColumn, TextReader } from './text-reader.ts'
import { isPlainTokenByte } from './tokens.ts'

/** Rows of the sample. */
const SAMPLE_ROWS_MAX = 2048
/** Rows that are asked first whether they are known, and how many may not be so that there is nothing to learn. */
const PROBE_ROWS_MAX = 256
const UNKNOWN_SHARE_MAX = 1 / 64
/** So many templates must fall together, or they stay apart: a level or a state is static text. */
const TOGETHER_MIN = 8
/** Narrow templates with more rows than this, on average, do not explode. */
const EXPLODING_ROWS_MAX = 32
/** Of the rows that pass a wide node, so many must be better off. */
const WIDE_SHARE_MIN = 0.9
/** Fewer rows than one in so many that have company: templates do not pay. */
const COMPANY_SHARE_MIN = 1 / 8
const HOPELESS_ROWS_MIN = 256
const WORDS_MAX = 64
const WORD_BYTES_MAX = 64
/** Where no word of so many templates looks like a hole, the others are not asked: random text has none. */
const HOLE_STRIDE = 512
/** A hole needs so many other words around it. */
const FRAME_WORDS_MIN = 2

/** A template of the sample. */
interface Sighting {
  readonly node: number
  readonly start: number
  readonly end: number
  rows: number
  /** Has a wide reading or a hole in common with others. */
  isTogether: boolean
}

/** A word of a sighting that could be a hole. */
interface Candidate {
  readonly sighting: Sighting
  /** Number of its segment. */
  readonly segment: number
  readonly start: number
  readonly end: number
}

export class TemplateLearner {
  readonly #key: HashKey
  readonly #otherKey: HashKey

  constructor(random: Random) {
    this.#key = createHashKey(random)
    this.#otherKey = createHashKey(random)
  }

  /**
   * Reads a sample with `reader`, which knows nothing, and teaches `target` what it does not know; both read the
   * column's data. False where templates would not pay.
   */
  teach(
    reader: TextReader,
    target: TextReader,
    column: TextColumn,
    rowCount: number,
    known: KnownTemplates,
  ): boolean {
    if (known.list().length > 0) {
      const probe = unknownRows(target, sampleOf(rowCount, PROBE_ROWS_MAX), column, known)
      if (probe.length <= Math.min(rowCount, PROBE_ROWS_MAX) * UNKNOWN_SHARE_MAX) return true
    }
    const sample = sampleOf(rowCount, SAMPLE_ROWS_MAX)
    const rows = rowsToLearn(target, sample, column, known)
    const sightings = readSample(reader, column, rows)
    // Segments that `target` is taught lie in the trie of the sample.
    target.trie.useData(reader.trie.bytes)
    if (sightings.length * 16 > rows.length) this.#teachWide(reader, target.trie, sightings)
    target.trie.useData(reader.trie.bytes)
    this.#teachHoles(reader.trie, target.trie, sightings)
    target.trie.useData(column.data)
    let company = sample.length - rows.length
    for (const { rows, isTogether } of sightings) if (rows > 1 || isTogether) company += rows
    if (sample.length >= HOPELESS_ROWS_MIN && company < sample.length * COMPANY_SHARE_MIN) return false
    for (const { rows, start, end } of sightings) if (rows > 1) target.read(start, end, true)
    target.spans.clear()
    return true
  }

  #teachWide(reader: TextReader, target: TemplateTrie, sightings: readonly Sighting[]): void {
    const groups = new Map<number, Sighting[]>()
    for (const sighting of sightings) {
      const node = reader.readWide(sighting.start, sighting.end, true)
      reader.spans.count = 0
      const group = groups.get(node)
      if (node < 0) continue
      if (group === undefined) groups.set(node, [sighting])
      else group.push(sighting)
    }
    for (const group of groups.values()) {
      const rows = group.reduce((sum, sighting) => sum + sighting.rows, 0)
      if (group.length < TOGETHER_MIN || rows > group.length * EXPLODING_ROWS_MAX) continue
      for (const sighting of group) sighting.isTogether = true
    }
    markWideNodes(reader.trie, target, sightings)
  }

  #teachHoles(trie: TemplateTrie, target: TemplateTrie, sightings: readonly Sighting[]): void {
    const data = trie.bytes
    const candidates = new Map<number, Candidate[]>()
    let groups: Candidate[][] = []
    for (let from = 0; from < sightings.length; from += HOLE_STRIDE) {
      for (const sighting of sightings.slice(from, from + HOLE_STRIDE)) {
        if (!sighting.isTogether) this.#addCandidates(trie, data, sighting, candidates)
      }
      groups = [...candidates.values()].filter((group) => group.length >= TOGETHER_MIN)
      if (groups.length === 0) return
    }
    // Sorting is stable: groups of one size keep the order of their first rows and words.
    for (const group of groups.sort((a, b) => b.length - a.length)) {
      const free = group.filter(({ sighting }) => !sighting.isTogether)
      const same = free.filter((candidate) => sameFrame(trie, data, free[0], candidate))
      if (same.length < TOGETHER_MIN) continue
      for (const { sighting } of same) sighting.isTogether = true
      addHole(trie, target, same[0])
    }
  }

  /** Sorts each word of a template under the hash of all that stands around it. */
  #addCandidates(
    trie: TemplateTrie,
    data: Uint8Array,
    sighting: Sighting,
    candidates: Map<number, Candidate[]>,
  ): void {
    const words: Candidate[] = []
    const low: number[] = []
    const high: number[] = []
    let lowSum = 0
    let highSum = 0
    let item = 0
    const path = trie.pathTo(sighting.node)
    for (let segment = 0; segment < path.length; segment++) {
      const segmentEnd = trie.segmentEnd(path[segment])
      for (let at = trie.segmentStart(path[segment]), isWord = false; at < segmentEnd; isWord = !isWord) {
        const start = at
        while (at < segmentEnd && isPlainTokenByte(data[at]) === isWord) at++
        item++
        const itemLow = keyedHash(this.#key, item, data, start, at)
        const itemHigh = keyedHash(this.#otherKey, item, data, start, at)
        lowSum += itemLow
        highSum += itemHigh
        if (!isWord || at - start > WORD_BYTES_MAX) continue
        if (words.push({ sighting, segment, start, end: at }) > WORDS_MAX) return
        low.push(itemLow)
        high.push(itemHigh)
      }
      item += 0x1_0000
    }
    if (words.length <= FRAME_WORDS_MIN) return
    for (let word = 0; word < words.length; word++) {
      const frame = ((lowSum - low[word]) >>> 0) * 0x20_0000 + ((highSum - high[word]) >>> 11)
      const group = candidates.get(frame)
      if (group === undefined) candidates.set(frame, [words[word]])
      else group.push(words[word])
    }
  }
}

/** Rows, evenly taken. */
function sampleOf(rowCount: number, rowsMax: number): Uint32Array {
  const count = Math.min(rowCount, rowsMax)
  const rows = new Uint32Array(count)
  for (let i = 0; i < count; i++) rows[i] = Math.floor((i * rowCount) / count)
  return rows
}

/** Those of the rows whose template is not known. */
function unknownRows(
  target: TextReader,
  rows: Uint32Array,
  { starts, lengths }: TextColumn,
  known: KnownTemplates,
): Uint32Array {
  const unknown = rows.filter((row) => {
    const node = target.read(starts[row], starts[row] + lengths[row], false)
    target.spans.count = 0
    return node < 0 || known.numberOf(node) === PLAIN
  })
  return unknown
}

function rowsToLearn(
  target: TextReader,
  sample: Uint32Array,
  column: TextColumn,
  known: KnownTemplates,
): Uint32Array {
  if (known.list().length === 0) return sample
  if (!target.trie.isWide(NARROW_ROOT)) return unknownRows(target, sample, column, known)
  // All blocks so far were to be read wide as a whole, this one is not: what is known says nothing about the others.
  target.trie.markWide(NARROW_ROOT, false)
  return sample
}

function readSample(reader: TextReader, { starts, lengths }: TextColumn, rows: Uint32Array): Sighting[] {
  const sightings = new Map<number, Sighting>()
  for (const row of rows) {
    const start = starts[row]
    const end = start + lengths[row]
    const node = reader.read(start, end, true)
    reader.spans.count = 0
    if (node < 0) continue
    const known = sightings.get(node)
    if (known === undefined) sightings.set(node, { node, start, end, rows: 1, isTogether: false })
    else known.rows++
  }
  return [...sightings.values()]
}

/** Marks the first node of every path that nearly only rows pass which are better off with the wide reading. */
function markWideNodes(trie: TemplateTrie, target: TemplateTrie, sightings: readonly Sighting[]): void {
  const rowsOf = new Uint32Array(trie.nodeCount)
  const wideRowsOf = new Uint32Array(trie.nodeCount)
  const wideTemplatesOf = new Uint32Array(trie.nodeCount)
  for (const { node, rows, isTogether } of sightings) {
    for (let at = node; at >= 0; at = trie.parentOf(at)) {
      rowsOf[at] += rows
      if (!isTogether) continue
      wideRowsOf[at] += rows
      wideTemplatesOf[at]++
    }
  }
  const isBetterWide = (node: number) =>
    wideTemplatesOf[node] >= TOGETHER_MIN && wideRowsOf[node] >= rowsOf[node] * WIDE_SHARE_MIN
  const marked = new Set<number>()
  for (const { node, isTogether } of sightings) {
    if (!isTogether) continue
    if (isBetterWide(NARROW_ROOT)) marked.add(NARROW_ROOT)
    // Asked only when the root is no longer wide, in a later block.
    const first = trie.pathTo(node).find(isBetterWide)
    if (first !== undefined) marked.add(first)
  }
  for (const node of marked) {
    const copy = copyPath(trie, target, trie.pathTo(node))
    if (copy >= 0) target.markWide(copy)
  }
}

/** Takes the steps of one trie in another one, which reads the first one's bytes. Below zero where it is full. */
function copyPath(trie: TemplateTrie, target: TemplateTrie, path: readonly number[]): number {
  let node = NARROW_ROOT
  for (const step of path) {
    if (node >= 0) node = target.step(node, trie.segmentStart(step), trie.segmentEnd(step), false)
  }
  return node
}

function addHole(
  trie: TemplateTrie,
  target: TemplateTrie,
  { sighting, segment, start, end }: Candidate,
): void {
  const path = trie.pathTo(sighting.node)
  const before = copyPath(trie, target, path.slice(0, segment))
  if (before < 0) return
  target.addHole(before, {
    prefix: trie.bytes.slice(trie.segmentStart(path[segment]), start),
    suffix: trie.bytes.slice(end, trie.segmentEnd(path[segment])),
    isLast: segment === path.length - 1,
  })
}

/** Whether two templates are equal around the two words. */
function sameFrame(trie: TemplateTrie, data: Uint8Array, a: Candidate, b: Candidate): boolean {
  const pathA = trie.pathTo(a.sighting.node)
  const pathB = trie.pathTo(b.sighting.node)
  if (a.segment !== b.segment || pathA.length !== pathB.length) return false
  for (let segment = 0; segment < pathA.length; segment++) {
    const startA = trie.segmentStart(pathA[segment])
    const startB = trie.segmentStart(pathB[segment])
    const endA = trie.segmentEnd(pathA[segment])
    const endB = trie.segmentEnd(pathB[segment])
    const isSame =
      segment === a.segment
        ? sameBytes(data, startA, a.start, startB, b.start) && sameBytes(data, a.end, endA, b.end, endB)
        : pathA[segment] === pathB[segment] || sameBytes(data, startA, endA, startB, endB)
    if (!isSame) return false
  }
  return true
}

function sameBytes(data: Uint8Array, startA: number, endA: number, startB: number, endB: number): boolean {
  if (endA - startA !== endB - startB) return false
  for (let a = startA, b = startB; a < endA; a++, b++) if (data[a] !== data[b]) return false
  return true
}
