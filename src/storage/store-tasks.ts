/** What a store lets worker threads do: sealing and merging. The same table runs inline, on simulated disks. */
import type { Disk, Random, TaskContext, Tasks } from '../base/base.ts'
import { BlockWriter } from './block/block-writer.ts'
import { type SealJob, type SealResult, sealSegment } from './seal.ts'

export function storeTasks(disk: Disk, random: Random): Tasks {
  // Made when it is first needed, and kept: its memory and its compiled code are worth it.
  let writer: BlockWriter | null = null
  return {
    seal: (job: SealJob, { isCancelled }: TaskContext): Promise<SealResult> => {
      writer ??= new BlockWriter(random)
      return sealSegment(disk, job, { writer, isCancelled })
    },
  }
}
