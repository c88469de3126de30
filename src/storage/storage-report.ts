/**
 * What the parts of a store take on disk, by part, by column and by encoding: what an operator reads, and what shows
 * whether an encoding is worth its code. Sizes of one part are part-sizes.ts's; here they are put together.
 */

import { isCodedError, messageOf } from '../base/base.ts'
import { dayText } from './export-files.ts'
import { partFileName } from './file-names.ts'
import type { HeldPart } from './held-part.ts'
import type { ManifestPart } from './manifest.ts'
import type { PartSizes, PartSizesJob } from './part-sizes.ts'
import { type ColumnSize, type EncodingSize, SizeSums } from './part-sizes.ts'

/** Times in milliseconds, both inclusive; `endId` is the id after the largest one. */
export interface PartReport {
  readonly number: number
  /** Its name in the directory of the store. */
  readonly file: string
  /** UTC day of its records, `2026-01-31`; null: of several days. */
  readonly day: string | null
  readonly records: number
  readonly deleted: number
  readonly bytes: number
  /** Bytes of its messages and values of fields, as they were sent. */
  readonly rawBytes: number
  /** How often its records were merged. */
  readonly level: number
  /** zstd level. */
  readonly compression: number
  readonly templates: number
  readonly firstId: number
  readonly endId: number
  readonly timeMsMin: number
  readonly timeMsMax: number
  /** Why its columns are not in the sums; null: they are. */
  readonly damage: string | null
}

export interface StorageReport {
  readonly parts: readonly PartReport[]
  /** Largest first; together they have the bytes of the parts. At most 1,000 fields are named. */
  readonly columns: readonly ColumnSize[]
  /** Largest first. */
  readonly encodings: readonly EncodingSize[]
  /** Of all parts, which may have the same ones. */
  readonly templates: number
  /** Records in parts that are not deleted. */
  readonly records: number
  /** Of all parts whose columns could be read. */
  readonly bytes: number
  readonly rawBytes: number
  /** `rawBytes` over `bytes`; null where there is nothing. */
  readonly ratio: number | null
  /** What waits in segments to become parts. */
  readonly unsealed: { readonly records: number; readonly bytes: number }
}

export interface ReportAround {
  readonly parts: readonly ManifestPart[]
  readonly held: readonly HeldPart[]
  readonly unsealed: StorageReport['unsealed']
  readonly run: (job: PartSizesJob) => Promise<PartSizes>
}

const PIECE_BYTES = 32 * 1024 * 1024
const FIELDS_MAX = 1000

/** What the manifest knows of a part: all of a report that costs no look at its file. */
export type ListedPart = Omit<PartReport, 'rawBytes' | 'templates' | 'damage'>

export const listParts = (parts: readonly ManifestPart[]): ListedPart[] => parts.map(listPart)

function listPart({ number, summary, deletes }: ManifestPart): ListedPart {
  const { records, bytes, level, compression, firstId, endId, timeMsMin, timeMsMax, day } = summary
  return {
    number,
    file: partFileName(number),
    day: dayText(day),
    records,
    deleted: deletes?.records ?? 0,
    ...{ bytes, level, compression, firstId, endId, timeMsMin, timeMsMax },
  }
}

/** Rejects with what `run` rejects with, but for damage, which is told of its part. */
export async function reportStorage({ parts, held, unsealed, run }: ReportAround): Promise<StorageReport> {
  const sums = new SizeSums()
  const reports: PartReport[] = []
  for (const part of held) {
    const known = parts.find(({ number }) => number === part.number)
    if (known === undefined) continue
    try {
      const sizes = await sizesOfPart(part, run)
      sums.add(sizes)
      sums.limitFields(FIELDS_MAX)
      reports.push(reportOf(known, sizes, null))
    } catch (error) {
      if (!isCodedError(error, 'PART_CORRUPT')) throw error
      reports.push(reportOf(known, { templates: 0, valueBytes: 0 }, messageOf(error)))
    }
  }
  const readable = reports.filter(({ damage }) => damage === null)
  const total = (of: (part: PartReport) => number): number =>
    readable.reduce((sum, part) => sum + of(part), 0)
  const bytes = total((part) => part.bytes)
  const rawBytes = total((part) => part.rawBytes)
  return {
    parts: reports,
    columns: sums.columns.map((column) => ({ ...column, bytes: Math.round(column.bytes) })),
    encodings: sums.encodings.map((encoding) => ({ ...encoding, bytes: Math.round(encoding.bytes) })),
    templates: total((part) => part.templates),
    records: total((part) => part.records - part.deleted),
    bytes,
    rawBytes,
    ratio: bytes === 0 ? null : rawBytes / bytes,
    unsealed,
  }
}

async function sizesOfPart(held: HeldPart, run: ReportAround['run']): Promise<PartSizes> {
  const sums = new SizeSums()
  let templates = 0
  let valueBytes = 0
  for (let from: number | null = 0; from !== null; ) {
    const piece: PartSizes = await run({ held, from, bytesMax: PIECE_BYTES })
    sums.add(piece)
    templates += piece.templates
    valueBytes += piece.valueBytes
    from = piece.next
  }
  return { columns: sums.columns, encodings: sums.encodings, templates, valueBytes, next: null }
}

function reportOf(
  part: ManifestPart,
  { templates, valueBytes }: Pick<PartSizes, 'templates' | 'valueBytes'>,
  damage: string | null,
): PartReport {
  return { ...listPart(part), rawBytes: valueBytes, templates, damage }
}
