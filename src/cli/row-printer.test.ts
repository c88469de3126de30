import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { printTime, type RowFormat, RowPrinter } from './row-printer.ts'
import { paint, paintNothing } from './terminal.ts'

const HOSTILE = '7|ERROR|1700000000.25|disk \\x1b[2J \\xff\\nfull \u202e'

function print(row: string, format: RowFormat, { isTerminal = false, colors = false } = {}): string {
  const printer = new RowPrinter({ format, isTerminal, paint: colors ? paint : paintNothing })
  return Buffer.from(printer.printAll([{ kind: 'row', bytes: Buffer.from(row) }])).toString('latin1')
}
const latin1 = (text: string): string => Buffer.from(text).toString('latin1')

describe('RowPrinter', () => {
  it('prints a table line: time, level in five columns, message, and nothing of it acts', () => {
    assert.equal(
      print(HOSTILE, 'table'),
      '2023-11-14T22:13:20.250Z ERROR disk \\x1b[2J \\xff\\nfull \\u202e\n',
    )
    assert.equal(print('8|INFO|1700000000|ok', 'table'), '2023-11-14T22:13:20.000Z INFO  ok\n')
    assert.equal(print('8|UNKNOWN|1700000000|ok', 'table'), '2023-11-14T22:13:20.000Z -     ok\n')
  })

  it('colours by level, and colours only what is ours', () => {
    assert.equal(
      print('7|WARN|1700000000|\\x1b[31mred', 'table', { colors: true }),
      '\x1b[2m2023-11-14T22:13:20.000Z\x1b[22m \x1b[33mWARN \x1b[39m \\x1b[31mred\n',
    )
    assert.equal(
      print('7|\x1b[5mX|1700000000|x', 'table', { colors: true }),
      '\x1b[2m2023-11-14T22:13:20.000Z\x1b[22m \\x1b[5mX x\n',
    )
  })

  it('prints the exact bytes of the message in raw, and is inert on a terminal', () => {
    assert.equal(print(HOSTILE, 'raw'), `disk \x1b[2J \xff\nfull ${latin1('\u202e')}\n`)
    assert.equal(print(HOSTILE, 'raw', { isTerminal: true }), 'disk \\x1b[2J \\xff\\nfull \\u202e\n')
  })

  it('prints JSON, one object a line, inert everywhere', () => {
    assert.equal(
      print('7|ERROR|1700000000.25|disk \\x1b[2J\\nfull \u202e', 'json'),
      '{"_time":"2023-11-14T22:13:20.250Z","_msg":"disk \\u001b[2J\\nfull \\u202e","level":"ERROR","_id":7}\n',
    )
    assert.equal(print('{"a":"\u202eb","n":1}', 'json'), '{"a":"\\u202eb","n":1}\n')
  })

  it('leaves the level out of JSON where there is none', () => {
    assert.equal(print('7|UNKNOWN|0|x', 'json'), '{"_time":"1970-01-01T00:00:00.000Z","_msg":"x","_id":7}\n')
  })

  it('prints rows that are not records as names and values', () => {
    assert.equal(
      print('{"level":"ERROR","hits":3,"note":"a \\"b\\""}', 'table'),
      'level=ERROR hits=3 note="a \\"b\\""\n',
    )
    assert.equal(print('{"x":"\\u001b[31m","\\u202ey":"a=b"}', 'table'), 'x=\\x1b[31m \\u202ey="a=b"\n')
    assert.equal(print('{"x":"\\u009bm"}', 'table'), 'x=\\u009bm\n')
  })

  it('prints the message alone in raw, also of a row of JSON', () => {
    assert.equal(print('{"_msg":"disk full","level":"ERROR"}', 'raw'), 'disk full\n')
    assert.equal(print('{"hits":3}', 'raw'), 'hits=3\n')
  })

  it('prints what it cannot read as it is, but inert on a terminal', () => {
    assert.equal(print('{broken \x1b[2J', 'table'), '{broken \\x1b[2J\n')
    assert.equal(print('odd \x1b[2J', 'raw'), 'odd \x1b[2J\n')
    assert.equal(print('odd \x1b[2J', 'raw', { isTerminal: true }), 'odd \\x1b[2J\n')
  })
})

describe('printTime', () => {
  const table: readonly [string, string][] = [
    ['1700000000', '2023-11-14T22:13:20.000Z'],
    ['1700000000.5', '2023-11-14T22:13:20.500Z'],
    ['1700000000.123456789', '2023-11-14T22:13:20.123456789Z'],
    ['0', '1970-01-01T00:00:00.000Z'],
    ['-1', '1969-12-31T23:59:59.000Z'],
    ['-0.25', '1969-12-31T23:59:59.750Z'],
    ['-1.000000001', '1969-12-31T23:59:58.999999999Z'],
    ['9223372036.854', '2262-04-11T23:47:16.854Z'],
    ['soon\x1b', 'soon\\x1b'],
  ]
  for (const [seconds, shown] of table) {
    it(`shows ${JSON.stringify(seconds)} as ${shown}`, () => assert.equal(printTime(seconds), shown))
  }
})
