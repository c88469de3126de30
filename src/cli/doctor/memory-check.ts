/** Memory that the configured limits add up to, against what the machine has. */
import { printSize } from '../size.ts'
import { type Check, ok, problem, warning } from './check.ts'

const MIB = 1024 * 1024
/** The program itself, with connections that are idle. */
const PROGRAM_BYTES = 128 * MIB

export const memoryCheck: Check = {
  name: 'memory',
  async look({ config, machine }) {
    const { storage, query, stores } = config
    const storeBytes = (stores.length + 1) * (storage.bufferBytesMax + storage.gatherBytesMax)
    const queryBytes = query.memoryBytesMax * query.concurrentMax
    const mostBytes = storeBytes + queryBytes + PROGRAM_BYTES
    const { totalBytes, availableBytes } = machine.memory()
    const seen =
      `${printSize(availableBytes)} of ${printSize(totalBytes)} available; ` +
      `stores and queries at their limits take about ${printSize(mostBytes)}`
    const remedy = 'Lower storage.bufferBytesMax, query.memoryBytesMax or query.concurrentMax.'
    if (mostBytes > totalBytes) return [problem(seen, remedy)]
    return [mostBytes > availableBytes ? warning(seen, remedy) : ok(seen)]
  },
}
