/** The bytes of each encoding, written out: a part that was written once is read for ever. docs/formats/part-columns.md */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeColumn, ENCODINGS } from './encodings.ts'
import { encodeRows, hex, rowsOf } from './test-columns.ts'

interface Vector {
  readonly code: number
  readonly name: string
  readonly rows: readonly string[]
  readonly bytes: string
}

const VECTORS: readonly Vector[] = [
  { code: 1, name: 'constant', rows: ['ok', 'ok', 'ok'], bytes: '6f6b' },
  { code: 1, name: 'constant', rows: [''], bytes: '' },
  { code: 2, name: 'plain', rows: ['a', '', 'bcd'], bytes: '02003161626364' },
  { code: 3, name: 'integers', rows: ['7', '7'], bytes: '00000e' },
  { code: 3, name: 'integers', rows: ['5', '1', '7', '-3', '12'], bytes: '000407480a0f' },
  { code: 3, name: 'integers', rows: ['007', '015', '000'], bytes: '030400f700' },
  {
    code: 3,
    name: 'integers',
    rows: ['100', '101', '102', '103', '104', '105', '106', '107'],
    bytes: '0042c801a8aa',
  },
  { code: 4, name: 'decimals', rows: ['12.50', '3', '-0.25'], bytes: '8133fb1c00040000020022' },
  {
    code: 5,
    name: 'ipv4',
    rows: ['10.0.0.1', '10.0.0.2', '255.255.255.255'],
    bytes: '83828080a0010001fe0000ff0000ff0000f5',
  },
  { code: 6, name: 'positions', rows: ['req-0a', 'req-1f', 'req-9c'], bytes: '060000347265712d30611009a800' },
  { code: 6, name: 'positions', rows: ['UA', 'UB', 'UD'], bytes: '0220554134' },
  {
    code: 7,
    name: 'timestamps',
    rows: ['2015-07-29 17:41:44,747', '2015-07-29 17:41:44,750'],
    bytes: '0317323031352d30372d32392031373a34313a34342c37343702d6eabeaedb530c',
  },
  {
    code: 7,
    name: 'timestamps',
    rows: ['1970-01-01T00:00:01.000000002Z', '1970-01-01T00:00:01.000000001Z'],
    bytes: '091e313937302d30312d30315430303a30303a30312e3030303030303030325a0080897a010201',
  },
  {
    code: 8,
    name: 'shapes',
    rows: ['blk_-3', 'blk_12', 'blk_-4'],
    bytes: '0206626c6b5f2d3005626c6b5f3001000200010602000018',
  },
  {
    code: 8,
    name: 'shapes',
    rows: ['1000000000000000007', '1000000000000000009'],
    bytes: '010230300000d00f0f020e08',
  },
  { code: 8, name: 'shapes', rows: ['a01', 'a1'], bytes: '01026130100102010002' },
  {
    code: 9,
    name: 'dictionary',
    rows: ['INFO', 'WARN', 'INFO', 'INFO', 'WARN', ...Array<string>(7).fill('INFO')],
    bytes: '02020a0008494e464f5741524e0001001200',
  },
]

for (const { code, name, rows, bytes } of VECTORS) {
  test(`${name}: ${JSON.stringify(rows.slice(0, 3))} is ${bytes || 'nothing'}`, () => {
    const encoding = ENCODINGS.find((one) => one.name === name)
    assert.equal(encoding?.code, code)
    assert.equal(encoding && hex(encodeRows(encoding, rows)), bytes)
    assert.deepEqual(rowsOf(decodeColumn(code, Buffer.from(bytes, 'hex'), rows.length)), rows)
  })
}

/** Which values an encoding must leave alone, because they would not print back the same. */
const REFUSED: Readonly<Record<string, readonly (readonly string[])[]>> = {
  integers: [['-0'], ['1', '007'], ['+1'], ['1e5'], ['1', ''], ['9007199254740993'], ['1 '], ['-'], ['--1']],
  decimals: [
    ['1', '2'],
    ['.5'],
    ['1.'],
    ['-0.0'],
    ['00.5'],
    ['1.2.3'],
    ['1e5'],
    ['0.1234567890123456'],
    [''],
  ],
  ipv4: [['10.0.0.256'], ['010.0.0.1'], ['1.2.3'], ['1.2.3.4.5'], ['1..2.34'], ['1.2.3.4.'], ['1.2.3.4', '']],
  timestamps: [
    ['2015-02-29 00:00:00'],
    ['2016-02-29 23:59:60'],
    ['1969-12-31 23:59:59'],
    ['2015-13-01 00:00:00'],
    ['2015-01-01 00:00:00.0123456789'],
    ['2015-01-01 00:00:00Z', '2015-01-01 00:00:00z'],
  ],
  positions: [['ab', 'abc'], ['a']],
  shapes: [['a', 'b'], ['1'.repeat(300)], [...'abcdefghijklmnopq'].map((letter) => `${letter}1`)],
  dictionary: [
    ['a', 'b'],
    ['a', 'a'],
  ],
}

test('a value of 24 slots has a shape, one of 25 has none', () => {
  const shapes = ENCODINGS.find((one) => one.name === 'shapes')
  assert.ok(shapes !== undefined)
  const slots = (count: number): string[] => [Array<string>(count).fill('7').join(' ')]
  const bytes = encodeRows(shapes, slots(24))
  assert.ok(bytes !== null)
  assert.deepEqual(rowsOf(shapes.decode(bytes, 1)), slots(24))
  assert.equal(encodeRows(shapes, slots(25)), null)
})

for (const [name, columns] of Object.entries(REFUSED)) {
  test(`${name} leaves alone what would not come back the same`, () => {
    const encoding = ENCODINGS.find((one) => one.name === name)
    assert.ok(encoding !== undefined)
    for (const rows of columns) assert.equal(encodeRows(encoding, rows), null, rows.join(' '))
  })
}
