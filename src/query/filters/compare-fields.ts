/**
 * `a:eq_field(b)`, `a:le_field(b)`, `a:lt_field(b)`: the value of one field is the same as, at most, less than that of
 * another field of the record. Same means the same text; less goes by the order of values (numbers, times, texts).
 */
import type { Column } from '../../record/record.ts'
import type { Filter } from '../ast.ts'
import { nameOf } from '../batches/fields-wanted.ts'
import { decodeText } from '../values/text.ts'
import { compareKeys, type ValueKey, valueKey } from '../values/value-order.ts'
import { COST_COMPARE, COST_FOLDED_SEARCH, type FilterForm, type FilterKind } from './kind.ts'

export interface CompareFieldsFilter extends Filter {
  readonly kind: 'compareFields'
  readonly field: string
  readonly relation: Relation
  readonly other: string
}

type Relation = 'eq' | 'le' | 'lt'

const parse =
  (relation: Relation): FilterForm =>
  (parser, field) => {
    const name = `${relation}_field`
    const [argument] = parser.parseArguments(name, 1)
    parser.refusePrefixes(name, [argument])
    const filter: CompareFieldsFilter = {
      kind: 'compareFields',
      field: parser.fieldOr(field),
      relation,
      other: parser.fieldOr(argument.text),
    }
    return filter
  }

export const compareFieldsFilter: FilterKind<CompareFieldsFilter> = {
  kind: 'compareFields',
  summary: 'the value equals, is at most, or is less than that of another field',
  examples: ['user:eq_field(owner)', 'took:!le_field(limit)', 'first:lt_field(last)'],
  forms: { functions: { eq_field: parse('eq'), le_field: parse('le'), lt_field: parse('lt') } },
  print: ({ field, relation, other }, printer) =>
    `${printer.field(field)}${relation}_field(${printer.phrase(other)})`,
  wants: ({ field, other }) => [nameOf(field), nameOf(other)],
  bind({ field, relation, other }) {
    const holds = HOLDS[relation]
    const keys = new Keys()
    return {
      cost: relation === 'eq' ? COST_COMPARE : COST_FOLDED_SEARCH,
      narrow(view, rows) {
        const a = view.column(field) ?? EMPTY
        const b = view.column(other) ?? EMPTY
        for (let row = rows.nextSet(0); row >= 0; row = rows.nextSet(row + 1))
          if (!holds(a, b, row, keys)) rows.unset(row)
      },
    }
  },
}

const NOTHING = new Uint8Array(0)
const EMPTY: Pick<Column, 'data' | 'starts' | 'lengths'> = {
  data: NOTHING,
  starts: new Uint32Array(0),
  lengths: new Uint32Array(0),
}

type Values = Pick<Column, 'data' | 'starts' | 'lengths'>

type Holds = (a: Values, b: Values, row: number, keys: Keys) => boolean

const HOLDS: Readonly<Record<Relation, Holds>> = {
  eq: areEqual,
  le: (a, b, row, keys) => areEqual(a, b, row) || keys.compare(textAt(a, row), textAt(b, row)) <= 0,
  lt: (a, b, row, keys) => !areEqual(a, b, row) && keys.compare(textAt(a, row), textAt(b, row)) < 0,
}

const KEYS_KEPT_MAX = 10_000
/** Longer texts are not kept. */
const KEPT_LENGTH_MAX = 64

/** What values count as, kept for those that come again. */
class Keys {
  readonly #keys = new Map<string, ValueKey>()

  compare(a: string, b: string): number {
    return compareKeys(this.#keyOf(a), this.#keyOf(b))
  }

  #keyOf(text: string): ValueKey {
    if (text.length > KEPT_LENGTH_MAX) return valueKey(text)
    let key = this.#keys.get(text)
    if (key === undefined) {
      if (this.#keys.size === KEYS_KEPT_MAX) this.#keys.clear()
      key = valueKey(text)
      this.#keys.set(text, key)
    }
    return key
  }
}

function areEqual(a: Values, b: Values, row: number): boolean {
  const length = a.lengths[row] ?? 0
  if (length !== (b.lengths[row] ?? 0)) return false
  const startA = a.starts[row]
  const startB = b.starts[row]
  for (let at = 0; at < length; at++) if (a.data[startA + at] !== b.data[startB + at]) return false
  return true
}

function textAt({ data, starts, lengths }: Values, row: number): string {
  const start = starts[row] ?? 0
  // Decoders take no shared memory.
  return decodeText(data.slice(start, start + (lengths[row] ?? 0)))
}
