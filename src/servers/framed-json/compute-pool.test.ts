import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Worker } from 'node:worker_threads'
import { SimulatedClock } from '../../base/base.ts'
import { type ComputeOptions, ComputePool } from './compute-pool.ts'
import { FakeWorker } from './test-json-front.ts'

const numbers = (...each: number[]) => Float64Array.from(each)

function poolOfFakes(options: ComputeOptions = {}) {
  const clock = new SimulatedClock()
  const workers: FakeWorker[] = []
  const start = () => {
    const worker = new FakeWorker()
    worker.isSilent = true
    workers.push(worker)
    return worker
  }
  return { clock, workers, pool: new ComputePool(clock, { start, ...options }) }
}

describe('ComputePool', () => {
  it('starts no worker before the first sum', async () => {
    const { pool, workers } = poolOfFakes()
    assert.equal(workers.length, 0)
    const sum = pool.sum(numbers(1))
    assert.equal(workers.length, 1)
    workers[0].emit('message', 1)
    assert.equal(await sum, 1)
  })

  it('gives its worker one sum at a time, in order', async () => {
    const { pool, workers } = poolOfFakes()
    const sums = [pool.sum(numbers(1, 2)), pool.sum(numbers(3, 4))]
    assert.deepEqual(workers[0].asked, [[1, 2]])
    workers[0].emit('message', 3)
    assert.deepEqual(workers[0].asked, [
      [1, 2],
      [3, 4],
    ])
    workers[0].emit('message', 7)
    assert.deepEqual(await Promise.all(sums), [3, 7])
  })

  it('replaces a worker that dies, which costs the sum it was at', async () => {
    const { pool, workers } = poolOfFakes()
    const lost = assert.rejects(pool.sum(numbers(1)), { code: 'INTERNAL_ERROR' })
    const kept = pool.sum(numbers(2))
    workers[0].emit('error', new Error('died'))
    workers[0].emit('exit', 1)
    await lost
    assert.deepEqual(workers[1].asked, [[2]])
    workers[1].emit('message', 2)
    assert.equal(await kept, 2)
    assert.deepEqual(pool.stats(), { sums: 1, workersStarted: 2, workersLost: 1 })
  })

  it('replaces a worker that takes too long, and does not believe what it says later', async () => {
    const { pool, workers, clock } = poolOfFakes({ computeMsMax: 50 })
    const late = assert.rejects(pool.sum(numbers(1)), {
      code: 'TIMED_OUT',
      message: 'The sum took too long: at most 50 ms',
    })
    const next = pool.sum(numbers(2))
    clock.advance(50)
    await late
    assert.equal(workers[0].isTerminated, true)
    workers[0].emit('message', 99)
    workers[1].emit('message', 2)
    assert.equal(await next, 2)
  })

  it('starts another worker after one that died when nothing was under way', async () => {
    const { pool, workers } = poolOfFakes()
    const first = pool.sum(numbers(1))
    workers[0].emit('message', 1)
    await first
    workers[0].emit('exit', 1)
    const second = pool.sum(numbers(2))
    workers[1].emit('message', 2)
    assert.equal(await second, 2)
  })

  it('refuses more sums than may wait', async () => {
    const { pool, workers } = poolOfFakes({ waitingMax: 2 })
    const sums = [pool.sum(numbers(1)), pool.sum(numbers(2)), pool.sum(numbers(3))]
    await assert.rejects(pool.sum(numbers(4)), { code: 'SERVER_BUSY' })
    for (const sum of [1, 2, 3]) workers[0].emit('message', sum)
    assert.deepEqual(await Promise.all(sums), [1, 2, 3])
  })

  it('refuses what waits when it is closed', async () => {
    const { pool, workers } = poolOfFakes()
    const sums = [pool.sum(numbers(1)), pool.sum(numbers(2))]
    const refused = sums.map((sum) => assert.rejects(sum, { code: 'STORE_CLOSED' }))
    await pool.close()
    await Promise.all(refused)
    assert.equal(workers[0].isTerminated, true)
  })

  it('does all this with real threads', async () => {
    const workers: Worker[] = []
    const start = () => {
      const worker = new Worker(new URL('./compute-worker.ts', import.meta.url))
      workers.push(worker)
      return worker
    }
    const pool = new ComputePool(new SimulatedClock(), { start })
    assert.equal(await pool.sum(numbers(1, 2, 3.5)), 6.5)
    await workers[0].terminate()
    assert.equal(await pool.sum(numbers(4)), 4)
    assert.equal(workers.length, 2)
    await pool.close()
  })
})
