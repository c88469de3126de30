/** Bodies of logs as the intake reads them: bytes in, batches out, whatever their format. */
import type { ErrorCode } from '../../base/base.ts'
import {
  type NdjsonBatch,
  NdjsonDecoder,
  type NdjsonOptions,
  type NdjsonRefusal,
  type NdjsonWorkspace,
  ndjsonRefusalCode,
  ndjsonRefusalText,
  TextLogDecoder,
  type TextLogOptions,
  type TextLogWorkspace,
} from '../../ingest/ingest.ts'

/** Bytes in (`push`, `end`), batches out (`next`): the order of calls is that of NdjsonDecoder. */
export interface RecordDecoder {
  push(chunk: Uint8Array, arrivalMs: number, arrivalNs: number): void
  end(isWhole: boolean, arrivalMs: number, arrivalNs: number): void
  next(): NdjsonBatch | null
  /** Lines that were refused. */
  readonly refused: number
  /** The first of them. */
  refusals(): readonly LineRefusal[]
}

export interface LineRefusal {
  /** In the body; the first is 1. */
  readonly line: number
  readonly code: ErrorCode
  readonly reason: string
}

export class JsonRecordDecoder implements RecordDecoder {
  readonly #decoder: NdjsonDecoder

  constructor(workspace: NdjsonWorkspace, options: NdjsonOptions) {
    this.#decoder = new NdjsonDecoder(workspace, options)
  }

  push(chunk: Uint8Array, arrivalMs: number, arrivalNs: number): void {
    this.#decoder.push(chunk, arrivalMs, arrivalNs)
  }

  end(isWhole: boolean, arrivalMs: number, arrivalNs: number): void {
    this.#decoder.end(isWhole, arrivalMs, arrivalNs)
  }

  next(): NdjsonBatch | null {
    return this.#decoder.next()
  }

  get refused(): number {
    return this.#decoder.counters.refusedLines
  }

  refusals(): readonly LineRefusal[] {
    return this.#decoder.refusals.map((refusal) => this.#told(refusal))
  }

  #told(refusal: NdjsonRefusal): LineRefusal {
    const reason = ndjsonRefusalText(refusal, this.#decoder.limits)
    return { line: refusal.line, code: ndjsonRefusalCode(refusal.reason), reason }
  }
}

/** Every line is a record, whatever it looks like; none is refused, too long ones are cut and marked. */
export class LineRecordDecoder implements RecordDecoder {
  readonly refused = 0
  readonly #decoder: TextLogDecoder

  constructor(workspace: TextLogWorkspace, options: TextLogOptions) {
    this.#decoder = new TextLogDecoder(workspace, { ...options, plainOnly: true }, null)
  }

  push(chunk: Uint8Array, arrivalMs: number, arrivalNs: number): void {
    this.#decoder.push(chunk, arrivalMs, arrivalNs)
  }

  end(isWhole: boolean, arrivalMs: number, arrivalNs: number): void {
    this.#decoder.end(isWhole, arrivalMs, arrivalNs)
  }

  next(): NdjsonBatch | null {
    const step = this.#decoder.next()
    return step?.kind === 'batch' ? step : null
  }

  refusals(): readonly LineRefusal[] {
    return []
  }
}
