/**
 * Where the variables of many texts lie, one after the other, in memory that grows.
 *
 * Invariant: the first `count` of `starts` and `ends` hold; what lies behind them is spare. Room must be reserved
 * before variables are written, and the arrays fetched again after it.
 *
 * Memory may be somebody else's for a while (`begin`): then it does not grow, and there must be enough of it.
 */
/** 8 MB. */
const KEPT_MAX = 1 << 20

export class VariableSpans {
  starts = new Uint32Array(4096)
  ends = new Uint32Array(4096)
  count = 0
  /** What is used where nobody else's is. */
  #ownStarts = this.starts
  #ownEnds = this.ends

  /** Forgets all, and gives back memory that an unusual column took. */
  clear(): void {
    if (this.#ownStarts.length > KEPT_MAX) {
      this.#ownStarts = new Uint32Array(KEPT_MAX)
      this.#ownEnds = new Uint32Array(KEPT_MAX)
    }
    this.begin(this.#ownStarts, this.#ownEnds)
  }

  /** Forgets all, and goes on in these arrays until `clear`. */
  begin(starts: Uint32Array<ArrayBuffer>, ends: Uint32Array<ArrayBuffer>): void {
    this.count = 0
    this.starts = starts
    this.ends = ends
  }

  /** Makes room for `more` variables. */
  reserve(more: number): void {
    const needed = this.count + more
    if (needed <= this.starts.length) return
    const capacity = Math.max(needed, this.starts.length * 2)
    const starts = new Uint32Array(capacity)
    const ends = new Uint32Array(capacity)
    starts.set(this.starts)
    ends.set(this.ends)
    this.#ownStarts = this.starts = starts
    this.#ownEnds = this.ends = ends
  }

  /** Puts a variable before the one that has this number. */
  insert(number: number, start: number, end: number): void {
    const { starts, ends, count } = this
    starts.copyWithin(number + 1, number, count)
    ends.copyWithin(number + 1, number, count)
    starts[number] = start
    ends[number] = end
    this.count = count + 1
  }
}
