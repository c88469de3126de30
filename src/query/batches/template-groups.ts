/**
 * What messages become when each number in them is collapsed, out of their templates: words are never cut by a slot
 * (TextTemplate), so that static text and values can be collapsed one by one. A slot that holds nothing but digits needs
 * no value; rows of a template with only such slots are one group.
 */
import type { TextTemplate, TextTemplates } from '../../record/record.ts'
import { NumberCollapser, prettify } from '../values/collapse-nums.ts'
import type { CollapsedTexts } from '../values/collapsed-texts.ts'
import { decodeText } from '../values/text.ts'
import type { TextGroups } from './row-batch.ts'

const NUMBER = '<N>'
const collapser = new NumberCollapser()

/**
 * The rows of the block by what their messages become; `isPretty` as in `collapse_nums prettify`. `forms` collapses
 * values, without prettifying, and remembers them.
 */
export function collapsedTemplates(
  { templates, ofRow, plain }: TextTemplates,
  isPretty: boolean,
  forms: CollapsedTexts,
): TextGroups {
  const texts = new TextNumbers(isPretty)
  const ofTemplates = templates.map((template) => groupsOfTemplate(template, texts, forms))
  if (plain !== null) ofTemplates.push({ one: 0, groups: texts.numbersOf(plain) })
  const next = new Uint32Array(ofTemplates.length)
  const groups = new Uint32Array(ofRow.length)
  for (let row = 0; row < groups.length; row++) {
    const place = ofRow[row]
    const known = ofTemplates[place]
    groups[row] = known.groups === null ? known.one : known.groups[next[place]++]
  }
  return { texts: texts.list, ofRow: groups }
}

interface TemplateGroups {
  /** The group of all its rows. */
  readonly one: number
  /** Or by row of the template. */
  readonly groups: Uint32Array | null
}

class TextNumbers {
  readonly list: string[] = []
  readonly #isPretty: boolean
  readonly #numbers = new Map<string, number>()

  constructor(isPretty: boolean) {
    this.#isPretty = isPretty
  }

  /** Of a text with `<N>` for its numbers. */
  numberOf(collapsed: string): number {
    let number = this.#numbers.get(collapsed)
    if (number === undefined) {
      number = this.list.push(this.#isPretty ? prettify(collapsed) : collapsed) - 1
      this.#numbers.set(collapsed, number)
    }
    return number
  }

  /** Of whole texts. */
  numbersOf({ data, starts, lengths }: Values): Uint32Array {
    return Uint32Array.from(starts, (start, at) =>
      this.numberOf(collapsedText(data, start, start + lengths[at])),
    )
  }
}

type Values = ReturnType<TextTemplate['values']>

function collapsedText(data: Uint8Array, start: number, end: number): string {
  collapser.collapse(data, start, end)
  return decodeText(collapser.bytes.slice(0, collapser.length))
}

/** What the values of a slot become: the same in all rows, or one of these. */
interface SlotForms {
  readonly forms: readonly string[]
  /** By row of the template; null where there is one form. */
  readonly ofRow: Uint32Array | null
}

const DIGITS: SlotForms = { forms: [NUMBER], ofRow: null }

function groupsOfTemplate(template: TextTemplate, texts: TextNumbers, forms: CollapsedTexts): TemplateGroups {
  const { text, slots, rowCount } = template
  const slotForms = Array.from(slots, (_, slot) =>
    template.isDigits(slot) ? DIGITS : formsOf(template.values(slot), forms),
  )
  const pieces = Array.from({ length: slots.length + 1 }, (_, at) =>
    collapsedText(text, at === 0 ? 0 : slots[at - 1], at === slots.length ? text.length : slots[at]),
  )
  const textOf = (chosen: (slot: number) => string): number =>
    texts.numberOf(pieces.map((piece, slot) => (slot < slots.length ? piece + chosen(slot) : piece)).join(''))
  const varying = slotForms.flatMap(({ ofRow }, slot) => (ofRow === null ? [] : [slot]))
  if (varying.length === 0) return { one: textOf((slot) => slotForms[slot].forms[0]), groups: null }
  const { tuples, ofRow } = tuplesOf(
    varying.map((slot) => slotForms[slot]),
    rowCount,
  )
  const numbers = tuples.map((tuple) =>
    textOf((slot) => slotForms[slot].forms[tuple[varying.indexOf(slot)] ?? 0]),
  )
  return { one: 0, groups: ofRow.map((tuple) => numbers[tuple]) }
}

function formsOf(values: Values, forms: CollapsedTexts): SlotForms {
  const { texts, ofRow } = forms.groupsOfStored(
    { column: { ...values, kinds: null }, rows: null },
    values.starts.length,
  )
  return { forms: texts, ofRow: texts.length === 1 ? null : ofRow }
}

/** The distinct combinations of forms. Linear in rows and slots. */
function tuplesOf(slots: readonly SlotForms[], rowCount: number): { tuples: number[][]; ofRow: Uint32Array } {
  let tuples: number[][] = [[]]
  let ofRow = new Uint32Array(rowCount)
  for (const { forms, ofRow: formOfRow } of slots) {
    const known = new Map<number, number>()
    const longer: number[][] = []
    const numbers = new Uint32Array(rowCount)
    for (let row = 0; row < rowCount; row++) {
      const form = formOfRow === null ? 0 : formOfRow[row]
      const key = ofRow[row] * forms.length + form
      let number = known.get(key)
      if (number === undefined) {
        number = longer.push([...tuples[ofRow[row]], form]) - 1
        known.set(key, number)
      }
      numbers[row] = number
    }
    tuples = longer
    ofRow = numbers
  }
  return { tuples, ofRow }
}
