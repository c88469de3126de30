/**
 * What messages become when each number in them is collapsed, out of their templates: words are never cut by a slot
 * (TextTemplate), so that static text and values can be collapsed one by one. A slot that holds nothing but digits needs
 * no value; rows of a template with only such slots are one group.
 *
 * Texts are made once a combination of what the slots of a template become, never once a row.
 */
import type { TextTemplate, TextTemplates } from '../../record/record.ts'
import { NumberCollapser, prettify } from '../values/collapse-nums.ts'
import type { CollapsedTexts } from '../values/collapsed-texts.ts'
import { decodeText } from '../values/text.ts'
import type { TextGroups } from './batch-column.ts'
import { TupleGroups } from './tuple-groups.ts'

const NUMBER = '<N>'
const collapser = new NumberCollapser()

/**
 * The rows of the block by what their messages become; `isPretty` as in `collapse_nums prettify`. `forms` collapses
 * values, without prettifying, and remembers them; static texts are remembered as long as it is there.
 */
export function collapsedTemplates(
  templates: TextTemplates,
  isPretty: boolean,
  forms: CollapsedTexts,
): TextGroups {
  const { pieces, pretty } = memoryOf(forms)
  const texts = new TextNumbers(isPretty ? pretty : null)
  const ofTemplates = templates.templates.map((template) => groupsOfTemplate(template, texts, forms, pieces))
  const { plain } = templates
  if (plain !== null) {
    const groups = texts.numbersOf(plain)
    ofTemplates.push({ one: 0, groups, rowCount: groups.length })
  }
  return new TemplateGroups(texts.list, templates, ofTemplates)
}

interface GroupsOfTemplate {
  readonly rowCount: number
  /** The group of all its rows. */
  readonly one: number
  /** Or by row of the template. */
  readonly groups: Uint32Array | null
}

/** Which row is in which group is found out when somebody asks: how many are in each is known without it. */
class TemplateGroups implements TextGroups {
  readonly texts: readonly string[]
  readonly #templates: TextTemplates
  /** By place; last the rows without a template, where there are any. */
  readonly #ofTemplates: readonly GroupsOfTemplate[]
  #ofRow: Uint32Array | null = null

  constructor(texts: readonly string[], templates: TextTemplates, ofTemplates: readonly GroupsOfTemplate[]) {
    this.texts = texts
    this.#templates = templates
    this.#ofTemplates = ofTemplates
  }

  get ofRow(): Uint32Array {
    this.#ofRow ??= this.#groupsOfRows(this.#templates.ofRow)
    return this.#ofRow
  }

  rowCounts(): Uint32Array {
    const counts = new Uint32Array(this.texts.length)
    for (const { rowCount, one, groups } of this.#ofTemplates) {
      if (groups === null) counts[one] += rowCount
      else for (let row = 0; row < groups.length; row++) counts[groups[row]]++
    }
    return counts
  }

  #groupsOfRows(places: Uint32Array): Uint32Array {
    const ofTemplates = this.#ofTemplates
    const next = new Uint32Array(ofTemplates.length)
    const ofRow = new Uint32Array(places.length)
    for (let row = 0; row < ofRow.length; row++) {
      const place = places[row]
      const { one, groups } = ofTemplates[place]
      ofRow[row] = groups === null ? one : groups[next[place]++]
    }
    return ofRow
  }
}

class TextNumbers {
  readonly list: string[] = []
  /** What texts become; null where they stay. */
  readonly #pretty: Map<string, string> | null
  readonly #numbers = new Map<string, number>()

  constructor(pretty: Map<string, string> | null) {
    this.#pretty = pretty
  }

