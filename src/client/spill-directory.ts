/** Makes a spill directory, with a name that outlives a power cut, and locks it for one client. */
import { dirname } from 'node:path'
import {
  CodedError,
  type Disk,
  type DiskLock,
  isCodedError,
  messageOf,
  systemErrorCode,
} from '../base/base.ts'

/** DIRECTORY_LOCKED, SPILL_UNUSABLE. */
export async function openSpillDirectory(disk: Disk, directory: string): Promise<DiskLock> {
  try {
    await disk.makeDirectory(directory)
    await syncNames(disk, directory)
    return await disk.lock(directory)
  } catch (error) {
    throw isCodedError(error) ? error : spillUnusable(error)
  }
}

/** At every start: a process before this one may have made the names and ended before it could. */
async function syncNames(disk: Disk, directory: string): Promise<void> {
  for (let path = directory; dirname(path) !== path; ) {
    path = dirname(path)
    await syncIfAllowed(disk, path)
  }
}

/** A parent that this user may not open was not made by this user either. */
async function syncIfAllowed(disk: Disk, path: string): Promise<void> {
  try {
    await disk.syncDirectory(path)
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EROFS', 'EINVAL'].includes(systemErrorCode(error) ?? '')) throw error
  }
}

export function spillUnusable(cause: unknown): CodedError {
  return new CodedError('SPILL_UNUSABLE', `The spill directory cannot be used: ${messageOf(cause)}.`, {
    cause,
  })
}
