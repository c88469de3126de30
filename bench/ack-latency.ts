/**
 * Claim: one sender that waits for each reply gets it within twice the fdatasync of the same run (p50).
 *
 *   npm run -s node -- bench/ack-latency.ts [--records 2000]
 */
import { connect } from 'node:net'
import { parseArgs } from 'node:util'
import { measureSync, printFigure, printMachine, quantile } from './machine.ts'
import { startServer, temporaryDirectory } from './server.ts'

const { values } = parseArgs({ options: { records: { type: 'string', default: '2000' } } })
const records = Number(values.records)

printMachine('Acknowledgement time of one waiting sender')
using directory = temporaryDirectory()
await using server = await startServer(directory.path)
const line = `${`LOG|INFO|1718000000|${'x'.repeat(200)}`.slice(0, 199)}\n`
// The yardstick before and after, because machines drift.
const before = await measureSync(directory.path, 400, records / 2)
const times = await sendAndWait(server.logPort, records)
const after = await measureSync(directory.path, 400, records / 2)
const syncs = Float64Array.of(...before, ...after).sort()
for (const share of [0.5, 0.95, 0.99]) {
  const ratio = quantile(times, share) / quantile(syncs, share)
  const figures = `${quantile(times, share).toFixed(3)} / ${quantile(syncs, share).toFixed(3)} = ${ratio.toFixed(2)}`
  printFigure(
    `p${share * 100} ms: reply / write + fdatasync`,
    share === 0.5 ? `${figures}  (goal: at most 2)` : figures,
  )
}

function sendAndWait(port: number, count: number): Promise<Float64Array> {
  return new Promise((resolve, reject) => {
    const found = new Float64Array(count)
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    let index = -100 // The first hundred warm up.
    let start = 0
    const send = (): void => {
      start = performance.now()
      socket.write(line)
    }
    socket.on('connect', send)
    socket.on('error', reject)
    socket.on('data', () => {
      if (index >= 0) found[index] = performance.now() - start
      index++
      if (index < count) return send()
      socket.end()
      resolve(found.sort())
    })
  })
}
