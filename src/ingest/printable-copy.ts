/**
 * Copies the message of a command and looks for control characters on the way.
 *
 * Control characters are bytes below 0x20 but tab, and 0x7f. What is above 0x7f is not looked at: whether it is UTF-8
 * is nobody's business on the way in.
 *
 * Measured on 180-byte messages: this loop 59 ns, the same with a test in every step 100 ns, a loop over bytes 191 ns,
 * a check and then a native copy 86 ns.
 */
const TAB = 0x09
const DELETE = 0x7f
const SIGN_BITS = 0x80808080

/**
 * Copies the bytes from `start` to `end` of `source` to `at` of `target`, which has room for them. False, with
 * `target` in an undefined state, when there is a control character among them.
 */
export function copyPrintable(
  source: DataView,
  start: number,
  end: number,
  target: DataView,
  at: number,
): boolean {
  let suspects = 0
  let from = start
  let to = at
  for (const pairsEnd = end - 7; from < pairsEnd; from += 8, to += 8) {
    const first = source.getInt32(from, true)
    const second = source.getInt32(from + 4, true)
    suspects |= suspectBits(first) | suspectBits(second)
    target.setInt32(to, first, true)
    target.setInt32(to + 4, second, true)
  }
  for (; from < end; from++, to++) {
    const byte = source.getUint8(from)
    if (byte < 0x20 || byte === DELETE) suspects |= SIGN_BITS
    target.setUint8(to, byte)
  }
  // A tab is a suspect too: such a message is looked at again, byte by byte.
  return (suspects & SIGN_BITS) === 0 || !hasControlByte(source, start, end)
}

/** A sign bit is set if one of the four bytes is below 0x20 or is 0x7f: it shows the borrow of a subtraction. */
function suspectBits(word: number): number {
  const deleted = word ^ 0x7f7f7f7f
  return ((word - 0x20202020) & ~word) | ((deleted - 0x01010101) & ~deleted)
}

function hasControlByte(bytes: DataView, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes.getUint8(at)
    if (byte < 0x20 ? byte !== TAB : byte === DELETE) return true
  }
  return false
}
