/**
 * The shapes of one vocabulary in the memory of the kernel, which reads them there: kernels/ndjson.ts has the layout.
 * What they mean, and when there is no room for more, is ndjson-shapes.ts.
 */
import { assert } from '../base/base.ts'
import type { ShapePlan, ShapeStep } from './ndjson-shape-step.ts'

const STEP_BYTES = 32
const PLAN_BYTES = 32
const PLANNED_FIELD_BYTES = 16
/** The parts of an arena begin at multiples of it. */
const ALIGNMENT = 16
const STEP_VALUE = 0
const STEP_TEXT = 1
const STEP_END = 2

/** An arena of one vocabulary. */
export class NdjsonArena {
  /** The steps that lines may begin with; 0 for none. */
  first = 0
  isClaimed = true
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #start: number
  readonly #end: number
  readonly #free: () => void
  #used: number

  constructor(bytes: Uint8Array, view: DataView, start: number, byteCount: number, free: () => void) {
    this.#bytes = bytes
    this.#view = view
    this.#start = start
    this.#end = start + byteCount
    this.#free = free
    this.#used = start
  }

  clear(): void {
    this.first = 0
    this.#used = this.#start
  }

  /** Another vocabulary may have it from here on. */
  release(): void {
    this.isClaimed = false
    this.#free()
  }

  get byteCount(): number {
    return this.#end - this.#start
  }

  /** Bytes that are left. */
  get room(): number {
    return this.#end - this.#used
  }

  /** Writes a step that nothing leads to yet; where it stands. `names` holds the names of a plan. */
  putStep(step: Omit<ShapeStep, 'place'>, names: DataView): number {
    const view = this.#view
    const plan = step.plan === null ? 0 : this.#putPlan(step.plan, names)
    const at = this.#take(STEP_BYTES + step.byteCount)
    view.setUint32(at, 0, true)
    view.setUint32(at + 4, step.other?.place ?? 0, true)
    view.setInt32(at + 8, step.span, true)
    view.setUint16(at + 12, step.byteCount, true)
    view.setUint8(at + 14, step.plan !== null ? STEP_END : step.isText ? STEP_TEXT : STEP_VALUE)
    view.setUint8(at + 15, step.depth)
    view.setUint32(at + 16, plan, true)
    for (let index = 0; index < step.byteCount; index++)
      view.setUint8(at + STEP_BYTES + index, step.seam.charCodeAt(index))
    return at
  }

  setNext(step: number, next: number): void {
    this.#view.setUint32(step, next, true)
  }

  setOther(step: number, other: number): void {
    this.#view.setUint32(step + 4, other, true)
  }

  #putPlan(plan: ShapePlan, names: DataView): number {
    const view = this.#view
    const { fields } = plan
    const at = this.#take(PLAN_BYTES + fields.length * PLANNED_FIELD_BYTES)
    view.setInt32(at, plan.depth, true)
    view.setInt32(at + 4, plan.timeSpan, true)
    view.setInt32(at + 8, plan.messageSpan, true)
    view.setInt32(at + 12, plan.levelSpan, true)
    view.setInt32(at + 16, fields.length, true)
    view.setInt32(at + 20, plan.streamCount, true)
    view.setInt32(at + 24, plan.nameBytes, true)
    fields.forEach(({ span, nameStart, nameEnd }, index) => {
      const place = at + PLAN_BYTES + index * PLANNED_FIELD_BYTES
      const nameAt = this.#take(nameEnd - nameStart)
      this.#bytes.set(new Uint8Array(names.buffer, names.byteOffset + nameStart, nameEnd - nameStart), nameAt)
      view.setInt32(place, span, true)
      view.setInt32(place + 4, nameEnd - nameStart, true)
      view.setInt32(place + 8, nameAt, true)
    })
    return at
  }

  #take(byteCount: number): number {
    const at = this.#used
    this.#used = Math.ceil((at + byteCount) / ALIGNMENT) * ALIGNMENT
    assert(this.#used <= this.#end, 'an arena of shapes is full')
    return at
  }
}

/** What the steps and the plan of a line take at most. */
export function mostArenaBytes(valueCount: number, seamBytes: number, nameBytes: number): number {
  const stepBytes = (valueCount + 1) * (STEP_BYTES + ALIGNMENT) + seamBytes
  return stepBytes + PLAN_BYTES + valueCount * (PLANNED_FIELD_BYTES + ALIGNMENT) + nameBytes
}
