/** "Did you mean": the name that is nearest to a mistyped one. */

/** `; did you mean \`limit\`?`, or nothing when no name is near. */
export function didYouMean(typed: string, names: Iterable<string>): string {
  const nearest = nearestName(typed, names)
  return nearest === null ? '' : `; did you mean \`${nearest}\`?`
}

/** The name with the fewest typing mistakes between it and `typed`, at most one for every three letters, or null. */
export function nearestName(typed: string, names: Iterable<string>): string | null {
  const wanted = typed.toLowerCase()
  let best: string | null = null
  let bestMistakes = Math.max(1, Math.floor(wanted.length / 3)) + 1
  for (const name of names) {
    if (Math.abs(name.length - wanted.length) >= bestMistakes) continue
    const mistakes = typingMistakes(wanted, name)
    if (mistakes >= bestMistakes) continue
    best = name
    bestMistakes = mistakes
  }
  return best
}

/** Letters added, left out, changed, or swapped with their neighbour. */
function typingMistakes(from: string, to: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let i = 1; i <= from.length; i++) {
    const row = [i]
    for (let j = 1; j <= to.length; j++) {
      const change = from[i - 1] === to[j - 1] ? 0 : 1
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + change)
      const isSwap = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]
      if (isSwap) row[j] = Math.min(row[j], beforeLast[j - 2] + 1)
    }
    beforeLast = last
    last = row
  }
  return last[to.length]
}
