/** `_id:123`, `_id:in(1, 2)`, `_id:>=100`, `_id:[100, 200)`: the record's own number. */
import { type Block, ID_MAX } from '../../record/record.ts'
import type { Filter } from '../ast.ts'
import { nameOf } from '../batches/fields-wanted.ts'
import { UNBOUNDED } from '../scan/bounds.ts'
import { ID_FIELD } from '../special-fields.ts'
import { type Span, syntaxProblem } from '../syntax/problem.ts'
import { shown } from '../syntax/quoting.ts'
import type { TokenReader } from '../syntax/token-reader.ts'
import { ALL } from './all.ts'
import { COST_NUMBER, type FilterForm, type FilterKind } from './kind.ts'
import { orOf } from './or.ts'

export interface IdFilter extends Filter {
  readonly kind: 'id'
  /** Both inclusive; null is open. */
  readonly min: number | null
  readonly max: number | null
}

export function idRangeOf(min: number | null, max: number | null): IdFilter {
  const isEmpty = (min ?? 0) > (max ?? ID_MAX)
  return isEmpty ? { kind: 'id', min: 0, max: -1 } : { kind: 'id', min, max }
}

/** The id that the text is. QUERY_SYNTAX when it is none. */
export function requireId(text: string, span: Span): number {
  const id = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (id <= ID_MAX) return id
  throw syntaxProblem(`${shown(text)} is no id: ids are whole numbers below 2^53`, span)
}

function readId(reader: TokenReader): number {
  const { text, span } = reader.expectPhrase('an id')
  return requireId(text, span)
}

const parse: FilterForm = (parser) => {
  const { reader } = parser
  if (reader.takeSymbol('*')) return ALL
  if (reader.isSymbol('[') || reader.isSymbol('(')) return parseBrackets(reader)
  if (reader.isWord('in') && reader.following.text === '(') {
    reader.next()
    const ids = parser.parseArguments('in').map((argument) => requireId(argument.text, argument))
    return ids.length === 0 ? idRangeOf(0, -1) : orOf(ids.map((id) => idRangeOf(id, id)))
  }
  if (reader.takeSymbol('>'))
    return idRangeOf(reader.takeJoined('=') ? readId(reader) : readId(reader) + 1, null)
  if (reader.takeSymbol('<'))
    return idRangeOf(null, reader.takeJoined('=') ? readId(reader) : readId(reader) - 1)
  reader.takeSymbol('=')
  const id = readId(reader)
  return idRangeOf(id, id)
}

function parseBrackets(reader: TokenReader): Filter {
  const isOpen = reader.next().text === '('
  const from = readId(reader)
  reader.expectSymbol(',', 'and the id at which the range ends')
  const to = readId(reader)
  if (!reader.isSymbol(']') && !reader.isSymbol(')'))
    throw reader.expected('`]` or `)` at the end of the range')
  const isEndOpen = reader.next().text === ')'
  return idRangeOf(from + (isOpen ? 1 : 0), to - (isEndOpen ? 1 : 0))
}

export const idFilter: FilterKind<IdFilter> = {
  kind: 'id',
  summary: 'the record with this id, or a range of ids',
  examples: ['_id:123', '_id:in(1, 2)', '_id:>=100', '_id:[100, 200)'],
  forms: { fields: { _id: parse } },
  print({ min, max }) {
    if (min === null) return max === null ? '_id:>=0' : `_id:<=${max}`
    if (max === null) return `_id:>=${min}`
    if (min > max) return '_id:in()'
    return min === max ? `_id:${min}` : `_id:[${min},${max}]`
  },
  wants: () => [nameOf(ID_FIELD)],
  bind({ min, max }) {
    const from = min ?? 0
    const to = max ?? ID_MAX
    const count = ({ ids, rowCount }: Block): number | null => {
      if (ids[0] >= from && ids[rowCount - 1] <= to) return rowCount
      return ids[0] > to || ids[rowCount - 1] < from ? 0 : null
    }
    return {
      count,
      cost: COST_NUMBER,
      narrow({ block: { ids } }, rows) {
        for (let row = rows.nextSet(0); row >= 0; row = rows.nextSet(row + 1)) {
          // Behind pipes a row may have no id: it is NaN, which is in no range.
          if (!(ids[row] >= from && ids[row] <= to)) rows.unset(row)
        }
      },
    }
  },
  bounds: ({ min, max }) => ({ ...UNBOUNDED, idMin: min ?? -Infinity, idMax: max ?? Infinity }),
}
