import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseQuery } from '../syntax/parser.ts'
import { printQuery } from '../syntax/printer.ts'
import { matchingRows } from '../test-blocks.ts'

const printed = (text: string): string => printQuery(parseQuery(text, { nowMs: 0 }))

test('words of a group behind an equals sign are whole values', () => {
  const rows: [string, string][] = [
    ['f:=(a or "b c")', 'f:=a or f:="b c"'],
    ['f:!=(a or b*)', '!(f:=a or f:=b*)'],
    ['f:=(a or (b !c))', 'f:=a or f:=b !f:=c'],
    ['f:= ( a )', 'f:=a'],
    ['=(a or b:c)', '=a or ="b:c"'],
    ['*:=(a or b)', '*:=a or *:=b'],
    ['f:(=(a or b) c)', '(f:=a or f:=b) f:c'],
    ['f:=(a or ~"b") c', '(f:=a or f:~"b") c'],
    ['f:=(a or in(g:x | fields h)) c', '(f:=a or f:in(g:x | fields h)) c'],
  ]
  for (const [text, expected] of rows) {
    assert.equal(printed(text), expected)
    assert.equal(printed(expected), expected)
  }
})

test('a group of whole values finds them and nothing that holds them', () => {
  const records = ['a', 'a x', 'b c', 'b', 'bx', ''].map((f) => ({ fields: { f } }))
  assert.deepEqual(matchingRows('f:=(a or "b c")', records), [0, 2])
  assert.deepEqual(matchingRows('f:=(a or b*)', records), [0, 2, 3, 4])
  assert.deepEqual(matchingRows('f:!=(a or b*)', records), [1, 5])
  assert.deepEqual(matchingRows('f:=(a or "")', records), [0, 5])
})

test('a group of whole values that is broken is refused at its place', () => {
  for (const text of ['f:=(', 'f:=()', 'f:=(a', 'f:=(a or )', 'f:=(a))', 'f:>(a)', 'f:=(in(x | limit 1))'])
    assert.throws(() => printed(text), { code: 'QUERY_SYNTAX' }, text)
})
