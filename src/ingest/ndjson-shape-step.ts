/**
 * What the shapes of NDJSON lines are made of (ndjson-shapes.ts): steps, and plans at the ends of lines. The same
 * stands in the memory of the kernel (ndjson-arena.ts).
 */

/** A seam of some shapes, and the value behind it. */
export interface ShapeStep {
  /** One character a byte. */
  readonly seam: string
  /** Four bytes of the seam each, the last padded with zeros. */
  readonly words: Int32Array
  /** Which bytes of the last word count. */
  readonly lastMask: number
  readonly byteCount: number
  /** The value behind the seam is a string, whose opening quote the seam ends with. */
  readonly isText: boolean
  /** The span of the value, NO_SPAN when it is not kept. */
  readonly span: number
  /** How many objects are open around the value. */
  readonly depth: number
  /** What may follow the value: the first of these steps, each of which names the next as `other`. */
  next: ShapeStep | null
  other: ShapeStep | null
  /** The seam ends the line; there is no value behind it. */
  readonly plan: ShapePlan | null
  /** Where it stands in the kernel's memory; 0 where there is no kernel. */
  readonly place: number
}

/** How the values of a line become a record, if none of those that have a role is empty. */
export interface ShapePlan {
  /** By span. */
  readonly nodes: Int32Array
  /** By slot. */
  readonly spanOfSlot: Int32Array
  readonly spanCount: number
  /** How many objects are open at once, at most. */
  readonly depth: number
  /** NO_SPAN where there is none. */
  readonly timeSpan: number
  readonly messageSpan: number
  readonly levelSpan: number
  /** Stream fields first, sorted by name; then the others in the order of the line. */
  readonly fields: readonly PlannedField[]
  readonly streamCount: number
  /** Bytes of the names of all fields. */
  readonly nameBytes: number
}

export interface PlannedField {
  readonly span: number
  /** In the text of all names. */
  readonly nameStart: number
  readonly nameEnd: number
}
