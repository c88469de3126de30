/**
 * `pattern:1f3a5c7e9b2d4f60`: messages of one pattern, by the id that pipe `patterns` shows. A field of the sender that is
 * called `pattern` is asked for as `"pattern":…`; every other form (`pattern:="…"`, `pattern:word`) means that field too.
 */
import type { Filter } from '../ast.ts'
import { nameOf } from '../batches/fields-wanted.ts'
import { MESSAGE_FIELD } from '../special-fields.ts'
import { PATTERN_ID_DIGITS, PatternIds } from '../values/pattern-id.ts'
import { decodeText } from '../values/text.ts'
import { boundValueFilter } from './bound-value-filter.ts'
import { COST_REGEXP, type FilterForm, type FilterKind } from './kind.ts'

export interface PatternFilter extends Filter {
  readonly kind: 'pattern'
  /** In small letters. */
  readonly id: string
}

/** What it is called where a query asks for a pattern. */
const PATTERN_NAME = 'pattern'

const ID = new RegExp(`^[0-9a-f]{${PATTERN_ID_DIGITS}}$`, 'i')

const parse: FilterForm = (parser, field) => {
  const { reader } = parser
  const { token, following } = reader
  const isAlone = following.isSpaced || (following.kind === 'symbol' && '|)'.includes(following.text))
  if (token.kind !== 'word' || !isAlone || !ID.test(token.text)) return parser.parseOperand(field)
  reader.next()
  const filter: PatternFilter = { kind: 'pattern', id: token.text.toLowerCase() }
  return filter
}

export const patternFilter: FilterKind<PatternFilter> = {
  kind: 'pattern',
  summary: 'messages of one pattern, by the id that pipe `patterns` shows',
  examples: ['pattern:1f3a5c7e9b2d4f60', 'level:error !pattern:1f3a5c7e9b2d4f60'],
  forms: { fields: { [PATTERN_NAME]: parse } },
  print: ({ id }) => `${PATTERN_NAME}:${id}`,
  wants: () => [nameOf(MESSAGE_FIELD)],
  bind({ id }) {
    const ids = new PatternIds()
    return boundValueFilter(MESSAGE_FIELD, {
      cost: COST_REGEXP,
      // Decoders take no shared memory.
      test: (data, start, end) => ids.idOf(decodeText(data.slice(start, end))) === id,
    })
  },
}
