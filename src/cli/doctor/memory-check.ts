/** What LogCaster may take of the memory, against what the machine or the container has. */
import { printSize } from '../size.ts'
import { type Check, ok, problem, warning } from './check.ts'

export const memoryCheck: Check = {
  name: 'memory',
  async look({ config, machine }) {
    const mostBytes = config.memory.bytesMax
    const { totalBytes, availableBytes } = machine.memory()
    const seen =
      `${printSize(availableBytes)} of ${printSize(totalBytes)} available; ` +
      `memory.bytesMax is ${printSize(mostBytes)}`
    const remedy = 'Lower memory.bytesMax.'
    if (mostBytes > totalBytes) return [problem(seen, remedy)]
    return [mostBytes > availableBytes ? warning(seen, remedy) : ok(seen)]
  },
}
