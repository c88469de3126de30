/** The first few of many, without putting all of them in order. `compare` is below 0 where `a` comes before `b`. */
type Compare = (a: number, b: number) => number

/** The first `limit` of `values`, in their order. `compare` never says 0 for two of them. */
export function smallest(values: Uint32Array, limit: number, compare: Compare): Uint32Array {
  if (values.length <= limit) return Uint32Array.from(values).sort(compare)
  if (limit === 0) return new Uint32Array(0)
  // A heap with the last one of the best on top. Values that are in order already go in with the best first.
  const isTurned = compare(values[values.length - 1], values[0]) < 0
  const first = isTurned ? values.length - limit : 0
  const heap = Uint32Array.from(values.subarray(first, first + limit))
  for (let at = (limit >> 1) - 1; at >= 0; at--) sink(heap, at, compare)
  for (let count = limit; count < values.length; count++) {
    const value = values[isTurned ? values.length - 1 - count : count]
    if (compare(value, heap[0]) >= 0) continue
    heap[0] = value
    sink(heap, 0, compare)
  }
  return heap.sort(compare)
}

function sink(heap: Uint32Array, from: number, compare: Compare): void {
  const value = heap[from]
  let at = from
  for (;;) {
    const left = 2 * at + 1
    if (left >= heap.length) break
    const right = left + 1
    const later = right < heap.length && compare(heap[right], heap[left]) > 0 ? right : left
    if (compare(value, heap[later]) >= 0) break
    heap[at] = heap[later]
    at = later
  }
  heap[at] = value
}

/** The first `limit` of each group, in their order; `groups` by value. */
export function smallestOfEach(
  values: Uint32Array,
  groups: Uint32Array,
  limit: number,
  compare: Compare,
): Uint32Array {
  if (limit === 1) return firstOfEach(values, groups, compare)
  const seen = new Map<number, number>()
  return Uint32Array.from(values)
    .sort(compare)
    .filter((value) => {
      const count = (seen.get(groups[value]) ?? 0) + 1
      seen.set(groups[value], count)
      return count <= limit
    })
}

function firstOfEach(values: Uint32Array, groups: Uint32Array, compare: Compare): Uint32Array {
  const first = new Map<number, number>()
  for (const value of values) {
    const best = first.get(groups[value])
    if (best === undefined || compare(value, best) < 0) first.set(groups[value], value)
  }
  return Uint32Array.from(first.values()).sort(compare)
}
