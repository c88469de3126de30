/**
 * `tags:json_array_contains_any(a, 5)`: the value is a JSON array, and one of its items is one of these: a string by
 * what it says, anything else as it is written.
 */
import type { ValueTest } from '../../record/record.ts'
import type { Filter } from '../ast.ts'
import { decodeText } from '../values/text.ts'
import { ALL } from './all.ts'
import { boundValueFilter } from './bound-value-filter.ts'
import { COST_FOLDED_SEARCH, type FilterForm, type FilterKind, wantsItsField } from './kind.ts'
import { type ListNode, parseList, printList, valuesOf } from './list-arguments.ts'

export interface JsonArrayFilter extends Filter, ListNode {
  readonly kind: 'jsonArray'
  readonly field: string
}

const NAME = 'json_array_contains_any'

const parse: FilterForm = (parser, field) => {
  const list = parseList(parser, NAME)
  if (list === null) return ALL
  const filter: JsonArrayFilter = { kind: 'jsonArray', field: parser.fieldOr(field), ...list }
  return filter
}

export const jsonArrayFilter: FilterKind<JsonArrayFilter> = {
  kind: 'jsonArray',
  summary: 'the value is a JSON array that has one of these items',
  examples: ['tags:json_array_contains_any(prod, "eu west")', 'codes:json_array_contains_any(5, null)'],
  forms: { functions: { [NAME]: parse } },
  print: (filter, printer) => `${printer.field(filter.field)}${NAME}${printList(filter, printer)}`,
  subquery: ({ subquery }) => subquery ?? null,
  withValues({ field }, values): JsonArrayFilter {
    return { kind: 'jsonArray', field, values }
  },
  wants: wantsItsField,
  bind: (filter) => boundValueFilter(filter.field, jsonArrayTest(valuesOf(filter))),
}

const OPENING = 0x5b

function jsonArrayTest(values: readonly string[]): ValueTest {
  const wanted = new Set(values)
  return {
    cost: COST_FOLDED_SEARCH,
    test(data, start, end) {
      let at = start
      while (at < end && isBlank(data[at])) at++
      if (at === end || data[at] !== OPENING) return false
      // Decoders take no shared memory.
      return hasItem(decodeText(data.slice(at, end)), wanted)
    },
  }
}

const isBlank = (byte: number): boolean => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)

/** The text is a JSON array with such an item. */
function hasItem(text: string, wanted: ReadonlySet<string>): boolean {
  return itemsOf(text).some((item) => wanted.has(saidBy(item))) && isJson(text)
}

/** What stands between the commas of the array, where the text is one; else anything. */
function itemsOf(text: string): string[] {
  const items: string[] = []
  let depth = 0
  let itemStart = 1
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '"') at = stringEnd(text, at)
    else if (character === '[' || character === '{') depth++
    else if (character === ']' || character === '}') depth--
    const isEnd = depth === 0 || (character === ',' && depth === 1)
    if (!isEnd) continue
    items.push(text.slice(itemStart, at).trim())
    itemStart = at + 1
    if (depth === 0) break
  }
  return items.filter((item) => item !== '')
}

/** The closing quotation mark of the string that opens at `start`, or the end of the text. */
function stringEnd(text: string, start: number): number {
  let at = start + 1
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at
}

/** Without its quotation marks and escapes where it is a string. */
function saidBy(item: string): string {
  if (item[0] !== '"') return item
  if (!item.includes('\\')) return item.slice(1, -1)
  try {
    return String(JSON.parse(item))
  } catch {
    return item
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
