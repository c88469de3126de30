import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CodedError, isCodedError } from '../../base/base.ts'
import { caretMessage } from './caret.ts'
import { parseQuery } from './parser.ts'

function shownFor(text: string): string {
  try {
    parseQuery(text, { nowMs: 0 })
  } catch (error) {
    assert.ok(isCodedError(error))
    return caretMessage(text, error)
  }
  return assert.fail(`${text} parsed`)
}

test('carets stand under what is wrong', () => {
  assert.equal(
    shownFor('level:error | lmit 5'),
    'level:error | lmit 5\n              ^^^^\nthere is no pipe `lmit`; did you mean `limit`?',
  )
})

test('a caret stands behind the end of the text', () => {
  assert.equal(shownFor('a |'), 'a |\n   ^\na pipe is missing after `|`, like `| limit 10`')
})

test('only the line that is wrong is shown', () => {
  assert.equal(shownFor('error\n| lmit 5\n| limit 3').split('\n').slice(0, 2).join('\n'), '| lmit 5\n  ^^^^')
})

test('carets count columns: wide characters take two', () => {
  assert.equal(shownFor('오류 | lmit').split('\n')[1], '       ^^^^')
})

test('a long line is cut around the place', () => {
  const [line, carets] = shownFor(`${'a '.repeat(200)}| lmit 5 ${'b'.repeat(200)}`).split('\n')
  assert.ok(line.startsWith('…') && line.endsWith('…') && line.length <= 110)
  assert.equal(line.slice(carets.indexOf('^'), carets.length), 'lmit')
})

test('nothing invisible reaches the terminal', () => {
  assert.equal(shownFor('\x1b[2J\u202e | lmit').split('\n')[0], '·[2J· | lmit')
})

test('an error without a place is its message', () => {
  assert.equal(caretMessage('a', new CodedError('QUERY_TOO_LARGE', 'too much')), 'too much')
})
