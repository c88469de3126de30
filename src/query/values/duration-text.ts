/** Durations as people read them: `3m30.5s`, `1w2d`, `123ms456µs`. */

const LARGE_UNITS: readonly (readonly [string, bigint])[] = [
  ['w', 604_800_000_000_000n],
  ['d', 86_400_000_000_000n],
  ['h', 3_600_000_000_000n],
  ['m', 60_000_000_000n],
]
const SMALL_UNITS: readonly (readonly [string, bigint])[] = [
  ['ms', 1_000_000n],
  ['µs', 1_000n],
  ['ns', 1n],
]
const SECOND = 1_000_000_000n
const DECIMALS = 9

/** Of nanoseconds. Units that are zero are left out; below a second the units are whole: `0` for none. */
export function durationText(nanoseconds: bigint): string {
  if (nanoseconds === 0n) return '0'
  const sign = nanoseconds < 0n ? '-' : ''
  const total = nanoseconds < 0n ? -nanoseconds : nanoseconds
  const large = spell(total, LARGE_UNITS)
  const rest = large.rest >= SECOND ? `${secondsText(large.rest)}s` : spell(large.rest, SMALL_UNITS).text
  return sign + large.text + rest
}

function spell(total: bigint, units: readonly (readonly [string, bigint])[]): { text: string; rest: bigint } {
  let text = ''
  let rest = total
  for (const [name, unit] of units) {
    if (rest >= unit) text += `${rest / unit}${name}`
    rest %= unit
  }
  return { text, rest }
}

/** Nanoseconds as seconds with as few decimals as keep them: `63.5`. */
export function secondsText(nanoseconds: bigint): string {
  const total = nanoseconds < 0n ? -nanoseconds : nanoseconds
  const decimals = String(total % SECOND)
    .padStart(DECIMALS, '0')
    .replace(/0+$/, '')
  const sign = nanoseconds < 0n ? '-' : ''
  return `${sign}${total / SECOND}${decimals === '' ? '' : `.${decimals}`}`
}
