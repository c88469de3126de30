/** The words of the query language, for whoever completes or colours queries. They follow from the registries. */
import { FILTER_KINDS } from '../filters/registry.ts'
import { PIPES_BY_NAME } from '../pipes/registry.ts'
import { SPECIAL_FIELDS } from '../special-fields.ts'

export interface Vocabulary {
  /** Words of the grammar itself. */
  readonly keywords: readonly string[]
  /** What may stand before `(`. */
  readonly functions: readonly string[]
  /** What may stand behind `|`. */
  readonly pipes: readonly string[]
  /** Fields that every record has. */
  readonly fields: readonly string[]
}

/** Each list in the order of the alphabet; what this version refuses by name is not in it. */
export const VOCABULARY: Vocabulary = {
  keywords: ['and', 'not', 'or'],
  functions: FILTER_KINDS.flatMap(({ forms }) => Object.keys(forms?.functions ?? {})).toSorted(),
  pipes: [...PIPES_BY_NAME.keys()].toSorted(),
  fields: [...SPECIAL_FIELDS.keys()].toSorted(),
}
