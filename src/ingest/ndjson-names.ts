/**
 * The names of the members of NDJSON records: each is met once as bytes and is a number from then on, with the dotted
 * name and the role that the options give it. Lines of one shape find their names by looking where they stood in the
 * line before, without a hash.
 *
 *   {"a":{"b":1},"a.b":2}   nodes: a, a→b, a.b (what JSON keeps apart)
 *                           names: a.b (what a record keeps apart)
 *
 * Invariants: node 0 is the line itself and 0 means "none" elsewhere; a key is compared byte by byte before it counts;
 * what one line may add is bounded by its length, and a table that grew too large is emptied between two lines.
 *
 * Not for values (ndjson-decoder.ts).
 */
import { assert } from '../base/base.ts'
import { checkFieldName, FIELD_NAME_BYTES_MAX, TRUNCATED_FIELD } from '../record/record.ts'

export interface NdjsonFieldOptions {
  /** Names of the time, the first that is there and not empty wins; `_time` is always the last of them. */
  readonly timeField?: readonly string[]
  /** Names of the message, the first that is there and not empty wins; `_msg` is always the last of them. */
  readonly msgField?: readonly string[]
  /** Fields that name where a record comes from. */
  readonly streamFields?: readonly string[]
  /** Fields that are not kept; `prefix*` names all that begin so. */
  readonly ignoreFields?: readonly string[]
  /** Fields of every record; they win over a record's own. Each name must pass `checkFieldName`. */
  readonly extraFields?: readonly (readonly [name: string, value: string])[]
}

export const ROLE_FIELD = 0
/** Not kept. */
export const ROLE_IGNORED = 1
/** The others are numbers of slots: one per time, message and stream field. */
export const SLOT_LEVEL = 2
const SLOT_FIRST = 3

const LEVEL_NAME = 'level'
const TIME_NAME = '_time'
const MESSAGE_NAME = '_msg'
/** Names that queries give a meaning of their own: no field has them. */
const DERIVED_NAMES: readonly string[] = [
  LEVEL_NAME,
  TIME_NAME,
  MESSAGE_NAME,
  '_id',
  '_stream',
  '_stream_id',
  TRUNCATED_FIELD,
]

const NODES_MAX = 8192
const SLOTS_INITIAL = 256
const TEXT_BYTES_INITIAL = 4096
const DOT = 0x2e
const QUOTE = 0x22
const BACKSLASH = 0x5c
const SPACE = 0x20
/** Instead of a node: its name is longer than a name may be. */
export const NAME_TOO_LONG = -2
/** Instead of a node: it would have no name at all. */
export const NAME_EMPTY = -3

export class NdjsonNames {
  /** Slots of the times, of the messages and of the stream fields, in the order in which they are asked. */
  readonly timeSlots: readonly number[]
  readonly messageSlots: readonly number[]
  readonly streamSlots: readonly number[]
  readonly slotCount: number
  readonly extraFields: readonly (readonly [name: string, value: string, isStream: boolean])[]
  /** By node: the name, the key that followed last, the first key within, the line in which it was seen last. */
  nameOf: number[] = []
  nextOf: number[] = []
  firstOf: number[] = []
  nodeLine: number[] = []
  parentOf: number[] = []
  /** By node: the line in which it was an object with members last. */
  objectLine: number[] = []
  /** By name: where its bytes stand in `text`, its role, whether it stays a field where its role is not needed, where this line has it. */
  startOf: number[] = []
  endOf: number[] = []
  roleOf: number[] = []
  isKept: boolean[] = []
  nameLine: number[] = []
  spanOf: number[] = []
  /** The bytes of all names; another view whenever there are more than it has room for. */
  text = new DataView(new ArrayBuffer(TEXT_BYTES_INITIAL))
  #textBytes = new Uint8Array(this.text.buffer)
  #textLength = 0
  /** The number of the line that is read. */
  line = 0
  #keyOf: Uint8Array[] = []
  /** The key in a line looks as it is: nothing in it needs an escape. */
  #isPlain: boolean[] = []
  #table = new Int32Array(SLOTS_INITIAL)
  #numberOfName = new Map<string, number>()
  readonly #hashSeed: number
  readonly #slots = new Map<string, number>()
  readonly #ignored: ReadonlySet<string>
  readonly #ignoredPrefixes: readonly string[]

