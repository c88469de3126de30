/**
 * `substring(ailed)`, `isubstring("/API/")`: the text stands somewhere in the value, also within a word; the second one
 * in any case. What `~"…"` and `~"(?i)…"` find, without their escapes.
 */

import { Needle } from '../../base/portable.ts'
import type { TestNeedle, ValueTest } from '../../record/record.ts'
import type { Filter } from '../ast.ts'
import { FoldedText, foldBytes, hasAsciiLetter, isAscii } from '../values/folding.ts'
import { encodeText } from '../values/text.ts'
import { ALL } from './all.ts'
import { boundValueFilter } from './bound-value-filter.ts'
import { COST_FOLDED_SEARCH, COST_SEARCH, type FilterForm, type FilterKind, wantsItsField } from './kind.ts'
import { prefixOf } from './prefix.ts'

export interface SubstringFilter extends Filter {
  readonly kind: 'substring'
  readonly field: string
  /** Not empty. */
  readonly text: string
  readonly anyCase: boolean
}

const parse =
  (name: string): FilterForm =>
  (parser, field) => {
    const [argument] = parser.parseArguments(name, 1)
    parser.refusePrefixes(name, [argument])
    if (argument.text === '') return ALL
    const filter: SubstringFilter = {
      kind: 'substring',
      field: parser.fieldOr(field),
      text: argument.text,
      anyCase: name === 'isubstring',
    }
    return filter
  }

/** `*text*`; of an empty text any value. */
export function substringOf(field: string, text: string): Filter {
  if (text === '') return prefixOf(field, '')
  const filter: SubstringFilter = { kind: 'substring', field, text, anyCase: false }
  return filter
}

export const substringFilter: FilterKind<SubstringFilter> = {
  kind: 'substring',
  summary: 'the text stands somewhere in the value, also within a word; `isubstring` in any case',
  examples: ['*ailed*', 'path:*"/api/"*', 'substring(ailed)', 'path:isubstring("/API/")'],
  forms: { functions: { substring: parse('substring'), isubstring: parse('isubstring') } },
  print: ({ field, text, anyCase }, printer) =>
    `${printer.field(field)}${anyCase ? 'isubstring' : 'substring'}(${printer.phrase(text)})`,
  wants: wantsItsField,
  bind: ({ field, text, anyCase }) => boundValueFilter(field, substringTest(text, anyCase)),
}

export function substringTest(text: string, anyCase: boolean): ValueTest {
  const bytes = encodeText(text)
  if (anyCase && !isAscii(bytes, 0, bytes.length)) return foldedTest(foldBytes(bytes))
  const isFolded = anyCase && hasAsciiLetter(text)
  const needle = new Needle(bytes, isFolded)
  const asked: TestNeedle = {
    bytes: needle.bytes,
    startsWord: false,
    endsWord: false,
    isWhole: false,
    decides: true,
    ...(isFolded && { anyCase: true }),
  }
  return {
    cost: COST_SEARCH,
    test: (data, start, end) => needle.indexIn(data, start, end) >= 0,
    needles: [asked],
  }
}

function foldedTest(folded: Uint8Array): ValueTest {
  const needle = new Needle(folded)
  const value = new FoldedText()
  return {
    cost: COST_FOLDED_SEARCH,
    test(data, start, end) {
      value.fold(data, start, end)
      return needle.indexIn(value.bytes, 0, value.length) >= 0
    },
  }
}
