/** Where words and the variables of templates meet: whether a block must look at whole rows to know their words. */
import type { Template } from '../template/template.ts'

/** Which bytes may belong to a word, judged one by one: what is not ASCII may be a letter. */
function isWordEdge(byte: number): boolean {
  if (byte >= 0x80 || byte === 0x5f) return true
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a)
}

/** Whether a variable of the template, or two without text between them, may be only a piece of a word. */
export function hasWordAtSlot({ text, slots }: Template): boolean {
  for (let slot = 0; slot < slots.length; slot++) {
    const at = slots[slot]
    if (slot > 0 && slots[slot - 1] === at) return true
    if (at > 0 && isWordEdge(text[at - 1])) return true
    if (at < text.length && isWordEdge(text[at])) return true
  }
  return false
}
