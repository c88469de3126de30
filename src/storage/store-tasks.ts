/**
 * What a store lets worker threads do: sealing, merging, checking, measuring, copying, and reading parts of other stores.
 * The same table runs inline, on simulated disks.
 */
import {
  type Disk,
  type Random,
  refuseKernel,
  type TaskContext,
  type Tasks,
  type Transferring,
} from '../base/base.ts'
import { type CopyJob, type CopyResult, copyFile } from './backup.ts'
import { BlockWriter } from './block/block-writer.ts'
import type { PartTotals } from './block/part-writer.ts'
import { type MergeJob, mergeParts } from './merge.ts'
import { PartCache } from './part-cache.ts'
import { inspectPart, type PartFacts, type RecordsJob, readRecords } from './part-records.ts'
import { type PartSizes, type PartSizesJob, readPartSizes } from './part-sizes.ts'
import { type SealJob, SealMemory, type SealResult, sealSegment } from './seal.ts'
import { type VerifyJob, type VerifyResult, verifyFile } from './verify-file.ts'

/** A merge reads each block once: nothing is kept but the frames of the block at hand. */
const MERGE_CACHE = { bytesMax: 4 * 1024 * 1024, filesMax: 0 }

/** Who has so little memory that blocks are smaller has none for kernels, whose memory is of one size. */
export const KERNEL_BLOCK_BYTES_MIN = 4 * 1024 * 1024

export function storeTasks(disk: Disk, random: Random): Tasks {
  // Made when it is first needed, and kept: its memory and its compiled code are worth it.
  let writer: BlockWriter | null = null
  const writerFor = (blockBytesMax: number): BlockWriter =>
    new BlockWriter(random, blockBytesMax < KERNEL_BLOCK_BYTES_MIN ? { instantiate: refuseKernel } : {})
  let memory: SealMemory | null = null
  return {
    seal: (job: SealJob, { isCancelled }: TaskContext): Promise<SealResult> => {
      writer ??= writerFor(job.blockBytesMax)
      memory ??= new SealMemory()
      return sealSegment(disk, job, { writer, memory, isCancelled })
    },
    merge: async (job: MergeJob, { isCancelled }: TaskContext): Promise<PartTotals | null> => {
      writer ??= new BlockWriter(random)
      const cache = new PartCache(disk, MERGE_CACHE)
      try {
        return await mergeParts(disk, job, { cache, writer, isCancelled, pace: () => Promise.resolve() })
      } finally {
        cache.close()
      }
    },
    verify: (job: VerifyJob, { isCancelled }: TaskContext): Promise<VerifyResult> =>
      verifyFile(disk, job, { isCancelled }),
    partSizes: (job: PartSizesJob, { isCancelled }: TaskContext): PartSizes =>
      readPartSizes(disk, job, isCancelled),
    copy: (job: CopyJob, { isCancelled }: TaskContext): Promise<CopyResult> =>
      copyFile(disk, job, isCancelled),
    inspectPart: (job: { readonly path: string }, { isCancelled }: TaskContext): PartFacts =>
      inspectPart(disk, job, isCancelled),
    readRecords: (job: RecordsJob, { isCancelled }: TaskContext): Transferring =>
      readRecords(disk, job, isCancelled),
  }
}
