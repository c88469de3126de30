import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Bench, rejection, turns, until } from './test-bench.ts'

const message = (text: string): { message: string } => ({ message: text })

describe('send', () => {
  it('resolves with the ids once the server has acknowledged, and not before', async () => {
    await using bench = await Bench.open()
    bench.server.isHolding = true
    let ids: readonly (number | null)[] | null = null
    const sending = bench.client.send([message('one'), message('two')]).then((found) => {
      ids = found
    })
    await until(() => bench.server.store.records.length === 2, 'the records')
    await turns()
    assert.equal(ids, null)
    bench.server.release()
    await sending
    assert.deepEqual(ids, [1, 2])
  })

  it('sends what the record says, with the time at which it was handed over', async () => {
    await using bench = await Bench.open()
    await bench.client.send({
      message: 'disk is full',
      level: 'error',
      fields: { free: 0, at: new Date(0), error: new RangeError('no') },
      stream: { service: 'api' },
    })
    const { record } = bench.server.store.records[0]
    const { error, ...fields } = record['fields'] as Record<string, unknown>
    assert.deepEqual(
      { ...record, fields },
      {
        message: 'disk is full',
        level: 'error',
        timestamp: '2026-01-01T00:00:00Z',
        fields: { free: 0, at: '1970-01-01T00:00:00.000Z' },
        stream: { service: 'api' },
      },
    )
    assert.equal((error as { message: string }).message, 'no')
  })

  it('gathers what comes in one turn, and what comes while a batch is in flight', async () => {
    await using bench = await Bench.open()
    await bench.connected()
    bench.server.isHolding = true
    const sends = [1, 2, 3].map((number) => bench.client.send(message(`first ${number}`)))
    await until(() => bench.server.requestsOf('log_batch').length === 1, 'a batch')
    for (const number of [1, 2, 3]) {
      sends.push(bench.client.send(message(`second ${number}`)))
      await turns(2)
    }
    assert.equal(bench.server.requestsOf('log_batch').length, 1)
    bench.server.isHolding = false
    bench.server.release()
    assert.deepEqual(await Promise.all(sends), [[1], [2], [3], [4], [5], [6]])
    assert.equal(bench.server.requestsOf('log_batch').length, 2)
  })

  it('keeps a bounded number of full batches in flight', async () => {
    await using bench = await Bench.open({ batchRecordsMax: 10, batchesInFlightMax: 3 })
    bench.server.isHolding = true
    const records = Array.from({ length: 95 }, (_, index) => message(`${index}`))
    const sending = bench.client.send(records)
    await until(() => bench.server.requestsOf('log_batch').length === 3, 'three batches')
    await turns()
    assert.equal(bench.server.requestsOf('log_batch').length, 3)
    bench.server.release(1)
    await until(() => bench.server.requestsOf('log_batch').length === 4, 'a fourth')
    bench.server.isHolding = false
    bench.server.release()
    assert.deepEqual(
      await sending,
      records.map((_, index) => index + 1),
    )
    assert.deepEqual(
      bench.server.store.messages,
      records.map(({ message }) => message),
    )
  })

  it('cuts batches by bytes so that they fit into frames, and sends a long record alone', async () => {
    await using bench = await Bench.open({ batchBytesMax: 2000 })
    const long = message('x'.repeat(1_000_000))
    await bench.client.send([message('a'.repeat(900)), message('b'.repeat(900)), long, message('c')])
    const sizes = bench.server
      .requestsOf('log_batch')
      .map(({ payload }) => (payload as { records: unknown[] }).records.length)
    assert.deepEqual(sizes, [2, 1, 1])
  })

  it('refuses, before anything is sent, a record that cannot travel', async () => {
    await using bench = await Bench.open()
    const loop: Record<string, unknown> = {}
    loop['self'] = loop
    const bad = [
      [{ message: '' }, 'RECORD_INVALID'],
      [{ message: 5 as unknown as string }, 'RECORD_INVALID'],
      [{ message: 'x', time: 'yesterday?' }, 'RECORD_INVALID'],
      [{ message: 'x', time: Number.NaN }, 'RECORD_INVALID'],
      [{ message: 'x', fields: { loop } }, 'RECORD_INVALID'],
      [{ message: 'x'.repeat(1 << 20) }, 'RECORD_TOO_LARGE'],
    ] as const
    for (const [record, code] of bad) {
      assert.equal((await rejection(bench.client.send([message('good'), record]))).code, code)
    }
    await turns()
    assert.deepEqual(bench.server.store.messages, [])
  })

  it('resolves at once for no records', async () => {
    await using bench = await Bench.open()
    assert.deepEqual(await bench.client.send([]), [])
  })
})

