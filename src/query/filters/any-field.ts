/**
 * `*:error`, `http.*:error`: the filter matches the value of some field whose name begins so. Only what a record has
 * counts: a filter that an empty value passes (`http.*:""`) matches records that have none of these fields.
 *
 * `*` means the message, the level and the fields of the sender. Fields that are made for every record (`_time`, `_id`,
 * `_stream`) are asked where the prefix names them.
 */
import type { Bitset } from '../../base/base.ts'
import { FIELD_NAME_BYTES_MAX } from '../../record/record.ts'
import type { Filter } from '../ast.ts'
import type { BlockView } from '../scan/block-view.ts'
import { LEVEL_FIELD, MESSAGE_FIELD, SPECIAL_FIELDS } from '../special-fields.ts'
import { ALL } from './all.ts'
import type { BindContext, BoundFilter, FilterKind } from './kind.ts'
import { prefixOf } from './prefix.ts'

export interface AnyFieldFilter extends Filter {
  readonly kind: 'anyField'
  /** Names of fields begin so. */
  readonly prefix: string
  /** As it is asked of the message: of each field, it is the same with the name of that field. */
  readonly child: FieldFilter
}

interface FieldFilter extends Filter {
  readonly field: string
}

/** The filter is asked of one field, so it can be asked of several. */
export function mayBeOfAnyField(filter: Filter): filter is FieldFilter {
  return filter.kind === ALL.kind || ('field' in filter && typeof filter.field === 'string')
}

export function anyFieldOf(prefix: string, child: FieldFilter): Filter {
  if (child.kind === ALL.kind) return ALL
  const filter: AnyFieldFilter = { kind: 'anyField', prefix, child }
  return filter
}

/** How the form of the message that names it begins, where a form needs a name. */
const NAMED_MESSAGE = `${MESSAGE_FIELD}:`

export const anyFieldFilter: FilterKind<AnyFieldFilter> = {
  kind: 'anyField',
  summary: 'the filter matches some field, or some field whose name begins so',
  examples: ['*:timeout', '*:="10.0.0.1"', 'http.*:(error or timeout)', '!http.*:~"/api/v[12]/"'],
  print({ prefix, child }, printer) {
    const text = printer.child(child, 0)
    const value = text.startsWith(NAMED_MESSAGE) ? text.slice(NAMED_MESSAGE.length) : text
    return `${prefix === '' ? '' : printer.phrase(prefix)}*:${value}`
  },
  wants: ({ prefix, child }, wantsOf) => [{ name: prefix, isPrefix: true }, ...wantsOf(child)],
  bind: ({ prefix, child }, context) => new BoundFields(prefix, child, context),
}

/** Filters for names are kept from block to block; a sender that makes up names does not fill the memory. */
const NAMES_KEPT_MAX = 1000
/** How many fields a record has, for the order in which filters run. */
const FIELDS_GUESSED = 10
/** No record has a field of this name. */
const NO_FIELD = 'x'.repeat(FIELD_NAME_BYTES_MAX + 1)

class BoundFields implements BoundFilter {
  readonly cost: number
  readonly #prefix: string
  readonly #child: FieldFilter
  readonly #bind: BindContext['bind']
  readonly #absent: BoundFilter
  readonly #byName = new Map<string, { readonly filter: BoundFilter; readonly hasValue: BoundFilter }>()

  constructor(prefix: string, child: FieldFilter, { bind }: BindContext) {
    this.#prefix = prefix
    this.#child = child
    this.#bind = bind
    this.#absent = this.#bindTo(NO_FIELD)
    this.cost = this.#absent.cost * FIELDS_GUESSED
  }

  narrow(view: BlockView, rows: Bitset): void {
    const open = rows.copy()
    const names = this.#namesIn(view)
    for (const name of names) {
      if (open.isEmpty()) return
      const { filter, hasValue } = this.#boundTo(name)
      const matching = open.copy()
      filter.narrow(view, matching)
      hasValue.narrow(view, matching)
      open.andNot(matching)
    }
    open.andNot(this.#absentIn(view, open, names))
    rows.andNot(open)
  }

  /** Rows of `open` that match because they have none of the fields. */
  #absentIn(view: BlockView, open: Bitset, names: readonly string[]): Bitset {
    const absent = open.copy()
    this.#absent.narrow(view, absent)
    for (const name of names) {
      if (absent.isEmpty()) return absent
      const present = absent.copy()
      this.#boundTo(name).hasValue.narrow(view, present)
      absent.andNot(present)
    }
    return absent
  }

  #namesIn({ block }: BlockView): string[] {
    const names = new Set(block.fieldNames())
    for (const name of SPECIAL_FIELDS.keys()) {
      const isOfRecord = name === MESSAGE_FIELD || name === LEVEL_FIELD
      if (isOfRecord || this.#prefix !== '') names.add(name)
      else names.delete(name)
    }
    return [...names].filter((name) => name.startsWith(this.#prefix))
  }

  #boundTo(name: string): { readonly filter: BoundFilter; readonly hasValue: BoundFilter } {
    let bound = this.#byName.get(name)
    if (bound === undefined) {
      bound = { filter: this.#bindTo(name), hasValue: this.#bind(prefixOf(name, '')) }
      if (this.#byName.size === NAMES_KEPT_MAX) this.#byName.clear()
      this.#byName.set(name, bound)
    }
    return bound
  }

  #bindTo(field: string): BoundFilter {
    const filter: FieldFilter = { ...this.#child, field }
    return this.#bind(filter)
  }
}
