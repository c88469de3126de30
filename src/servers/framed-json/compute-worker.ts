/** The worker of compute-pool.ts: numbers in, their sum out. */
import { parentPort } from 'node:worker_threads'

parentPort?.on('message', (numbers: Float64Array) => {
  let sum = 0
  for (let index = 0; index < numbers.length; index++) sum += numbers[index]
  parentPort?.postMessage(sum)
})
