/** How long a write takes to reach the disk: no record is acknowledged sooner. */
import { messageOf } from '../../base/base.ts'
import { type Check, ok, problem, warning } from './check.ts'
import { nearestDirectory } from './directory-check.ts'

const ROUNDS = 12
const SLOW_MS = 20
const STUCK_MS = 1000

export const syncCheck: Check = {
  name: 'disk sync',
  async look({ dataDir, machine }) {
    const directory = await nearestDirectory(machine, dataDir)
    const probe = await machine.probeDisk(directory, ROUNDS).catch((error: unknown) => messageOf(error))
    if (typeof probe === 'string') {
      return [
        problem(
          `a file in ${directory} could not be written and synced: ${probe}`,
          'See the data directory.',
        ),
      ]
    }
    const sorted = probe.syncsMs.toSorted((left, right) => left - right)
    const medianMs = sorted[Math.floor(sorted.length / 2)]
    const slowest = sorted[sorted.length - 1].toFixed(2)
    const seen = `4 KiB written and synced ${sorted.length} times: ${medianMs.toFixed(2)} ms, at most ${slowest} ms`
    if (medianMs >= STUCK_MS) return [problem(seen, 'Look for errors of this disk in the log of the kernel.')]
    if (medianMs < SLOW_MS) return [ok(seen)]
    return [
      warning(seen, 'Every acknowledgement waits for that. Use a faster disk, or one that is less busy.'),
    ]
  },
}
