import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import { parseQuery } from '../syntax/parser.ts'
import { printQuery } from '../syntax/printer.ts'
import { PIPE_TEST_NOW_MS, row, runPipeText, runQueryText, type TestRow } from '../test-pipes.ts'
import { patternId, patternOf } from '../values/pattern-id.ts'

const ordered = { ordered: true, keyed: true }

const at = (second: number): string => `2025-07-18T00:00:${String(second).padStart(2, '0')}Z`

const rows = [
  row({ _msg: 'took 15 ms', _time: at(3) }),
  row({ _msg: 'started', _time: at(1) }),
  row({ _msg: 'took 7 ms', _time: at(2) }),
  row({ _msg: 'took 8 ms', _time: at(9) }),
]

test('messages that differ in numbers have the same pattern', async () => {
  const [first, second] = await runPipeText('patterns', rows, ordered)
  assert.deepEqual(first, [
    ['pattern', 'took <N> ms'],
    ['pattern_id', patternId('took <N> ms')],
    ['hits', '3'],
    ['sample', 'took 7 ms'],
    ['first_seen', at(2)],
    ['last_seen', at(9)],
    ['sparkline', '[0,1,1,0,0,0,0,0,1]'],
    ['sparkline_start', at(1)],
    ['sparkline_step', '1s'],
  ])
  assert.equal(new Map(second).get('sparkline'), '[1,0,0,0,0,0,0,0,0]')
})

test('patterns takes a number of rows and a field', async () => {
  assert.equal((await runPipeText('patterns 1', rows, ordered)).length, 1)
  assert.equal((await runPipeText('patterns | limit 1', rows, ordered)).length, 1)
  const [only] = await runPipeText('patterns at a', [row({ a: '1' }), row({ a: '2' })])
  assert.deepEqual(only, [
    ['pattern', '<N>'],
    ['pattern_id', patternId('<N>')],
    ['hits', '2'],
    ['sample', '1'],
  ])
})

test('the records of a pattern are found by its id', async () => {
  const found = await runQueryText(`pattern:${patternId('took <N> ms')} | count() as n`, rows, ordered)
  assert.deepEqual(found, [row({ n: '3' })])
})

test('patterns are what counting every message gives', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new SeededRandom(seed)
    const all: TestRow[] = Array.from({ length: random.below(400) }, () => {
      const message = ['user 5', 'user 17', 'x', '', '1.2.3.4 é', `took ${random.below(9)}s`][random.below(6)]
      return row({ _msg: message, _time: at(random.below(60)) })
    })
    const found = await runPipeText('patterns', all, { ...ordered, seed })
    const byPattern = Map.groupBy(all.entries(), ([, fields]) => patternOf(fields[0][1]))
    assert.equal(found.length, byPattern.size, `seed ${seed}`)
    for (const fields of found) {
      const values = new Map(fields)
      const group = byPattern.get(values.get('pattern') ?? '') ?? []
      const inOrder = group.toSorted(([a, x], [b, y]) => x[1][1].localeCompare(y[1][1]) || a - b)
      assert.deepEqual(
        [values.get('hits'), values.get('sample') ?? '', values.get('first_seen'), values.get('last_seen')],
        [
          String(group.length),
          inOrder[0][1][0][1],
          inOrder[0][1][1][1],
          inOrder[inOrder.length - 1][1][1][1],
        ],
        `seed ${seed}`,
      )
      const counts = JSON.parse(values.get('sparkline') ?? '') as number[]
      assert.equal(
        counts.reduce((sum, count) => sum + count),
        group.length,
        `seed ${seed}`,
      )
    }
  }
})

test('more patterns than memory holds are refused', async () => {
  const many = Array.from({ length: 500 }, (_, n) => row({ _msg: `x${'y'.repeat(n)}` }))
  const small = { settings: { stateBytesMax: 100_000 } }
  await assert.rejects(runPipeText('patterns', many, small), { code: 'QUERY_TOO_LARGE' })
})

test('patterns prints so that it parses the same, or is refused', () => {
  const parse = (text: string) => parseQuery(`* | ${text}`, { nowMs: PIPE_TEST_NOW_MS })
  for (const text of ['patterns', 'patterns 20', 'patterns at "a b"', 'patterns 5 at at'])
    assert.deepEqual(parse(printQuery(parse(text)).slice('* | '.length)), parse(text), text)
  for (const text of ['patterns x', 'patterns at', 'patterns at a*', 'patterns 5 6'])
    assert.throws(() => parse(text), { code: 'QUERY_SYNTAX' }, text)
})
