/** Numbers and texts by group, which grow with the groups and are charged to the memory of the query. */
import type { MemoryShare } from '../batches/memory-share.ts'

const GROUPS_MIN = 16
const NUMBER_BYTES = 8

/** A number for each group. */
export class GroupNumbers {
  values: Float64Array
  readonly #memory: MemoryShare
  readonly #initial: number

  constructor(memory: MemoryShare, initial = 0) {
    this.#memory = memory
    this.#initial = initial
    this.values = new Float64Array(0)
  }

  /** Makes room for groups below `count`. */
  grow(count: number): Float64Array {
    if (count <= this.values.length) return this.values
    const size = Math.max(GROUPS_MIN, count, 2 * this.values.length)
    this.#memory.charge((size - this.values.length) * NUMBER_BYTES)
    const grown = new Float64Array(size)
    grown.set(this.values)
    if (this.#initial !== 0) grown.fill(this.#initial, this.values.length)
    this.values = grown
    return grown
  }

  /** As plain data. */
  take(): Float64Array {
    return this.values
  }

  /** Adds numbers of other groups, each to the group that it is here. */
  addFrom(taken: Float64Array, groups: Uint32Array, groupCount: number): void {
    const values = this.grow(groupCount)
    const count = Math.min(taken.length, groups.length)
    for (let at = 0; at < count; at++) values[groups[at]] += taken[at]
  }
}
