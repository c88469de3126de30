import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AssertionError } from './assert.ts'
import { CodedError, isCodedError, systemError } from './errors.ts'
import { restoreError, type SentError, sendError } from './worker-pool-errors.ts'

const cross = (error: unknown): Error => restoreError(structuredClone(sendError(error)))

describe('an error that crosses threads', () => {
  it('stays a coded error with code, message, details and cause', () => {
    const cause = systemError('EIO', 'read')
    const error = cross(new CodedError('PART_CORRUPT', 'Damaged.', { cause, details: { offset: 3 } }))
    assert.ok(isCodedError(error, 'PART_CORRUPT'))
    assert.equal(error.message, 'Damaged.')
    assert.deepEqual(error.details, { offset: 3 })
    assert.deepEqual(
      [(error.cause as Error).message, (error.cause as { code: string }).code],
      ['EIO: read', 'EIO'],
    )
  })

  it('keeps the code of a system error, and the stack', () => {
    const original = systemError('ENOSPC', 'no room')
    const error = cross(original)
    assert.equal((error as { code?: string }).code, 'ENOSPC')
    assert.equal(error.stack, original.stack)
    assert.equal(isCodedError(error), false)
  })

  it('leaves details out that cannot be cloned', () => {
    const error = cross(new CodedError('PART_CORRUPT', 'Damaged.', { details: { why: () => 1 } }))
    assert.ok(isCodedError(error, 'PART_CORRUPT'))
    assert.deepEqual(error.details, {})
  })

  it('stays a bug where it is one', () => {
    const error = cross(new AssertionError('BUG: zero rows'))
    assert.ok(error instanceof AssertionError)
    assert.equal(error.message, 'BUG: zero rows')
  })

  it('becomes an error where something else was thrown', () => {
    const error = cross('only text')
    assert.deepEqual([error.name, error.message, 'code' in error], ['Error', 'only text', false])
  })

  it('ends its causes somewhere', () => {
    const error = new Error('round')
    error.cause = error
    let depth = 0
    for (let at: unknown = cross(error); at instanceof Error; at = at.cause) depth++
    assert.equal(depth, 5)
  })

  it('becomes a plain error where its code is unknown', () => {
    const sent: SentError = { kind: 'coded', message: 'Later.', code: 'OF_ANOTHER_VERSION', details: {} }
    const error = restoreError(sent)
    assert.equal(isCodedError(error), false)
    assert.equal(error.message, 'Later.')
  })
})
