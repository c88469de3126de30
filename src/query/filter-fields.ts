/** Which fields of a row a filter looks at, as its kinds declare them. */
import type { Filter } from './ast.ts'
import { EVERY_FIELD, type FieldPattern } from './batches/fields-wanted.ts'
import { filterKindOf } from './filters/registry.ts'

export function fieldsOfFilter(filter: Filter): readonly FieldPattern[] {
  return filterKindOf(filter).wants?.(filter, fieldsOfFilter) ?? EVERY_FIELD.allow
}
