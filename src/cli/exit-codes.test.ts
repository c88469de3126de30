import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CodedError, type ErrorCode, systemError } from '../base/base.ts'
import { exitCodeOf } from './exit-codes.ts'

const EXPECTED: readonly (readonly [ErrorCode, number])[] = [
  ['USAGE', 2],
  ['QUERY_SYNTAX', 2],
  ['CONFIG_INVALID', 2],
  ['SERVER_UNREACHABLE', 3],
  ['SERVER_REFUSED', 1],
  ['QUERY_CANCELLED', 5],
  ['QUERY_TOO_LARGE', 6],
  ['STORE_FULL', 6],
  ['PORT_TAKEN', 1],
  ['DIRECTORY_LOCKED', 1],
  ['DIRECTORY_UNUSABLE', 1],
]

test('each error ends the program with the exit code of its kind', () => {
  for (const [code, exitCode] of EXPECTED)
    assert.equal(exitCodeOf(new CodedError(code, 'why')), exitCode, code)
})

test('what the error itself says about its exit code wins', () => {
  assert.equal(exitCodeOf(new CodedError('SERVER_REFUSED', 'no', { details: { exitCode: 4 } })), 4)
})

test('a full disk is a limit, whoever met it; anything else failed', () => {
  assert.equal(exitCodeOf(systemError('ENOSPC', 'no room')), 6)
  assert.equal(exitCodeOf(systemError('EIO', 'bad disk')), 1)
})
