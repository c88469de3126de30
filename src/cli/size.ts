/** Bytes for people: three digits and a binary unit, `1.46 GiB`. Not for values that are read again. */

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
const STEP = 1024
const DIGITS = 3

export function printSize(bytes: number): string {
  let size = bytes
  let unit = 0
  while (size >= STEP && unit < UNITS.length - 1) {
    size /= STEP
    unit++
  }
  const text = unit === 0 || size >= 100 ? String(Math.round(size)) : size.toPrecision(DIGITS)
  return `${text} ${UNITS[unit]}`
}
