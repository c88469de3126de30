/**
 * Copies the message of a command and looks for control characters on the way.
 *
 * Control characters are bytes below 0x20 but tab, and 0x7f. What is above 0x7f is not looked at: whether it is UTF-8
 * is nobody's business on the way in.
 *
 * Measured on 180-byte messages: four bytes a step 79 ns, a loop over bytes 148 ns, finding the newline, checking and
 * copying one after the other 95 ns.
 */
const TAB = 0x09
const DELETE = 0x7f

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
  const wordsEnd = end - 3
  let from = start
  let to = at
  while (from < wordsEnd) {
    const word = source.getInt32(from, true)
    if (hasControlByte(word) && !isTabbedWord(word)) return false
    target.setInt32(to, word, true)
    from += 4
    to += 4
  }
  for (; from < end; from++, to++) {
    const byte = source.getUint8(from)
    if (isControlByte(byte)) return false
    target.setUint8(to, byte)
  }
  return true
}

/** Whether one of the four bytes is below 0x20 (tab included) or 0x7f: the sign bit of a byte tells a borrow. */
function hasControlByte(word: number): boolean {
  const deleted = word ^ 0x7f7f7f7f
  return ((((word - 0x20202020) & ~word) | ((deleted - 0x01010101) & ~deleted)) & 0x80808080) !== 0
}

/** Whether the control characters of a word are all tabs. */
function isTabbedWord(word: number): boolean {
  for (let shift = 0; shift < 32; shift += 8) {
    if (isControlByte((word >>> shift) & 0xff)) return false
  }
  return true
}

function isControlByte(byte: number): boolean {
  return byte < 0x20 ? byte !== TAB : byte === DELETE
}
