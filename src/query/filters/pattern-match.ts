/**
 * `pattern_match("took <N>ms")`, `pattern_match_full("<IP4> - <W> [<DATETIME>]")`: the text with its placeholders stands
 * in the value, or is the value; with `_prefix` and `_suffix` the value begins or ends so. Placeholders are those that pipe `collapse_nums prettify` puts into texts, so a pattern
 * that was found can be asked for:
 *
 *   <N>         a whole number, as collapse-nums.ts finds it, with a minus where it has one; `1.5` is `<N>.<N>`
 *   <IP4>       four numbers with points between them          <TIME>      three with colons, and a fraction
 *   <UUID>      five numbers with hyphens                      <DATE>      three with hyphens or slashes
 *   <DATETIME>  a date, `T` or a space, a time, and a zone     <W>         a word, or a text in quotation marks
 *
 * The search goes through the pattern piece by piece with all places at once where the piece may end, so that its work is
 * bounded by pieces times bytes, whatever the text.
 */

import { Needle } from '../../base/portable.ts'
import type { TestNeedle, ValueTest } from '../../record/record.ts'
import type { Filter } from '../ast.ts'
import { encodeText } from '../values/text.ts'
import { boundValueFilter } from './bound-value-filter.ts'
import { COST_FOLDED_SEARCH, COST_REGEXP, type FilterForm, type FilterKind, wantsItsField } from './kind.ts'
import { PATTERN_PLACES, ValuePlaces } from './pattern-places.ts'

export interface PatternMatchFilter extends Filter {
  readonly kind: 'patternMatch'
  readonly field: string
  readonly pattern: string
  readonly place: PatternPlace
}

/** Where in the value it stands. */
type PatternPlace = keyof typeof NAMES

const NAMES = {
  anywhere: 'pattern_match',
  full: 'pattern_match_full',
  prefix: 'pattern_match_prefix',
  suffix: 'pattern_match_suffix',
} as const

const parse =
  (place: PatternPlace): FilterForm =>
  (parser, field) => {
    const name = NAMES[place]
    const [argument] = parser.parseArguments(name, 1)
    parser.refusePrefixes(name, [argument])
    const filter: PatternMatchFilter = {
      kind: 'patternMatch',
      field: parser.fieldOr(field),
      pattern: argument.text,
      place,
    }
    return filter
  }

export const patternMatchFilter: FilterKind<PatternMatchFilter> = {
  kind: 'patternMatch',
  summary:
    'a text with `<N>`, `<UUID>`, `<IP4>`, `<TIME>`, `<DATE>`, `<DATETIME>`, `<W>` in it stands in the value, or is the value, its beginning or its end',
  examples: [
    'pattern_match("took <N>ms")',
    'pattern_match_full("user <W> logged in from <IP4>")',
    'pattern_match_prefix("<DATETIME> ")',
    'pattern_match_suffix(" took <N>ms")',
  ],
  forms: {
    functions: {
      [NAMES.anywhere]: parse('anywhere'),
      [NAMES.full]: parse('full'),
      [NAMES.prefix]: parse('prefix'),
      [NAMES.suffix]: parse('suffix'),
    },
  },
  print: ({ field, pattern, place }, printer) =>
    `${printer.field(field)}${NAMES[place]}(${printer.phrase(pattern)})`,
  wants: wantsItsField,
  bind: ({ field, pattern, place }) => boundValueFilter(field, patternTest(pattern, place)),
}

type Piece = Needle | string

const PLACEHOLDER = new RegExp(`(${Object.keys(PATTERN_PLACES).join('|')})`)

/** Texts as needles, placeholders by their names. */
function piecesOf(pattern: string): Piece[] {
  return pattern
    .split(PLACEHOLDER)
    .filter((piece) => piece !== '')
    .map((piece) => (piece in PATTERN_PLACES ? piece : new Needle(encodeText(piece))))
}

export function patternTest(pattern: string, place: PatternPlace): ValueTest {
  const pieces = piecesOf(pattern)
  const texts = pieces.filter((piece) => typeof piece !== 'string')
  const longest = texts.reduce<Needle | null>(
    (best, piece) => (best === null || piece.bytes.length > best.bytes.length ? piece : best),
    null,
  )
  const search = new PatternSearch(pieces, place)
  if (longest === null)
    return { cost: COST_REGEXP, test: (data, start, end) => search.isIn(data, start, end) }
  const isAll = pieces.length === 1
  const needle: TestNeedle = {
    bytes: longest.bytes,
    startsWord: false,
    endsWord: false,
    isWhole: isAll && place === 'full',
    decides: isAll && (place === 'anywhere' || place === 'full'),
  }
  return {
    cost: COST_FOLDED_SEARCH,
    test: (data, start, end) => longest.indexIn(data, start, end) >= 0 && search.isIn(data, start, end),
    needles: [needle],
  }
}

/** With more, a text is searched for in one pass instead of at each place. */
const PLACES_TRIED_MAX = 16

class PatternSearch {
  readonly #pieces: readonly Piece[]
  readonly #atStart: boolean
  readonly #atEnd: boolean
  readonly #places = new ValuePlaces()

  constructor(pieces: readonly Piece[], place: PatternPlace) {
    this.#pieces = pieces
    this.#atStart = place === 'full' || place === 'prefix'
    this.#atEnd = place === 'full' || place === 'suffix'
  }

  isIn(data: Uint8Array, start: number, end: number): boolean {
    this.#places.begin(data, start, end)
    let places: readonly number[] | null = this.#atStart ? [start] : null
    for (const piece of this.#pieces) {
      places =
        typeof piece === 'string'
          ? this.#places.endsOf(piece, places)
          : places === null || places.length > PLACES_TRIED_MAX
            ? endsOfText(piece, data, start, end, places)
            : places.filter((at) => isTextAt(piece.bytes, data, at, end)).map((at) => at + piece.bytes.length)
      if (places.length === 0) return false
    }
    return !this.#atEnd || places === null || places.includes(end)
  }
}

function isTextAt(bytes: Uint8Array, data: Uint8Array, at: number, end: number): boolean {
  if (at + bytes.length > end) return false
  for (let index = 0; index < bytes.length; index++) if (data[at + index] !== bytes[index]) return false
  return true
}

/** Where the text ends that begins at one of the places; null is every place. */
function endsOfText(
  needle: Needle,
  data: Uint8Array,
  start: number,
  end: number,
  places: readonly number[] | null,
): number[] {
  const wanted = places === null ? null : new Set(places)
  const ends: number[] = []
  needle.indexIn(data, start, end, (_data, at) => {
    if (wanted === null || wanted.has(at)) ends.push(at + needle.bytes.length)
    return false
  })
  return ends
}
