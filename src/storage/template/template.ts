/**
 * A template: the text that many messages share, and the places where they differ.
 *
 *   message    Failed password for root from 10.0.0.7 port 2222
 *   template   Failed password for root from  port              slots [30, 36]
 *
 * A slot is an offset in the text, so no byte is needed to mark it and any bytes can be text or variable.
 *
 * Invariants: slots never descend and are at most the text's length; two slots may have the same offset.
 */

/** The number of a row that has no template. */
export const PLAIN = 0xffff_ffff

/** Text of one template, and slots of it. A message that would need more stays plain. */
export const TEMPLATE_TEXT_BYTES_MAX = 8192
export const TEMPLATE_SLOTS_MAX = 512
export const TEMPLATES_BLOCK_MAX = 4096
export const TEMPLATES_PART_MAX = 65_536

export interface Template {
  readonly text: Uint8Array
  readonly slots: Uint32Array
}

/** Writes a message to `target` from `at` on, as `render` makes it, and answers where it ends. */
export function renderInto(
  target: Uint8Array,
  at: number,
  template: Template,
  values: readonly Uint8Array[],
): number {
  const { text, slots } = template
  let textAt = 0
  let end = at
  for (let slot = 0; slot < slots.length; slot++) {
    const next = slots[slot]
    target.set(text.subarray(textAt, next), end)
    end += next - textAt
    target.set(values[slot], end)
    end += values[slot].length
    textAt = next
  }
  target.set(text.subarray(textAt), end)
  return end + text.length - textAt
}

/** The message that a template makes with a value for each of its slots. */
export function render(template: Template, values: readonly Uint8Array[]): Uint8Array {
  let length = template.text.length
  for (const value of values) length += value.length
  const message = new Uint8Array(length)
  renderInto(message, 0, template, values)
  return message
}
