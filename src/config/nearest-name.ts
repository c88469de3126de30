/**
 * "Did you mean …?" for any list of names: options, commands, query words. Pure. Not a search: a name that is
 * far from all candidates gets no suggestion, because a wrong one is worse than none.
 */

/** Names longer than this get no suggestion: the distance costs the product of both lengths. */
const NAME_LENGTH_MAX = 100

/**
 * The candidate that differs least from `name` (letters inserted, left out, replaced or swapped; case counts
 * for nothing), or null when none is near: about one slip in three letters. The first of equals wins.
 *
 *     nearestName('bytesMx', ['bytesMax', 'timeZone'])   // 'bytesMax'
 *     nearestName('colour', ['bytesMax', 'timeZone'])    // null
 */
export function nearestName(name: string, candidates: Iterable<string>): string | null {
  if (name.length === 0 || name.length > NAME_LENGTH_MAX) return null
  const wanted = name.toLowerCase()
  let best: string | null = null
  let bestDistance = Infinity
  for (const candidate of candidates) {
    const slipsMax = slipsAllowed(Math.max(wanted.length, candidate.length))
    if (Math.abs(wanted.length - candidate.length) > slipsMax) continue
    const distance = editDistance(wanted, candidate.toLowerCase())
    if (distance > slipsMax || distance >= bestDistance) continue
    best = candidate
    bestDistance = distance
  }
  return best
}

function slipsAllowed(length: number): number {
  return Math.min(4, Math.max(1, Math.floor(length / 3)))
}

/** Edits between two words, a swap of neighbours being one edit; three rows of the table are enough. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const replaced = last[column - 1] + (a[row - 1] === b[column - 1] ? 0 : 1)
      let least = Math.min(replaced, last[column] + 1, current[column - 1] + 1)
      const isSwap = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      if (isSwap) least = Math.min(least, beforeLast[column - 2] + 1)
      current.push(least)
    }
    beforeLast = last
    last = current
  }
  return last[b.length]
}
