import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import { scanVariables, scanWideVariables, TOO_MANY_VARIABLES } from './tokens.ts'

const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'))

function read(scan: typeof scanVariables, data: Uint8Array, start = 0, end = data.length): string[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const starts = new Uint32Array(data.length + 1)
  const ends = new Uint32Array(data.length + 1)
  const count = scan(data, view, start, end, starts, ends, 0, starts.length)
  return Array.from({ length: count }, (_, n) =>
    Buffer.from(data.subarray(starts[n], ends[n])).toString('latin1'),
  )
}

const narrow = (text: string): string[] => read(scanVariables, latin1(text))
const wide = (text: string): string[] => read(scanWideVariables, latin1(text))

test('a token with a digit is a variable, without `._-` at its end', () => {
  assert.deepEqual(narrow('Failed x for 10.0.0.7 port 22.'), ['10.0.0.7', '22'])
  assert.deepEqual(narrow('blk_-38 a-b-7-_. -5- [12:34]'), ['blk_-38', 'a-b-7', '-5', '12', '34'])
  assert.deepEqual(narrow('caf\xe9 7\xff \xff8'), ['7\xff', '\xff8'])
  assert.deepEqual(narrow(''), [])
  assert.deepEqual(narrow('7'), ['7'])
})

test('tokens across sixteen bytes are found wherever the text begins', () => {
  const token = `${'a'.repeat(15)}1${'b'.repeat(40)}`
  for (let before = 0; before < 40; before++) {
    const text = `${' '.repeat(before)}${token}... no ${'c'.repeat(17)} ${'9'.repeat(33)}`
    assert.deepEqual(narrow(text), [token, '9'.repeat(33)])
    const data = latin1(`1${text}1`)
    assert.deepEqual(read(scanVariables, data, 1, data.length - 1), [token, '9'.repeat(33)])
  }
})

test('the masks find what a loop by the byte finds', () => {
  const seed = 7
  const random = new SeededRandom(seed)
  const alphabet = 'ab01._- /\xe9\n'
  for (let round = 0; round < 3000; round++) {
    const text = Array.from({ length: random.below(80) }, () => alphabet[random.below(alphabet.length)]).join(
      '',
    )
    const expected = (text.match(/[A-Za-z0-9._\-\x80-\xff]+/g) ?? [])
      .filter((token) => /\d/.test(token))
      .map((token) => token.replace(/[._-]+$/, ''))
    assert.deepEqual(narrow(text), expected, `seed ${seed}, round ${round}: ${JSON.stringify(text)}`)
  }
})

test('the wide reading takes paths, URLs, what is quoted and what follows an equals sign', () => {
  assert.deepEqual(wide('GET /a/b?q=x HTTP/1.1'), ['/a/b?q=x', '1.1'])
  assert.deepEqual(wide('see http://a.example/?a=b&c, then go'), ['http://a.example/?a=b&c'])
  assert.deepEqual(wide('"GET / HTTP/1.1" "-" "a (b; c) d e"'), ['GET', '/', 'HTTP/1.1', '-', 'a (b; c) d e'])
  assert.deepEqual(wide('"a/b 1.0 c" "/a b" "1 2 3 /4"'), ['a/b 1.0 c', '/a', 'b', '1 2 3 /4'])
  assert.deepEqual(wide('{"user":"bob","n":5}'), ['bob', '5'])
  assert.deepEqual(wide('user=bob tty= rhost=a.b'), ['bob', 'a.b'])
  assert.deepEqual(wide('17/May/2015 a/b'), ['17', '2015'])
})

test('a quote that does not close is text', () => {
  assert.deepEqual(wide('say "abc 5'), ['5'])
  assert.deepEqual(wide('say "abc\n"d" 5'), ['d', '5'])
  assert.deepEqual(wide('"a\\"b"'), ['a\\"b'])
  assert.deepEqual(wide('"'), [])
  assert.deepEqual(read(scanWideVariables, latin1('"abc"'), 0, 4), [])
})

test('more variables than asked for are refused', () => {
  const data = latin1('1 2 "3" /4')
  const view = new DataView(data.buffer)
  const spans = () => new Uint32Array(8)
  for (const scan of [scanVariables, scanWideVariables]) {
    assert.equal(scan(data, view, 0, data.length, spans(), spans(), 0, 3), TOO_MANY_VARIABLES)
    assert.equal(scan(data, view, 0, data.length, spans(), spans(), 4, 8), 8)
  }
})
