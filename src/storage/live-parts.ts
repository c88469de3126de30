/**
 * The parts that a store consists of right now, as snapshots hold them. The manifest is what is durable; this list
 * changes in the same moment as the list of segments, so that no snapshot has a record twice or not at all.
 */
import { deletesFileName, partFileName } from './file-names.ts'
import type { HeldPart } from './held-part.ts'
import type { ManifestPart } from './manifest.ts'

export class LiveParts {
  readonly #directory: string
  #parts: readonly ManifestPart[] = []
  #held: readonly HeldPart[] = []
  #bytes = 0
  #records = 0

  constructor(directory: string, parts: readonly ManifestPart[]) {
    this.#directory = directory
    this.#set(parts)
  }

  /** By first id. Never changed: another list takes its place. */
  get held(): readonly HeldPart[] {
    return this.#held
  }

  get parts(): readonly ManifestPart[] {
    return this.#parts
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Without those that are deleted. */
  get records(): number {
    return this.#records
  }

  /** Takes parts out and puts others in. */
  replace(removed: readonly number[], added: readonly ManifestPart[]): void {
    this.#set([...this.#parts.filter(({ number }) => !removed.includes(number)), ...added])
  }

  pathOf(number: number): string {
    return `${this.#directory}/${partFileName(number)}`
  }

  #set(parts: readonly ManifestPart[]): void {
    this.#parts = [...parts].sort((a, b) => a.summary.firstId - b.summary.firstId || a.number - b.number)
    this.#held = this.#parts.map((part) => this.#hold(part))
    this.#bytes = this.#parts.reduce((sum, { summary }) => sum + summary.bytes, 0)
    this.#records = this.#held.reduce((sum, part) => sum + part.records - part.deletedRecords, 0)
  }

  #hold({ number, summary, deletes }: ManifestPart): HeldPart {
    return {
      number,
      path: this.pathOf(number),
      deletesPath: deletes === null ? null : `${this.#directory}/${deletesFileName(deletes.number)}`,
      deletedRecords: deletes?.records ?? 0,
      records: summary.records,
      bytes: summary.bytes,
      compression: summary.compression,
      firstId: summary.firstId,
      endId: summary.endId,
      timeMsMin: summary.timeMsMin,
      timeMsMax: summary.timeMsMax,
    }
  }
}
