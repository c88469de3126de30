/** How many bytes `encodeText` would give, without them. */
export function textByteLength(text: string): number {
  const { length } = text
  let bytes = length
  for (let at = 0; at < length; at++) {
    const code = text.charCodeAt(at)
    if (code < 0x80) continue
    if (code < 0x800) bytes++
    else if (code < 0xd800 || code > 0xdfff) bytes += 2
    else if (isPair(text, at, code)) {
      bytes += 2
      at++
    } else if (code < 0xdc80 || code > 0xdcff) bytes += 2
  }
  return bytes
}

function isPair(text: string, at: number, code: number): boolean {
  if (code > 0xdbff) return false
  const next = text.charCodeAt(at + 1)
  return next >= 0xdc00 && next <= 0xdfff
}
