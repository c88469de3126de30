/** For tests: records as objects, blocks and snapshots made of them. Goes through the real encoding. */
import { Bitset } from '../base/base.ts'
import {
  BatchEncoder,
  type Block,
  BlockBuilder,
  type BlockField,
  type Column,
  FIELD_STRING,
  levelSeverity,
  levelWordFlags,
  RECORD_FLAG_TRUNCATED,
  setBatchFirstId,
  type ValueTest,
} from '../record/record.ts'
import type { LostRange, ScannedBlock, ScanRequest, SkipTest, Snapshot } from '../storage/storage.ts'
import { FilterPlan } from './scan/plan.ts'
import { narrowByValue } from './scan/value-test.ts'
import { parseQuery } from './syntax/parser.ts'
import { encodeText } from './values/text.ts'

export interface TestRecord {
  readonly message?: string | Uint8Array
  readonly timeMs?: number
  readonly timeNs?: number
  /** As a sender wrote it. */
  readonly level?: string
  readonly stream?: Readonly<Record<string, string>>
  readonly fields?: Readonly<Record<string, string | TestValue>>
  readonly isTruncated?: boolean
}

export interface TestValue {
  readonly text: string
  readonly kind: number
}

/** One batch of the records, which have the ids from `firstId` on. */
export function blockOf(records: readonly TestRecord[], firstId = 1, shared: boolean = false): Block {
  const encoder = new BatchEncoder()
  encoder.reset(1_000, 0)
  if (shared)
    for (const [name, value] of Object.entries(records[0].fields ?? {}))
      encoder.shareField(name, textOf(value))
  for (const record of records) putRecord(encoder, record, shared)
  const batch = encoder.finish()
  // Blocks must work on shared memory, which decoders refuse.
  const data = new Uint8Array(new SharedArrayBuffer(batch.length + 5)).subarray(5)
  data.set(batch)
  setBatchFirstId(new DataView(data.buffer, data.byteOffset), 0, firstId)
  const builder = new BlockBuilder(data)
  builder.addBatch(0)
  return builder.build()
}

function textOf(value: string | TestValue): string {
  return typeof value === 'string' ? value : value.text
}

function putRecord(encoder: BatchEncoder, record: TestRecord, shared: boolean): void {
  const { message = '', level = '', stream = {}, fields = {} } = record
  const messageBytes = typeof message === 'string' ? encodeText(message) : message
  const levelBytes = encodeText(level)
  const levelFlags = levelWordFlags(levelBytes, 0, levelBytes.length)
  encoder.beginRecord()
  encoder.putMessage(messageBytes, 0, messageBytes.length)
  if (levelFlags < 0) encoder.putLevelWord(levelBytes)
  for (const [name, value] of Object.entries(stream))
    encoder.putField(encodeText(name), encodeText(value), FIELD_STRING, true)
  for (const [name, value] of shared ? [] : Object.entries(fields)) {
    const kind = typeof value === 'string' ? FIELD_STRING : value.kind
    encoder.putField(encodeText(name), encodeText(textOf(value)), kind)
  }
  const flags = Math.max(0, levelFlags) | (record.isTruncated === true ? RECORD_FLAG_TRUNCATED : 0)
  encoder.endRecord(Math.max(0, levelSeverity(level)), flags, record.timeMs ?? 0, record.timeNs ?? 0)
}

/** Numbers of the records that the query finds. */
export function matchingRows(text: string, records: readonly TestRecord[]): number[] {
  const rows: number[] = []
  const plan = new FilterPlan(parseQuery(text, { nowMs: TEST_NOW_MS }).filter)
  plan.match(blockOf(records)).forEach((row) => {
    rows.push(row)
  })
  return rows
}

/** 2025-07-18T00:00:00Z */
export const TEST_NOW_MS = Date.UTC(2025, 6, 18)

export interface Question {
  readonly kind: 'narrow' | 'count'
  readonly field: string | null
  readonly test: ValueTest
}

/** A block that judges values itself, by the plain semantics, and keeps what it was asked and what was read of it. */
export class JudgingBlock implements Block {
  readonly questions: Question[] = []
  /** Names of the whole columns that were read; `_msg` and `level` for those of the block. */
  readonly columnsRead: string[] = []
  /** What it stands for; whoever reads this is not noticed. */
  readonly plain: Block
  readonly #counts: boolean

  /** Without `counts` it knows no count. */
  constructor(block: Block, counts: boolean) {
    this.plain = block
    this.#counts = counts
  }

  get rowCount(): number {
    return this.plain.rowCount
  }

  get ids(): Float64Array {
    return this.plain.ids
  }

  get timesMs(): Float64Array {
    return this.plain.timesMs
  }

  get timesNs(): Uint32Array {
    return this.plain.timesNs
  }

  get receivedMs(): Float64Array {
    return this.plain.receivedMs
  }

