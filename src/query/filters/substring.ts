/**
 * `substring(ailed)`, `isubstring("/API/")`: the text stands somewhere in the value, also within a word; the second one
 * in any case. Short for `~"…"` and `~"(?i)…"` without their escapes.
 */

import { Needle } from '../../base/base.ts'
import type { ValueTest } from '../../record/record.ts'
import type { Filter } from '../ast.ts'
import { FoldedText, foldBytes } from '../folding.ts'
import { encodeText } from '../text.ts'
import { ALL } from './all.ts'
import { boundValueFilter } from './bound-value-filter.ts'
import { COST_FOLDED_SEARCH, COST_SEARCH, type FilterForm, type FilterKind, wantsItsField } from './kind.ts'
import { regexpTest } from './regexp.ts'

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

export const substringFilter: FilterKind<SubstringFilter> = {
  kind: 'substring',
  summary: 'the text stands somewhere in the value, also within a word; `isubstring` in any case',
  examples: ['substring(ailed)', 'path:isubstring("/API/")'],
  forms: { functions: { substring: parse('substring'), isubstring: parse('isubstring') } },
  print: ({ field, text, anyCase }, printer) =>
    `${printer.field(field)}${anyCase ? 'isubstring' : 'substring'}(${printer.phrase(text)})`,
  wants: wantsItsField,
  bind: ({ field, text, anyCase }) =>
    boundValueFilter(field, anyCase ? anyCaseTest(text) : substringTest(text)),
}

export function substringTest(text: string): ValueTest {
  const needle = new Needle(encodeText(text))
  const asked = { bytes: needle.bytes, startsWord: false, endsWord: false, isWhole: false, decides: true }
  return {
    cost: COST_SEARCH,
    test: (data, start, end) => needle.indexIn(data, start, end) >= 0,
    needles: [asked],
  }
}

/** Bytes that are not UTF-8, and what stands for them, mean something else in a pattern. */
const UNUSUAL = /[\ud800-\udfff\ufffd]/u

function anyCaseTest(text: string): ValueTest {
  return UNUSUAL.test(text) ? foldedTest(text) : regexpTest(`(?i)${escaped(text)}`)
}

function foldedTest(text: string): ValueTest {
  const needle = new Needle(foldBytes(encodeText(text)))
  const value = new FoldedText()
  return {
    cost: COST_FOLDED_SEARCH,
    test(data, start, end) {
      value.fold(data, start, end)
      return needle.indexIn(value.bytes, 0, value.length) >= 0
    },
  }
}

function escaped(text: string): string {
  return text.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&')
}
