/** Where a phrase stands in a value, so that words begin and end where it begins or ends with a word's character. */
import { Needle } from '../../base/portable.ts'
import { encodeText } from '../values/text.ts'
import { isWordAt, isWordBefore } from '../values/words.ts'

export class PhraseSearch {
  readonly bytes: Uint8Array
  /** Made when it is first searched for: lists may have very many phrases. */
  #needle: Needle | null = null
  readonly #startsWord: boolean
  readonly #endsWord: boolean

  /** Not empty. */
  constructor(phrase: string) {
    this.bytes = encodeText(phrase)
    this.#startsWord = isWordAt(this.bytes, 0, this.bytes.length)
    this.#endsWord = isWordBefore(this.bytes, this.bytes.length, 0)
  }

  /** The first place from `from` on within the value between `start` and `end`, or -1. */
  indexIn(data: Uint8Array, from: number, start: number, end: number): number {
    this.#needle ??= new Needle(this.bytes)
    return this.#needle.indexIn(data, from, end, (_data, position) =>
      this.#isBounded(data, position, start, end),
    )
  }

  /** It stands at `position`: its bytes, and words end where they must. */
  isAt(data: Uint8Array, position: number, start: number, end: number): boolean {
    const { bytes } = this
    if (position < start || position + bytes.length > end) return false
    for (let index = 0; index < bytes.length; index++)
      if (data[position + index] !== bytes[index]) return false
    return this.#isBounded(data, position, start, end)
  }

  #isBounded(data: Uint8Array, position: number, start: number, end: number): boolean {
    if (this.#startsWord && isWordBefore(data, position, start)) return false
    return !this.#endsWord || !isWordAt(data, position + this.bytes.length, end)
  }
}