  /** `hashSeed`: nobody outside should know it, so that nobody can make keys that collide. */
  constructor(options: NdjsonFieldOptions, hashSeed: number) {
    this.#hashSeed = hashSeed
    const ignored = options.ignoreFields ?? []
    const extra = options.extraFields ?? []
    for (const [name] of extra) assert(checkFieldName(name) === null, `a bad name of an extra field: ${name}`)
    this.#ignored = new Set([
      ...ignored.filter((name) => !name.endsWith('*')).map(latin1Of),
      ...extra.map(([name]) => latin1Of(name)),
    ])
    this.#ignoredPrefixes = ignored
      .filter((name) => name.endsWith('*'))
      .map((name) => latin1Of(name.slice(0, -1)))
    const streams = [...(options.streamFields ?? [])].sort()
    this.#slots.set(LEVEL_NAME, SLOT_LEVEL)
    this.timeSlots = this.#slotsOf([...(options.timeField ?? []), TIME_NAME])
    this.messageSlots = this.#slotsOf([...(options.msgField ?? []), MESSAGE_NAME])
    this.streamSlots = this.#slotsOf(streams)
    this.slotCount = SLOT_FIRST + this.#slots.size
    this.extraFields = extraFieldsOf(extra, streams)
    this.#empty()
  }

  /** Starts a line: what was seen in lines before counts no more. True when all names were forgotten. */
  beginLine(): boolean {
    this.line++
    if (this.nameOf.length <= NODES_MAX) return false
    this.#empty()
    return true
  }

  /** The key of the node, and a quote, stand at `at`. */
  isKeyAt(node: number, bytes: Uint8Array, at: number): boolean {
    if (!this.#isPlain[node]) return false
    const key = this.#keyOf[node]
    const length = key.length
    for (let index = 0; index < length; index++) {
      if (bytes[at + index] !== key[index]) return false
    }
    return bytes[at + length] === QUOTE
  }

  keyLength(node: number): number {
    return this.#keyOf[node].length
  }

  /** The node of a key within another node, or NAME_TOO_LONG or NAME_EMPTY. */
  find(parent: number, bytes: Uint8Array, start: number, end: number): number {
    if (end - start > FIELD_NAME_BYTES_MAX) return NAME_TOO_LONG
    const mask = this.#table.length - 1
    let slot = this.#hash(parent, bytes, start, end) & mask
    for (; this.#table[slot] !== 0; slot = (slot + 1) & mask) {
      const node = this.#table[slot]
      if (this.parentOf[node] === parent && isEqual(this.#keyOf[node], bytes, start, end)) return node
    }
    // A copy: `slice` of a Buffer would be a view.
    return this.#add(parent, Uint8Array.prototype.slice.call(bytes, start, end), slot)
  }

  /** Whether a node is another one or within it. */
  isWithin(node: number, ancestor: number): boolean {
    let at = node
    while (at !== ancestor && at !== 0) at = this.parentOf[at]
    return at === ancestor
  }

  #slotsOf(names: readonly string[]): number[] {
    return [...new Set(names.map(latin1Of))]
      .filter((name) => !this.#slots.has(name))
      .map((name) => {
        const slot = SLOT_FIRST + this.#slots.size
        this.#slots.set(name, slot)
        return slot
      })
  }

  #empty(): void {
    this.nameOf = [0]
    this.nextOf = [0]
    this.firstOf = [0]
    this.nodeLine = [0]
    this.parentOf = [0]
    this.objectLine = [0]
    this.#keyOf = [new Uint8Array(0)]
    this.#isPlain = [false]
    this.startOf = [0]
    this.endOf = [0]
    this.#textLength = 0
    this.roleOf = [ROLE_IGNORED]
    this.isKept = [false]
    this.nameLine = [0]
    this.spanOf = [0]
    this.#numberOfName.clear()
    this.#table = new Int32Array(SLOTS_INITIAL)
  }

  #add(parent: number, key: Uint8Array, slot: number): number {
    const name = this.#numberName(parent, key)
    if (name < 0) return name
    const node = this.nameOf.length
    this.nameOf.push(name)
    this.nextOf.push(0)
    this.firstOf.push(0)
    this.nodeLine.push(0)
    this.parentOf.push(parent)
    this.objectLine.push(0)
    this.#keyOf.push(key)
    this.#isPlain.push(key.every((byte) => byte >= SPACE && byte !== QUOTE && byte !== BACKSLASH))
    this.#table[slot] = node
    if (node * 2 > this.#table.length) this.#growTable()
    return node
  }

  /** The number of the dotted name of a key. */
  #numberName(parent: number, key: Uint8Array): number {
    const above = this.nameOf[parent]
    const prefix = this.#textBytes.subarray(this.startOf[above], this.endOf[above])
    const bytes = parent === 0 ? key : Buffer.concat([prefix, Buffer.of(DOT), key])
    if (bytes.length === 0) return NAME_EMPTY
    if (bytes.length > FIELD_NAME_BYTES_MAX) return NAME_TOO_LONG
    const text = Buffer.from(bytes).toString('latin1')
    const known = this.#numberOfName.get(text)
    if (known !== undefined) return known
    const name = this.startOf.length
    this.#numberOfName.set(text, name)
    this.#addText(bytes)
    this.roleOf.push(this.#roleOfName(text))
    this.isKept.push(!DERIVED_NAMES.includes(text))
    this.nameLine.push(0)
    this.spanOf.push(0)
    return name
  }

  #addText(bytes: Uint8Array): void {
    const end = this.#textLength + bytes.length
    if (end > this.#textBytes.length) {
      const grown = new Uint8Array(end * 2)
      grown.set(this.#textBytes)
      this.#textBytes = grown
      this.text = new DataView(grown.buffer)
    }
    this.#textBytes.set(bytes, this.#textLength)
    this.startOf.push(this.#textLength)
    this.endOf.push(end)
    this.#textLength = end
  }

  #roleOfName(name: string): number {
    if (this.#ignored.has(name)) return ROLE_IGNORED
    if (this.#ignoredPrefixes.some((prefix) => name.startsWith(prefix))) return ROLE_IGNORED
    return this.#slots.get(name) ?? (DERIVED_NAMES.includes(name) ? ROLE_IGNORED : ROLE_FIELD)
  }

  #growTable(): void {
    const table = new Int32Array(this.#table.length * 2)
    const mask = table.length - 1
    for (let node = 1; node < this.nameOf.length; node++) {
      const key = this.#keyOf[node]
      let slot = this.#hash(this.parentOf[node], key, 0, key.length) & mask
      while (table[slot] !== 0) slot = (slot + 1) & mask
      table[slot] = node
    }
    this.#table = table
  }

  #hash(parent: number, bytes: Uint8Array, start: number, end: number): number {
    let hash = this.#hashSeed ^ Math.imul(parent, 0x9e3779b1)
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at] ^ (hash >>> 15), 0x85ebca6b)
    return hash ^ (hash >>> 13)
  }
}

/** Stream fields first, sorted as the records' own are. */
function extraFieldsOf(
  extra: readonly (readonly [name: string, value: string])[],
  streams: readonly string[],
): [string, string, boolean][] {
  const last = new Map(extra)
  const isStream = (name: string): boolean => streams.includes(name)
  return [
    ...[...last].filter(([name]) => isStream(name)).sort(([a], [b]) => (a < b ? -1 : 1)),
    ...[...last].filter(([name]) => !isStream(name)),
  ].map(([name, value]) => [name, value, isStream(name)])
}

function isEqual(key: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (key.length !== end - start) return false
  for (let index = 0; index < key.length; index++) {
    if (key[index] !== bytes[start + index]) return false
  }
  return true
}

/** UTF-8 bytes as a string of one character a byte, so that names can be looked up whatever their bytes are. */
function latin1Of(name: string): string {
  return Buffer.from(name).toString('latin1')
}
