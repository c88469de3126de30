/**
 * Writes parts of a store into an empty directory, as files that another store can import (part-import.ts). Whole parts:
 * one that has a record of the time that is asked for goes with all of its records. Deleted rows do not go: a part that
 * has some is written anew without them.
 *
 * Invariants: nothing in the directory is replaced; the list of files is written last, when all else is durable. What is
 * damaged is copied as it is and named, unless rows of it are deleted: then it stays here, and is named.
 *
 * Whoever calls keeps the files from being unlinked (graveyard.ts).
 */
import { type Disk, messageOf } from '../base/base.ts'
import { type CopyJob, type CopyResult, makeEmptyDirectory, takeBack } from './backup.ts'
import type { PartTotals } from './block/part-writer.ts'
import { dayText, exportName, SUMS_FILE, writeSums } from './export-files.ts'
import type { HeldPart } from './held-part.ts'
import type { ManifestPart } from './manifest.ts'
import type { MergeJob } from './merge.ts'
import { isCorrupt } from './part-damage.ts'

/** Times in milliseconds, both inclusive; `endId` is the id after the largest one. */
export interface ExportedPart {
  readonly file: string
  readonly sha256: string
  /** `2026-11-20`; null: of several days. */
  readonly day: string | null
  readonly records: number
  readonly bytes: number
  readonly firstId: number
  readonly endId: number
  readonly timeMsMin: number
  readonly timeMsMax: number
}

export interface ExportReport {
  readonly parts: readonly ExportedPart[]
  readonly records: number
  readonly bytes: number
  /** Parts that are damaged in the export as they are in the store, or that could not be exported. */
  readonly damaged: readonly { readonly file: string; readonly reason: string }[]
  /** Records that could not be sealed, and so are not in the export; why, or null where there are none. */
  readonly unsealed: { readonly records: number; readonly reason: string | null }
}

export interface ExportOptions {
  /** Milliseconds, both inclusive: parts with a record of this time. */
  readonly timeMsMin?: number
  readonly timeMsMax?: number
  readonly signal?: AbortSignal
}

export interface ExportAround {
  readonly disk: Disk
  /** Of the store. */
  readonly from: string
  readonly to: string
  readonly parts: readonly ManifestPart[]
  readonly held: readonly HeldPart[]
  readonly unsealed: ExportReport['unsealed']
  readonly blockRowsMax: number
  readonly blockBytesMax: number
  /** Copies one file, durably. */
  readonly copy: (job: CopyJob) => Promise<CopyResult>
  /** Writes a part anew without its deleted rows; null where none is left. */
  readonly merge: (job: MergeJob) => Promise<PartTotals | null>
}

/** One part, in the export or not. */
interface Outcome {
  readonly part: ExportedPart | null
  readonly problem: string | null
}

/** BACKUP_REFUSED, STORE_CLOSED, QUERY_CANCELLED, errors of the disk. */
export async function exportParts(around: ExportAround, options: ExportOptions): Promise<ExportReport> {
  const { disk, to, unsealed } = around
  await makeEmptyDirectory(disk, around.from, to, 'an export')
  const wanted = around.held.filter((held) => isWanted(held, options))
  const parts: ExportedPart[] = []
  const damaged: { file: string; reason: string }[] = []
  try {
    for (const held of wanted) {
      const known = around.parts.find(({ number }) => number === held.number)
      if (known === undefined) continue
      const { part, problem } = await exportPart(around, held, known)
      if (part !== null) parts.push(part)
      if (problem !== null) damaged.push({ file: nameOf(known), reason: problem })
    }
    await disk.syncDirectory(to)
    await writeSums(
      disk,
      to,
      parts.map(({ file, sha256 }) => ({ name: file, sha256 })),
    )
  } catch (error) {
    await takeBack(disk, to, [...parts.map(({ file }) => file), ...wanted.map(tornNameOf(around)), SUMS_FILE])
    throw error
  }
  const records = parts.reduce((sum, part) => sum + part.records, 0)
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0)
  return { parts, records, bytes, damaged, unsealed }
}

const isWanted = (held: HeldPart, { timeMsMin, timeMsMax }: ExportOptions): boolean =>
  held.timeMsMax >= (timeMsMin ?? Number.NEGATIVE_INFINITY) &&
  held.timeMsMin <= (timeMsMax ?? Number.POSITIVE_INFINITY)

const nameOf = ({ number, summary }: ManifestPart): string => exportName(number, summary.day)

/** The name that a part has, or would have had. */
function tornNameOf({ parts }: ExportAround): (held: HeldPart) => string {
  return ({ number }) => exportName(number, parts.find((part) => part.number === number)?.summary.day ?? null)
}

function exportPart(around: ExportAround, held: HeldPart, known: ManifestPart): Promise<Outcome> {
  return held.deletesPath === null ? copyWhole(around, held, known) : writeKept(around, held, known)
}

async function copyWhole({ to, copy }: ExportAround, held: HeldPart, known: ManifestPart): Promise<Outcome> {
  const { sha256 } = known.summary
  const { bytes, problem } = await copy({
    from: held.path,
    to: `${to}/${nameOf(known)}`,
    bytes: held.bytes,
    sha256,
  })
  const part = bytes === 0 ? null : exported(known, { ...known.summary, bytes })
  return { part, problem }
}

async function writeKept(around: ExportAround, held: HeldPart, known: ManifestPart): Promise<Outcome> {
  try {
    const totals = await around.merge({
      inputs: [held],
      path: `${around.to}/${nameOf(known)}`,
      level: held.compression,
      rowsMax: around.blockRowsMax,
      bytesMax: around.blockBytesMax,
    })
    return { part: totals === null ? null : exported(known, totals), problem: null }
  } catch (error) {
    if (!isCorrupt(error)) throw error
    return {
      part: null,
      problem: `it is not exported, because its deleted rows cannot be left out: ${messageOf(error)}`,
    }
  }
}

function exported(known: ManifestPart, totals: Omit<ExportedPart, 'file' | 'day'>): ExportedPart {
  const { sha256, records, bytes, firstId, endId, timeMsMin, timeMsMax } = totals
  return {
    file: nameOf(known),
    sha256,
    day: dayText(known.summary.day),
    ...{ records, bytes, firstId, endId, timeMsMin, timeMsMax },
  }
}