  get receivedNs(): Uint32Array {
    return this.plain.receivedNs
  }

  get severities(): Uint8Array {
    return this.plain.severities
  }

  get flags(): Uint8Array {
    return this.plain.flags
  }

  get timeMsMin(): number {
    return this.plain.timeMsMin
  }

  get timeMsMax(): number {
    return this.plain.timeMsMax
  }

  get message(): Column {
    this.columnsRead.push('_msg')
    return this.plain.message
  }

  get levelWords(): Column {
    this.columnsRead.push('level')
    return this.plain.levelWords
  }

  field(name: string): Column | null {
    this.columnsRead.push(name)
    return this.plain.field(name)
  }

  fieldsOf(row: number): BlockField[] {
    return this.plain.fieldsOf(row)
  }

  fieldNamesOf(row: number): string[] {
    return this.plain.fieldNamesOf(row)
  }

  streamFieldNamesOf(row: number): string[] {
    return this.plain.streamFieldNamesOf(row)
  }

  fieldNames(): string[] {
    return this.plain.fieldNames()
  }

  narrow(field: string | null, test: ValueTest, rows: Bitset): void {
    this.questions.push({ kind: 'narrow', field, test })
    narrowByValue(storedColumn(this.plain, field), rows, test)
  }

  countPassing(field: string | null, test: ValueTest): number | null {
    this.questions.push({ kind: 'count', field, test })
    return this.#counts ? rowsPassing(this.plain, field, test).count() : null
  }

  messageOf(row: number): Uint8Array {
    return valueAt(this.plain.message, row)
  }

  levelWordOf(row: number): Uint8Array {
    return valueAt(this.plain.levelWords, row)
  }
}

function valueAt({ data, starts, lengths }: Column, row: number): Uint8Array {
  return data.subarray(starts[row], starts[row] + lengths[row])
}

function storedColumn(block: Block, field: string | null): Column | null {
  return field === null ? block.message : block.field(field)
}

function rowsPassing(block: Block, field: string | null, test: ValueTest): Bitset {
  const rows = Bitset.full(block.rowCount)
  narrowByValue(storedColumn(block, field), rows, test)
  return rows
}

/** The rows that pass the whole tree. */
function rowsOfSkip(block: Block, skip: SkipTest): Bitset {
  if (skip.kind === 'value') return rowsPassing(block, skip.field, skip.test)
  const passing = skip.tests.map((test) => rowsOfSkip(block, test))
  return passing.reduce((all, rows) => (skip.kind === 'and' ? all.and(rows) : all.or(rows)))
}

/** A snapshot over blocks, as strict as the interface allows: it hands out what it must and no promise more. */
export class FakeSnapshot implements Snapshot {
  readonly fenceId: number
  readonly records: number
  readonly damage: LostRange[] = []
  readonly parts = []
  /** Blocks handed out so far. */
  scanned = 0
  /** What was asked, scan by scan. */
  readonly requests: ScanRequest[] = []
  readonly #blocks: readonly Block[]

  constructor(blocks: readonly Block[]) {
    this.#blocks = blocks
    this.records = blocks.reduce((sum, block) => sum + block.rowCount, 0)
    this.fenceId = 1 + blocks.reduce((last, block) => Math.max(last, block.ids[block.rowCount - 1]), 0)
  }

  get unsealed(): this {
    return this
  }

  noteDamage(range: LostRange): void {
    this.damage.push(range)
  }

  async *scan(request: ScanRequest = {}): AsyncGenerator<ScannedBlock> {
    const blocks = this.#blocks.filter((block) => isAsked(block, request))
    this.requests.push(request)
    if (request.order === 'newest') blocks.sort((a, b) => b.timeMsMax - a.timeMsMax)
    if (request.order === 'any') blocks.reverse()
    for (let index = 0; index < blocks.length; index++) {
      const rest = blocks.slice(index + 1)
      this.scanned++
      yield {
        block: blocks[index],
        restTimeMsMax: Math.max(-Infinity, ...rest.map((block) => block.timeMsMax)),
      }
    }
  }

  release(): void {}

  [Symbol.dispose](): void {}
}

function isAsked(block: Block, request: ScanRequest): boolean {
  const { timeMsMin = -Infinity, timeMsMax = Infinity, idMin = -Infinity, idMax = Infinity, ids } = request
  if (
    request.skip !== undefined &&
    rowsOfSkip(block instanceof JudgingBlock ? block.plain : block, request.skip).isEmpty()
  )
    return false
  const first = block.ids[0]
  const last = block.ids[block.rowCount - 1]
  const isInTime = block.timeMsMax >= timeMsMin && block.timeMsMin <= timeMsMax
  const isWanted = ids === undefined || ids.some((id) => id >= first && id <= last)
  return isInTime && last >= idMin && first <= idMax && isWanted
}
