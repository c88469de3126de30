/**
 * A block without its hidden fields (hidden-fields.ts): whatever it is asked, it answers as a block would whose records
 * never had them. What the block behind it keeps of other fields is handed on as it is, so that filters and pipes are as
 * fast as they were. Every member of `Block` is listed here: one that is not handed on is absent, and nothing leaks.
 */
import type { Bitset } from '../../base/base.ts'
import {
  type Block,
  type BlockField,
  type Column,
  emptyColumn,
  oneGroup,
  RECORD_FLAG_LEVEL_UPPER,
  RECORD_FLAG_TRUNCATED,
  type RowGroups,
  type RowLayout,
  type RowRuns,
  type TextTemplates,
  TRUNCATED_FIELD,
  type ValueTest,
} from '../../record/record.ts'
import { MESSAGE_FIELD } from '../special-fields.ts'
import type { HiddenFields } from './hidden-fields.ts'
import { narrowByValue, passesEmpty } from './value-test.ts'

const NOTHING = new Uint8Array(0)

export class HiddenBlock implements Block {
  readonly rowCount: number
  readonly narrow?: (field: string | null, test: ValueTest, rows: Bitset) => void
  readonly countPassing?: (field: string | null, test: ValueTest, isCheap?: boolean) => number | null
  readonly valueGroups?: (field: string | null) => RowGroups<Uint8Array> | null
  readonly levelRuns?: () => RowRuns | null
  readonly layoutGroups?: () => RowGroups<RowLayout> | null
  readonly messageOf?: (row: number) => Uint8Array
  readonly messagesOf?: (rows: Uint32Array) => Column
  readonly messageTemplates?: () => TextTemplates | null
  readonly levelWordOf?: (row: number) => Uint8Array
  readonly #block: Block
  readonly #hidden: HiddenFields
  #flags: Uint8Array | null = null
  #layouts: RowGroups<RowLayout> | null | undefined

  constructor(block: Block, hidden: HiddenFields) {
    this.#block = block
    this.#hidden = hidden
    this.rowCount = block.rowCount
    if (block.narrow !== undefined)
      this.narrow = (field, test, rows) => {
        if (this.#hides(field)) narrowByValue(null, rows, test)
        else block.narrow!(field, test, rows)
      }
    if (block.countPassing !== undefined)
      this.countPassing = (field, test, isCheap) =>
        this.#hides(field) ? this.#countEmpty(test) : block.countPassing!(field, test, isCheap)
    if (block.valueGroups !== undefined)
      this.valueGroups = (field) =>
        this.#hides(field) ? oneGroup(NOTHING, this.rowCount) : block.valueGroups!(field)
    if (block.layoutGroups !== undefined) this.layoutGroups = () => this.#layoutGroups()
    if (hidden.hidesLevel)
      this.levelRuns = () => ({ groups: Uint32Array.of(0), ends: Uint32Array.of(this.rowCount) })
    else {
      if (block.levelRuns !== undefined) this.levelRuns = () => block.levelRuns!()
      if (block.levelWordOf !== undefined) this.levelWordOf = (row) => block.levelWordOf!(row)
    }
    if (hidden.hidesMessage) return
    if (block.messageOf !== undefined) this.messageOf = (row) => block.messageOf!(row)
    if (block.messagesOf !== undefined) this.messagesOf = (rows) => block.messagesOf!(rows)
    if (block.messageTemplates !== undefined) this.messageTemplates = () => block.messageTemplates!()
  }

  get ids(): Float64Array {
    return this.#block.ids
  }

  get timesMs(): Float64Array {
    return this.#block.timesMs
  }

  get timesNs(): Uint32Array {
    return this.#block.timesNs
  }

  get receivedMs(): Float64Array {
    return this.#block.receivedMs
  }

  get receivedNs(): Uint32Array {
    return this.#block.receivedNs
  }

  get timeMsMin(): number {
    return this.#block.timeMsMin
  }

  get timeMsMax(): number {
    return this.#block.timeMsMax
  }

  get severities(): Uint8Array {
    return this.#hidden.hidesLevel ? new Uint8Array(this.rowCount) : this.#block.severities
  }

  get flags(): Uint8Array {
    this.#flags ??= this.#shownFlags()
    return this.#flags
  }

  get message(): Column {
    return this.#hidden.hidesMessage ? emptyColumn(this.rowCount) : this.#block.message
  }

  get levelWords(): Column {
    return this.#hidden.hidesLevel ? emptyColumn(this.rowCount) : this.#block.levelWords
  }

  field(name: string): Column | null {
    return this.#hidden.hides(name) ? null : this.#block.field(name)
  }

  fieldsOf(row: number): BlockField[] {
    const shown = this.#block.fieldsOf(row).filter(({ name }) => !this.#hidden.hides(name))
    return this.#hidden.hidesStream ? shown.map((field) => ({ ...field, isStream: false })) : shown
  }

  fieldNamesOf(row: number): string[] {
    return this.#shownNames(this.#block.fieldNamesOf(row))
  }

  streamFieldNamesOf(row: number): string[] {
    return this.#hidden.hidesStream ? [] : this.#shownNames(this.#block.streamFieldNamesOf(row))
  }

  fieldNames(): string[] {
    return this.#shownNames(this.#block.fieldNames())
  }

  #hides(field: string | null): boolean {
    return this.#hidden.hides(field ?? MESSAGE_FIELD)
  }

  #countEmpty(test: ValueTest): number {
    return passesEmpty(test) ? this.rowCount : 0
  }

  #shownNames(names: readonly string[]): string[] {
    return names.filter((name) => !this.#hidden.hides(name))
  }

  #shownFlags(): Uint8Array {
    const { flags } = this.#block
    const hiddenBits =
      (this.#hidden.hidesLevel ? RECORD_FLAG_LEVEL_UPPER : 0) |
      (this.#hidden.hides(TRUNCATED_FIELD) ? RECORD_FLAG_TRUNCATED : 0)
    return hiddenBits === 0 ? flags : flags.map((bits) => bits & ~hiddenBits)
  }

  /** Layouts that differ in hidden fields only are several groups that hold the same. */
  #layoutGroups(): RowGroups<RowLayout> | null {
    if (this.#layouts === undefined) {
      const groups = this.#block.layoutGroups!()
      this.#layouts =
        groups === null ? null : { ...handedOn(groups), held: groups.held.map(this.#shownLayout) }
    }
    return this.#layouts
  }

  readonly #shownLayout = (layout: RowLayout): RowLayout => {
    const shown = layout.filter(({ name }) => !this.#hidden.hides(name))
    return this.#hidden.hidesStream ? shown.map(({ name }) => ({ name, isStream: false })) : shown
  }
}

function handedOn(groups: RowGroups<RowLayout>): Omit<RowGroups<RowLayout>, 'held'> {
  return {
    rowCounts: () => groups.rowCounts(),
    ofRow: () => groups.ofRow(),
    ...(groups.runs !== undefined && { runs: () => groups.runs!() }),
  }
}