describe('a refusal', () => {
  it('of some records rejects with their reasons and the ids of the others', async () => {
    await using bench = await Bench.open()
    bench.server.store.refuse = (record) => (record.message === 'bad' ? 'RECORD_INVALID' : null)
    const other = bench.client.send(message('another'))
    const error = await rejection(bench.client.send([message('good'), message('bad'), message('fine')]))
    assert.equal(error.code, 'RECORD_INVALID')
    assert.deepEqual(error.details, {
      refused: [{ index: 1, code: 'RECORD_INVALID', reason: 'refused with RECORD_INVALID' }],
      ids: [2, null, 3],
    })
    assert.deepEqual(await other, [1])
    assert.deepEqual(
      bench.refused.map(({ code, record }) => [code, (record as { message: string }).message]),
      [['RECORD_INVALID', 'bad']],
    )
    assert.equal(bench.client.stats().refused, 1)
    assert.equal(bench.client.stats().acknowledged, 3)
  })

  it('with a code that this version does not know is SERVER_REFUSED', async () => {
    await using bench = await Bench.open()
    bench.server.store.refuse = () => 'SOMETHING_NEW'
    assert.equal((await rejection(bench.client.send(message('x')))).code, 'SERVER_REFUSED')
  })

  it('of a whole batch as too large cuts it in two, as often as needed', async () => {
    await using bench = await Bench.open()
    bench.server.batchRecordsMax = 3
    const records = Array.from({ length: 10 }, (_, index) => message(`${index}`))
    assert.deepEqual(await bench.client.send(records), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    assert.deepEqual(
      bench.server.store.messages,
      records.map(({ message }) => message),
    )
  })

  it('because the session may not write rejects at once', async () => {
    await using bench = await Bench.open()
    bench.server.refusal = 'NOT_ALLOWED'
    const error = await rejection(bench.client.send([message('a'), message('b')]))
    assert.equal(error.code, 'NOT_ALLOWED')
    assert.equal((error.details['refused'] as unknown[]).length, 2)
  })

  for (const code of ['STORE_FULL', 'STORE_READ_ONLY', 'STORE_CLOSED', 'SERVER_BUSY', 'RATE_EXCEEDED']) {
    it(`with ${code} is tried again, with pauses, until the store takes the batch`, async () => {
      await using bench = await Bench.open({ retryMsMin: 100, retryMsMax: 1000 })
      bench.server.refusal = code
      const sending = bench.client.send(message('patient'))
      await bench.run(() => bench.server.requestsOf('log_batch').length === 5, 'five tries')
      assert.deepEqual(new Set(bench.problemCodes), new Set([code]))
      bench.server.refusal = null
      let ids: unknown = null
      sending.then((found) => {
        ids = found
      })
      await bench.run(() => ids !== null, 'the acknowledgement')
      assert.deepEqual(ids, [1])
      const batchIds = bench.server
        .requestsOf('log_batch')
        .map(({ payload }) => (payload as { batch_id: string }).batch_id)
      assert.equal(new Set(batchIds).size, 1)
    })
  }
})

describe('sendMsMax', () => {
  it('rejects with TIMED_OUT what was not acknowledged in time, and lets it go', async () => {
    await using bench = await Bench.open({ sendMsMax: 5000 })
    bench.server.connectError = new Error('ECONNREFUSED')
    const failing = rejection(bench.client.send(message('late')))
    bench.clock.advance(5000)
    assert.equal((await failing).code, 'TIMED_OUT')
    bench.server.connectError = null
    bench.server.refusal = null
    let isStored = false
    bench.client.send(message('next')).then(() => {
      isStored = true
    })
    await bench.run(() => isStored, 'the next one')
    assert.deepEqual(
      bench.server.store.messages.filter((text) => text === 'next'),
      ['next'],
    )
    assert.equal(bench.client.stats().timedOut, 1)
    assert.equal(bench.client.stats().heldBytes, 0)
  })
})
