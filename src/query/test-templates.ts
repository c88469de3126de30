/** For tests: messages as templates with values in their slots, as blocks hand them out, and the texts that they are. */
import type { SeededRandom } from '../base/base.ts'
import type { TextTemplate, TextTemplates } from '../record/record.ts'
import { encodeText } from './values/text.ts'

export interface TemplateRow {
  /** The number of the template; the number of templates for a text without one, which is the first value. */
  readonly place: number
  readonly values: readonly string[]
}

/** Values one behind the other, or, `shared`, each once, as in a dictionary. They do not begin where their memory does. */
function columnOfTexts(texts: readonly string[], isShared = false): ReturnType<TextTemplate['values']> {
  const written = isShared ? [...new Set(texts)] : texts
  const bytes = written.map(encodeText)
  const data = new Uint8Array(bytes.reduce((sum, { length }) => sum + length, 1))
  const places = new Map<string, number>()
  const starts = new Uint32Array(texts.length)
  let at = 1
  for (const [index, each] of bytes.entries()) {
    data.set(each, at)
    if (isShared) places.set(written[index], at)
    else starts[index] = at
    at += each.length
  }
  if (isShared) for (const [row, text] of texts.entries()) starts[row] = places.get(text)!
  return { data, starts, lengths: Uint32Array.from(texts, (text) => encodeText(text).length) }
}

/** `patterns` with `*` for their slots. */
export function templatesOf(
  patterns: readonly string[],
  rows: readonly TemplateRow[],
  random: SeededRandom,
): TextTemplates {
  const own = (place: number) => rows.filter((row) => row.place === place)
  const templates = patterns.map((pattern, place): TextTemplate => {
    const pieces = pattern.split('*')
    const slots = pieces.slice(0, -1).map((_, at) => encodeText(pieces.slice(0, at + 1).join('')).length)
    const column = (slot: number) => own(place).map(({ values }) => values[slot])
    return {
      ...{ text: encodeText(pieces.join('')), slots, rowCount: own(place).length },
      isDigits: (slot) => column(slot).every((text) => /^\d+$/.test(text)),
      values: (slot) => columnOfTexts(column(slot), random.below(2) === 0),
    }
  })
  const plain = own(patterns.length)
  return {
    templates,
    ofRow: Uint32Array.from(rows, ({ place }) => place),
    plain: plain.length === 0 ? null : columnOfTexts(plain.map(({ values }) => values[0])),
  }
}

export function textOfRow(patterns: readonly string[], { place, values }: TemplateRow): string {
  if (place === patterns.length) return values[0]
  return patterns[place].split('*').reduce((text, piece, at) => text + values[at - 1] + piece)
}
