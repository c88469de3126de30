/**
 * Reads texts into templates: splits each into static text and variables, and finds its last node in the trie. The
 * variables of all texts that have a template gather in `spans`.
 */
import { TEMPLATE_SLOTS_MAX, TEMPLATE_TEXT_BYTES_MAX } from './template.ts'
import { NARROW_ROOT, NO_TEMPLATE, READ_WIDE, type TemplateTrie, WIDE_ROOT } from './template-trie.ts'
import { scanVariables, scanWideVariables, TOO_MANY_VARIABLES } from './tokens.ts'
import { VariableSpans } from './variable-spans.ts'

/** The text column of a block: row n is `data[starts[n] .. starts[n] + lengths[n])`. */
export interface TextColumn {
  readonly data: Uint8Array
  readonly starts: Uint32Array
  readonly lengths: Uint32Array
}

export class TextReader {
  #trie: TemplateTrie
  readonly spans = new VariableSpans()
  #data: Uint8Array = new Uint8Array(0)
  #view = new DataView(this.#data.buffer)

  constructor(trie: TemplateTrie) {
    this.#trie = trie
  }

  get trie(): TemplateTrie {
    return this.#trie
  }

  /** Texts lie in `data` from now on and are looked up in `trie`; spans are forgotten. */
  begin(data: Uint8Array, trie: TemplateTrie): void {
    this.#data = data
    this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength)
    this.#trie = trie
    trie.useData(data)
    this.spans.clear()
  }

  /** The last node of `[start .. end)`, or NO_TEMPLATE; then `spans` are as before. */
  read(start: number, end: number, mayAdd: boolean): number {
    if (this.#trie.isWide(NARROW_ROOT)) return this.readWide(start, end, mayAdd)
    const node = this.#read(scanVariables, NARROW_ROOT, start, end, mayAdd)
    return node === READ_WIDE ? this.readWide(start, end, mayAdd) : node
  }

  readWide(start: number, end: number, mayAdd: boolean): number {
    return this.#read(scanWideVariables, WIDE_ROOT, start, end, mayAdd)
  }

  #read(scan: typeof scanVariables, root: number, start: number, end: number, mayAdd: boolean): number {
    const { spans } = this
    const from = spans.count
    // Every slot may come from a hole of the trie beside those that the scan finds.
    spans.reserve(TEMPLATE_SLOTS_MAX * 2)
    const { starts, ends } = spans
    const count = scan(this.#data, this.#view, start, end, starts, ends, from, from + TEMPLATE_SLOTS_MAX)
    if (count === TOO_MANY_VARIABLES) return NO_TEMPLATE
    spans.count = count
    const isLong =
      end - start > TEMPLATE_TEXT_BYTES_MAX && this.#staticBytes(from, start, end) > TEMPLATE_TEXT_BYTES_MAX
    const node = isLong ? NO_TEMPLATE : this.#trie.walk(root, start, end, spans, from, mayAdd)
    if (node < 0) spans.count = from
    return node
  }

  #staticBytes(from: number, start: number, end: number): number {
    const { starts, ends, count } = this.spans
    let bytes = end - start
    for (let variable = from; variable < count; variable++) bytes -= ends[variable] - starts[variable]
    return bytes
  }
}
