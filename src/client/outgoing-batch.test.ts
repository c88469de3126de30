import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BatchCutter, BatchNumbers } from './batch-cutter.ts'
import { type OutgoingBatch, settleBatch, splitBatch } from './outgoing-batch.ts'
import { SendTicket } from './send-ticket.ts'

/** Sends of so many records each, in one batch. */
function batchOf(...counts: readonly number[]): { batch: OutgoingBatch; tickets: SendTicket[] } {
  const cutter = new BatchCutter({ batchBytesMax: 10_000, batchRecordsMax: 100 }, new BatchNumbers('c'))
  const tickets = counts.map((count) => new SendTicket(count))
  tickets.forEach((ticket, send) => {
    const records = Array.from({ length: counts[send] }, (_, index) => ({
      json: `{"n":"${send}/${index}"}`,
      bytes: 11,
    }))
    assert.deepEqual(cutter.add(ticket, records), [])
  })
  return { batch: cutter.cut()[0], tickets }
}

const bodyOf = ({ body }: OutgoingBatch): string => Buffer.from(body).toString()

describe('splitBatch', () => {
  it('gives two batches whose ids follow from the first, with their records and those who wait for them', async () => {
    const { batch, tickets } = batchOf(2, 3)
    const [early, late] = splitBatch(batch)
    assert.deepEqual([batch.id, early.id, late.id], ['c-1', 'c-1.0', 'c-1.1'])
    assert.equal(bodyOf(early), '{"n":"0/0"},{"n":"0/1"},{"n":"1/0"}')
    assert.equal(bodyOf(late), '{"n":"1/1"},{"n":"1/2"}')
    assert.deepEqual([early.count, late.count], [3, 2])
    assert.equal(early.heldBytes + late.heldBytes, batch.heldBytes)
    settleBatch(late, { ids: [13, 14], refused: [] })
    settleBatch(early, { ids: [10, 11, 12], refused: [] })
    assert.deepEqual(await Promise.all(tickets.map(({ promise }) => promise)), [
      [10, 11],
      [12, 13, 14],
    ])
  })

  it('goes on down to single records', () => {
    const { batch } = batchOf(4)
    const pieces = splitBatch(batch).flatMap((piece) => splitBatch(piece))
    assert.deepEqual(
      pieces.map(({ id, count }) => [id, count]),
      [
        ['c-1.0.0', 1],
        ['c-1.0.1', 1],
        ['c-1.1.0', 1],
        ['c-1.1.1', 1],
      ],
    )
  })
})
