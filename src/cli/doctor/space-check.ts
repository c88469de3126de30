/** Room on the disk of the data directory, against the least that writing needs. */
import { messageOf } from '../../base/base.ts'
import { printSize } from '../size.ts'
import { type Check, ok, problem, warning } from './check.ts'
import { nearestDirectory } from './directory-check.ts'

/** Below this many times `storage.freeBytesMin`, records will soon be refused. */
const ENOUGH_TIMES = 16

export const spaceCheck: Check = {
  name: 'disk space',
  async look({ config, dataDir, machine }) {
    const path = await nearestDirectory(machine, dataDir)
    const room = await machine.fileSystem(path).catch((error: unknown) => messageOf(error))
    if (typeof room === 'string')
      return [problem(`the disk of ${path} tells nothing: ${room}`, 'See dataDir.')]
    const least = config.storage.freeBytesMin
    const seen = `${printSize(room.freeBytes)} of ${printSize(room.totalBytes)} free, at least ${printSize(least)} must be`
    if (room.freeBytes < least) {
      return [problem(seen, 'Make room: records are refused until then. Queries work.')]
    }
    if (room.freeBytes < least * ENOUGH_TIMES) return [warning(seen, 'Make room soon, or add a disk.')]
    return [ok(seen)]
  },
}
