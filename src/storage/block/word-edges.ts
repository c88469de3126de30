/** Which bytes may belong to a word, judged one by one: what is not ASCII may be a letter. */
export function isWordEdge(byte: number): boolean {
  if (byte >= 0x80 || byte === 0x5f) return true
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a)
}
