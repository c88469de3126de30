/** Sorting of many things in steps of some milliseconds, so that others may work between them. */

/** So many are sorted at once, and so many steps of merging are made. */
const RUN_LENGTH = 1 << 13
const MERGED_AT_ONCE = 1 << 15

/** Returns the numbers in order; equal ones keep theirs. `values` is used up. */
export function* sortInSteps(
  values: Uint32Array<ArrayBuffer>,
  compare: (a: number, b: number) => number,
): Generator<null, Uint32Array<ArrayBuffer>> {
  const { length } = values
  for (let from = 0; from < length; from += RUN_LENGTH) {
    values.subarray(from, from + RUN_LENGTH).sort(compare)
    if (from + RUN_LENGTH < length) yield null
  }
  let source = values
  let target = new Uint32Array(length > RUN_LENGTH ? length : 0)
  for (let width = RUN_LENGTH; width < length; width *= 2) {
    for (let from = 0; from < length; from += 2 * width) {
      const middle = Math.min(length, from + width)
      yield* merge(source, from, middle, Math.min(length, from + 2 * width), target, compare)
    }
    const merged = target
    target = source
    source = merged
  }
  return source
}

/** The numbers from `from` to below `middle`, and those from there to below `end`, are in order each. */
function* merge(
  source: Uint32Array,
  from: number,
  middle: number,
  end: number,
  target: Uint32Array,
  compare: (a: number, b: number) => number,
): Generator<null, void> {
  let left = from
  let right = middle
  for (let at = from; at < end; at++) {
    const isLeft = left < middle && (right >= end || compare(source[left], source[right]) <= 0)
    target[at] = isLeft ? source[left++] : source[right++]
    if ((at & (MERGED_AT_ONCE - 1)) === 0) yield null
  }
}
