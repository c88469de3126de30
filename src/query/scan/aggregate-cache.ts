/**
 * States of pipes over whole parts, for the next time that the same is asked: parts never change, so neither does what
 * a filter and a pipe make of one. Dashboards ask the same again and again; only what is new is computed then.
 *
 * Bounded in bytes, the least recently used go first. Serialised, so that nobody changes what is kept.
 */
import { deserialize, serialize } from 'node:v8'
import type { HeldPart } from '../../storage/storage.ts'
import type { Filter, Pipe } from '../ast.ts'
import { pipeKindOf } from '../pipes/registry.ts'
import type { GatherWanted } from './gather.ts'

/** A state that is larger is not kept: it would push out many others. */
const ENTRY_SHARE = 4
/** In place of such a state: it will be as large again. */
const TOO_LARGE = new Uint8Array(0)
/** What an entry takes besides its bytes. */
const ENTRY_BYTES = 256
const RECORDS_MIN = 65_536

export class AggregateCache {
  readonly #bytesMax: number
  readonly #states = new Map<string, Uint8Array>()
  #bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Undefined: not known. */
  find(part: HeldPart, question: string): { readonly state: unknown } | undefined {
    const key = keyOf(part, question)
    const kept = this.#states.get(key)
    if (kept === undefined) return undefined
    this.#states.delete(key)
    this.#states.set(key, kept)
    return kept === TOO_LARGE ? undefined : { state: deserialize(kept) }
  }

  /** Whether the part shall have a state of its own: small parts are scanned faster than they are looked up. */
  isWorthKeeping(part: HeldPart, question: string): boolean {
    return part.records >= RECORDS_MIN && this.#states.get(keyOf(part, question)) !== TOO_LARGE
  }

  keep(part: HeldPart, question: string, state: unknown): void {
    const key = keyOf(part, question)
    if (this.#states.has(key)) return
    const sizeMax = this.#bytesMax / ENTRY_SHARE
    const bytes = bytesLeft(state, sizeMax) < 0 ? TOO_LARGE : serialize(state)
    this.#put(key, sizeOf(key, bytes) > sizeMax ? TOO_LARGE : bytes)
  }

  #put(key: string, bytes: Uint8Array): void {
    this.#states.set(key, bytes)
    this.#bytes += sizeOf(key, bytes)
    for (const [oldest, old] of this.#states) {
      if (this.#bytes <= this.#bytesMax) return
      this.#states.delete(oldest)
      this.#bytes -= sizeOf(oldest, old)
    }
  }
}

/**
 * How many of so many bytes are left beside what a state of plain data takes at least; below 0 as soon as it is too large:
 * to serialise hundreds of megabytes only to see how many they are holds everybody up.
 */
function bytesLeft(state: unknown, bytes: number): number {
  if (ArrayBuffer.isView(state)) return bytes - state.byteLength
  if (typeof state === 'string') return bytes - state.length
  if (typeof state !== 'object' || state === null) return bytes - 1
  let left = bytes
  const values: Iterable<unknown> =
    state instanceof Map || Array.isArray(state) ? state : Object.values(state)
  for (const value of values) {
    left = bytesLeft(value, left)
    if (left < 0) return left
  }
  return left
}

const sizeOf = (key: string, bytes: Uint8Array): number => ENTRY_BYTES + 2 * key.length + bytes.length

/** What tells questions apart; null where another run over the same rows may give something else. */
export function questionOf(filter: Filter, { before, pipe, fields, settings }: GatherWanted): string | null {
  const isSure = (each: Pipe): boolean => pipeKindOf(each).isRepeatable !== false
  if (![...before, pipe].every(isSure)) return null
  const { timeMsMin, timeMsMax, rateSeconds, stateBytesMax } = settings
  const times = [timeMsMin, timeMsMax, rateSeconds, stateBytesMax].map(String)
  return JSON.stringify([filter, before, pipe, fields, times], withBigInts)
}

const withBigInts = (_name: string, value: unknown): unknown =>
  typeof value === 'bigint' ? `${value}n` : value

/** Rows that are deleted later make another key of the part. */
function keyOf({ path, deletedRecords, slice }: HeldPart, question: string): string {
  return `${path} ${deletedRecords} ${slice === undefined ? '' : `${slice.at}/${slice.of}`} ${question}`
}
