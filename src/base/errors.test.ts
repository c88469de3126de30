import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AssertionError, assert as assertBug } from './assert.ts'
import { CodedError, ERROR_CODES, isCodedError, messageOf, systemError, systemErrorCode } from './errors.ts'

test('every code is UPPER_SNAKE and says what happened and what to do, in sentences', () => {
  for (const [code, { meaning, remedy }] of Object.entries(ERROR_CODES)) {
    assert.match(code, /^[A-Z]+(_[A-Z]+)*$/)
    assert.match(meaning, /^[A-Z].*\.$/, code)
    assert.match(remedy, /\.$/, code)
  }
})

test('a coded error has its code, its message, its details and its cause', () => {
  const cause = new Error('ENOSPC')
  const error = new CodedError('STORE_FULL', 'No room.', { cause, details: { freeBytes: 3 } })
  assert.equal(error.name, 'CodedError')
  assert.equal(error.code, 'STORE_FULL')
  assert.equal(error.message, 'No room.')
  assert.equal(error.cause, cause)
  assert.deepEqual(error.details, { freeBytes: 3 })
})

test('a coded error without options has no cause and empty details', () => {
  const error = new CodedError('STORE_FULL', 'No room.')
  assert.equal('cause' in error, false)
  assert.deepEqual(error.details, {})
})

test('isCodedError tells coded errors from others, and one code from another', () => {
  const error: unknown = new CodedError('STORE_FULL', 'No room.')
  assert.equal(isCodedError(error), true)
  assert.equal(isCodedError(error, 'STORE_FULL'), true)
  assert.equal(isCodedError(error, 'STORE_CLOSED'), false)
  assert.equal(isCodedError(systemError('ENOSPC', 'no room')), false)
  assert.equal(isCodedError({ code: 'STORE_FULL' }), false)
})

test('systemErrorCode finds the code of errors, and nothing in what is none', () => {
  assert.equal(systemErrorCode(systemError('EIO', 'read')), 'EIO')
  assert.equal(systemErrorCode(new Error('EIO')), undefined)
  assert.equal(systemErrorCode(Object.assign(new Error('x'), { code: 5 })), undefined)
  assert.equal(systemErrorCode({ code: 'EIO' }), undefined)
  assert.equal(systemErrorCode(null), undefined)
})

test('messageOf gives text for anything that was thrown', () => {
  assert.equal(messageOf(systemError('EIO', 'read')), 'EIO: read')
  assert.equal(messageOf('text'), 'text')
  assert.equal(messageOf(undefined), 'undefined')
})

test('a broken assertion says BUG and is no coded error', () => {
  assertBug(true, 'never seen')
  assert.throws(
    () => assertBug(0, 'zero rows'),
    (error) => error instanceof AssertionError && error.message === 'BUG: zero rows' && !isCodedError(error),
  )
})
