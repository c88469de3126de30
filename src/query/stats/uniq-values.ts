/** `uniq_values(a, b*)`: the different values that are not empty, in order, as a JSON array; `limit N`: the first N. */
import type { TextGroups } from '../batches/batch-column.ts'
import type { FieldPattern } from '../batches/fields-wanted.ts'
import { type MemoryShare, textBytes } from '../batches/memory-share.ts'
import type { RowBatch } from '../batches/row-batch.ts'
import { jsonStrings } from '../values/json-text.ts'
import { compareKeysExactly, type ValueKey, valueKey } from '../values/value-order.ts'
import { columnsOf, type LimitedCall, parseLimit, parseStatsFields, printLimited } from './arguments.ts'
import type { GroupedRows } from './grouped-rows.ts'
import type { AddRows, StatsFunction, StatsState } from './kind.ts'

export interface UniqValuesCall extends LimitedCall {
  readonly name: 'uniq_values'
}

export const uniqValuesFunction: StatsFunction<UniqValuesCall> = {
  name: 'uniq_values',
  summary: 'the different values that are not empty, in order, as a JSON array; with `limit N`, the first N',
  examples: ['* | stats by (service) uniq_values(host) as hosts', '* | stats uniq_values(user) limit 100'],
  parse: (parser) => ({
    name: 'uniq_values',
    fields: parseStatsFields(parser, 'uniq_values'),
    limit: parseLimit(parser),
  }),
  print: printLimited,
  wants: ({ fields }) => fields,
  bind: ({ fields, limit }, { memory }) => new UniqState(fields, limit, memory),
}

interface Uniq {
  texts: Set<string>
  /** The last one that is left when as many as the limit are; null where more fit. */
  worst: ValueKey | null
}

const BYTES_A_TEXT = 64
const BYTES_A_GROUP = 256
const SPARE = 64
const MARKS_MAX = 1 << 20

class UniqState implements StatsState {
  readonly #fields: readonly FieldPattern[]
  readonly #limit: number
  readonly #memory: MemoryShare
  readonly #ofGroup: (Uniq | undefined)[] = []

  constructor(fields: readonly FieldPattern[], limit: number, memory: MemoryShare) {
    this.#fields = fields
    this.#limit = limit === 0 ? Infinity : limit
    this.#memory = memory
  }

  read(batch: RowBatch): AddRows {
    const columns = columnsOf(batch, this.#fields).flatMap(({ column }) => (column === null ? [] : [column]))
    const values = columns.map((column) => column.groups() ?? column.texts())
    return (rows) => {
      for (const each of values) {
        if (Array.isArray(each)) this.#addTexts(rows, each)
        else this.#addGroups(rows, each as TextGroups)
      }
    }
  }

  #addTexts({ rows, count, ofRow, only }: GroupedRows, texts: readonly string[]): void {
    for (let at = 0; at < count; at++) {
      const row = rows === null ? at : rows[at]
      if (texts[row] !== '') this.#addText(ofRow === null ? only : ofRow[row], texts[row])
    }
  }

  /** Each text of a group once, where there is room for marks. */
  #addGroups({ rows, count, groupCount, ofRow, only }: GroupedRows, groups: TextGroups): void {
    const { texts, ofRow: textOfRow } = groups
    const markCount = (ofRow === null ? 1 : groupCount) * texts.length
    const marks = markCount > MARKS_MAX ? null : new Uint8Array(markCount)
    for (let at = 0; at < count; at++) {
      const row = rows === null ? at : rows[at]
      const text = textOfRow === null ? 0 : textOfRow[row]
      const group = ofRow === null ? only : ofRow[row]
      if (marks !== null) {
        const mark = (ofRow === null ? 0 : group * texts.length) + text
        if (marks[mark] === 1) continue
        marks[mark] = 1
      }
      if (texts[text] !== '') this.#addText(group, texts[text])
    }
  }

  #addText(group: number, text: string): void {
    let uniq = this.#ofGroup[group]
    if (uniq === undefined) {
      this.#memory.charge(BYTES_A_GROUP)
      uniq = { texts: new Set(), worst: null }
      this.#ofGroup[group] = uniq
    }
    if (uniq.texts.has(text)) return
    if (uniq.worst !== null && compareKeysExactly(valueKey(text), uniq.worst) > 0) return
    this.#memory.charge(BYTES_A_TEXT + textBytes(text))
    uniq.texts.add(text)
    if (uniq.texts.size >= 2 * this.#limit + SPARE) this.#cut(uniq)
  }

  /** In order, and no more than the limit. */
  #cut(uniq: Uniq): void {
    const keys = Array.from(uniq.texts, valueKey).sort(compareKeysExactly)
    for (const { text } of keys.splice(this.#limit)) this.#memory.give(BYTES_A_TEXT + textBytes(text))
    uniq.texts = new Set(keys.map(({ text }) => text))
    uniq.worst = keys.length >= this.#limit ? (keys.at(-1) ?? null) : null
  }

  take(): string[][] {
    return Array.from(this.#ofGroup, (uniq) => (uniq === undefined ? [] : [...uniq.texts]))
  }

  merge(state: unknown, groups: Uint32Array, _groupCount: number): void {
    for (const [at, texts] of (state as string[][]).entries()) {
      for (const text of texts) this.#addText(groups[at], text)
    }
  }

  texts(groupCount: number): string[] {
    return Array.from({ length: groupCount }, (_, group) => {
      const uniq = this.#ofGroup[group]
      if (uniq === undefined) return '[]'
      this.#cut(uniq)
      return jsonStrings([...uniq.texts])
    })
  }
}
