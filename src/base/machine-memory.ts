/** What this process may take of the machine. */
import { totalmem } from 'node:os'

/** Bytes: of the machine, or of the container (cgroup) where that has less. */
export function machineMemory(): number {
  return lesserMemory(totalmem(), process.constrainedMemory())
}

/** 0 and numbers beyond all memory mean that there is no limit. */
export function lesserMemory(machineBytes: number, limitBytes: number): number {
  return limitBytes > 0 && limitBytes < machineBytes ? limitBytes : machineBytes
}
