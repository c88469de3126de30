import assert from 'node:assert/strict'
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { describe, it } from 'node:test'
import { isCodedError } from '../../base/base.ts'
import { ByteBudget } from '../../ingest/ingest.ts'
import { heldAnswer } from './held-answer.ts'

const response = (): ServerResponse => new ServerResponse(new IncomingMessage(new Socket()))

describe('heldAnswer', () => {
  it('is charged until the response is over', () => {
    const budget = new ByteBudget(100)
    const first = response()
    assert.equal(heldAnswer(budget, first, { a: 1 }).toString(), '{"a":1}')
    assert.equal(budget.used, 7)
    first.emit('close')
    assert.equal(budget.used, 0)
  })

  it('is refused while others hold the memory', () => {
    const budget = new ByteBudget(10)
    heldAnswer(budget, response(), { a: 1 })
    assert.throws(
      () => heldAnswer(budget, response(), { b: 2 }),
      (error) => isCodedError(error, 'SERVER_BUSY'),
    )
    assert.equal(budget.used, 7)
  })
})