  /** Of a text with `<N>` for its numbers. */
  numberOf(collapsed: string): number {
    let number = this.#numbers.get(collapsed)
    if (number === undefined) {
      number = this.list.push(this.#pretty === null ? collapsed : prettyOf(collapsed, this.#pretty)) - 1
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

// ---- static texts -------------------------------------------------------------------------------------------

/** Blocks of a part share the templates of the part: what their texts become is remembered for the blocks to come. */
interface Pieces {
  readonly slots: ArrayLike<number>
  /** Before, between and behind the slots, collapsed. */
  readonly texts: readonly string[]
  /** What rows become whose slots hold digits only. */
  readonly ofDigits: string
}

/** What the blocks before found out. */
interface Memory {
  /** By static text. */
  readonly pieces: Map<Uint8Array, Pieces>
  /** By collapsed text: the same, prettified. */
  readonly pretty: Map<string, string>
}

const PIECES_MAX = 1 << 16
const known = new WeakMap<CollapsedTexts, Memory>()

function memoryOf(forms: CollapsedTexts): Memory {
  let memory = known.get(forms)
  if (memory === undefined || memory.pieces.size > PIECES_MAX || memory.pretty.size > PIECES_MAX) {
    memory = { pieces: new Map(), pretty: new Map() }
    known.set(forms, memory)
  }
  return memory
}

function prettyOf(collapsed: string, all: Map<string, string>): string {
  let pretty = all.get(collapsed)
  if (pretty === undefined) {
    pretty = prettify(collapsed)
    all.set(collapsed, pretty)
  }
  return pretty
}

function piecesOfTemplate({ text, slots }: TextTemplate, all: Map<Uint8Array, Pieces>): Pieces {
  let pieces = all.get(text)
  if (pieces === undefined || pieces.slots !== slots) {
    const texts = Array.from({ length: slots.length + 1 }, (_, at) =>
      collapsedText(text, at === 0 ? 0 : slots[at - 1], at === slots.length ? text.length : slots[at]),
    )
    pieces = { slots, texts, ofDigits: texts.join(NUMBER) }
    all.set(text, pieces)
  }
  return pieces
}

// ---- one template -------------------------------------------------------------------------------------------

function groupsOfTemplate(
  template: TextTemplate,
  texts: TextNumbers,
  forms: CollapsedTexts,
  all: Map<Uint8Array, Pieces>,
): GroupsOfTemplate {
  const { slots, rowCount } = template
  const pieces = piecesOfTemplate(template, all)
  const slotForms: (TextGroups | null)[] = []
  for (let slot = 0; slot < slots.length; slot++)
    slotForms.push(template.isDigits(slot) ? null : forms.groupsOfValues(template.values(slot)))
  const varying = slotForms.flatMap((of) => (of === null || of.ofRow === null ? [] : [of]))
  if (varying.length === 0) {
    const isDigits = slotForms.every((of) => of === null)
    const text = isDigits ? pieces.ofDigits : textOf(pieces, slotForms, [])
    return { rowCount, one: texts.numberOf(text), groups: null }
  }
  const names = varying.map((_, at) => String(at))
  const tuples = new TupleGroups({ rowCount, groups: (name) => varying[Number(name)] }, names)
  const numbers = new Uint32Array(tuples.count)
  const chosen = new Array<string>(names.length)
  for (let tuple = 0; tuple < numbers.length; tuple++) {
    for (let at = 0; at < chosen.length; at++) chosen[at] = tuples.textOf(tuple, at)
    numbers[tuple] = texts.numberOf(textOf(pieces, slotForms, chosen))
  }
  const groups = new Uint32Array(rowCount)
  const ofRow = tuples.ofRow!
  for (let row = 0; row < rowCount; row++) groups[row] = numbers[ofRow[row]]
  return { rowCount, one: 0, groups }
}

/** `chosen`: what the slots become that do not become the same in all rows. */
function textOf(
  pieces: Pieces,
  slotForms: readonly (TextGroups | null)[],
  chosen: readonly string[],
): string {
  let text = pieces.texts[0]
  let next = 0
  for (let slot = 0; slot < slotForms.length; slot++) {
    const forms = slotForms[slot]
    const form = forms === null ? NUMBER : forms.ofRow === null ? forms.texts[0] : chosen[next++]
    text += form + pieces.texts[slot + 1]
  }
  return text
}
