/**
 * What one call of `send` waits for: the outcome of each of its records, whichever batches they travel in. It resolves
 * with the ids when the last record has its outcome, rejects when one of them was refused, and can fail as a whole.
 *
 * The first end counts; what comes later changes nothing.
 */
import { CodedError } from '../base/base.ts'
import type { Refusal } from './answers.ts'

/** One for each record, in their order. null: the record lies in a spill file, and its id is not known yet. */
export type SentIds = readonly (number | null)[]

export class SendTicket {
  readonly promise: Promise<SentIds>
  readonly #resolve: (ids: SentIds) => void
  readonly #reject: (error: CodedError) => void
  readonly #ids: (number | null)[]
  readonly #refused: Refusal[] = []
  #open: number
  #isDone = false
  #onDone: () => void = () => {}

  constructor(records: number) {
    const { promise, resolve, reject } = Promise.withResolvers<SentIds>()
    this.promise = promise
    this.#resolve = resolve
    this.#reject = reject
    this.#ids = new Array(records).fill(null)
    this.#open = records
  }

  /** Nobody waits for it any more. */
  get isDone(): boolean {
    return this.#isDone
  }

  /** Called once, at the end. */
  set onDone(callback: () => void) {
    this.#onDone = callback
  }

  settle(index: number, id: number | null): void {
    this.#ids[index] = id
    this.#count()
  }

  refuse(index: number, refusal: Refusal): void {
    this.#refused.push({ ...refusal, index })
    this.#count()
  }

  fail(error: CodedError): void {
    if (this.#end()) this.#reject(error)
  }

  #count(): void {
    this.#open--
    if (this.#open > 0 || !this.#end()) return
    if (this.#refused.length === 0) this.#resolve(this.#ids)
    else this.#reject(refusedError(this.#refused, this.#ids))
  }

  #end(): boolean {
    if (this.#isDone) return false
    this.#isDone = true
    this.#onDone()
    return true
  }
}

/** The code is that of the first record that was refused; the details have all of them, and the ids of the others. */
function refusedError(refused: readonly Refusal[], ids: SentIds): CodedError {
  const sorted = refused.toSorted((one, other) => one.index - other.index)
  const [{ code, reason, index }] = sorted
  const message =
    ids.length === 1
      ? `The record was refused: ${reason}`
      : `${sorted.length} of ${ids.length} records were refused, first the one at ${index}: ${reason}`
  return new CodedError(code, message, { details: { refused: sorted, ids } })
}
