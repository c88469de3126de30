/** What the system knows of processes, for tests with bounds. */
import { readFileSync } from 'node:fs'

const KIB = 1024

/** The most memory that a process ever took, where the system tells; else 0. */
export function rssBytesMax(pid: number): number {
  if (process.platform !== 'linux') return 0
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kib) * KIB
}

/** Of this process; what it starts has the same limit. */
export function openFilesMax(): number {
  const report = process.report?.getReport() as unknown as { userLimits?: Record<string, { soft: unknown }> }
  const soft = report?.userLimits?.['open_files']?.soft
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft ?? 1024)
}
