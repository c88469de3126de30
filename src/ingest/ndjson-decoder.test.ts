import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { refuseKernel, SeededRandom } from '../base/base.ts'
import {
  BATCH_BYTES_MAX,
  BlockBuilder,
  type Column,
  checkBatch,
  FIELD_FALSE,
  FIELD_JSON,
  FIELD_NULL,
  FIELD_NUMBER,
  FIELD_STRING,
  FIELD_TRUE,
  formatRfc3339,
  levelName,
} from '../record/record.ts'
import { shortOrLong } from '../testing/test-length.ts'
import { MISSING_MESSAGE, NdjsonDecoder, type NdjsonOptions } from './ndjson-decoder.ts'
import { type NdjsonReason, ndjsonRefusalCode, ndjsonRefusalText } from './ndjson-refusals.ts'
import { NdjsonWorkspace } from './ndjson-workspace.ts'

const ARRIVAL_MS = 1_750_000_000_123
const ARRIVAL_NS = 456_000
const ARRIVAL = '2025-06-15T15:06:40.123456Z'
const OPTIONS: NdjsonOptions = { recordBytesMax: 10_000, batchBytesMax: 1 << 20 }
const SEED = 20_261_121

type Field = readonly [name: string, kind: number, text: string]

interface Found {
  readonly time: string
  readonly message: string
  /** Canonical level and the sender's word. */
  readonly level: string
  readonly fields: readonly Field[]
  readonly stream: readonly string[]
}

interface Outcome {
  readonly records: Found[]
  /** `line reason byte` */
  readonly refusals: string[]
  readonly batches: number
  readonly decoder: NdjsonDecoder
}

const loosely = new TextDecoder('utf-8', { ignoreBOM: true })

/** With the kernel and with its twin, which must come to the same. */
function decode(
  input: string | readonly Uint8Array[],
  options: Partial<NdjsonOptions> = {},
  isWhole = true,
  workspace = new NdjsonWorkspace(1 << 22, new SeededRandom(SEED)),
): Outcome {
  const outcome = decodeIn(workspace, input, options, isWhole)
  const twinWorkspace = new NdjsonWorkspace(1 << 22, new SeededRandom(SEED), refuseKernel)
  const twin = decodeIn(twinWorkspace, input, options, isWhole)
  assert.deepEqual(
    { ...twin, decoder: null },
    { ...outcome, decoder: null },
    'the kernel and its twin differ',
  )
  assert.deepEqual(twin.decoder.counters, outcome.decoder.counters)
  return outcome
}

function decodeIn(
  workspace: NdjsonWorkspace,
  input: string | readonly Uint8Array[],
  options: Partial<NdjsonOptions>,
  isWhole: boolean,
): Outcome {
  const decoder = new NdjsonDecoder(workspace, { ...OPTIONS, ...options })
  const records: Found[] = []
  let batches = 0
  const drain = (): void => {
    for (let batch = decoder.next(); batch !== null; batch = decoder.next()) {
      records.push(...recordsOf(batch.bytes))
      batches++
    }
  }
  for (const chunk of typeof input === 'string' ? [Buffer.from(input)] : input) {
    decoder.push(chunk, ARRIVAL_MS, ARRIVAL_NS)
    drain()
  }
  decoder.end(isWhole, ARRIVAL_MS, ARRIVAL_NS)
  drain()
  const refusals = decoder.refusals.map(({ line, reason, byte }) => `${line} ${reason} ${byte}`)
  return { records, refusals, batches, decoder }
}

function recordsOf(batch: Uint8Array): Found[] {
  const bytes = Uint8Array.from(batch)
  assert.equal(checkBatch(new DataView(bytes.buffer), 0, bytes.length), null)
  const builder = new BlockBuilder(bytes)
  builder.addBatch(0)
  const block = builder.build()
  return Array.from({ length: block.rowCount }, (_, row) => {
    const fields = block.fieldsOf(row)
    return {
      time: formatRfc3339(block.timesMs[row], block.timesNs[row]),
      message: cellText(block.message, row),
      level: `${levelName(block.severities[row])} ${block.flags[row] & 1} ${cellText(block.levelWords, row)}`,
      fields: fields.map(({ name, kind, value }): Field => [name, kind, loosely.decode(value)]),
      stream: block.streamFieldNamesOf(row),
    }
  })
}

const cellText = ({ data, starts, lengths }: Column, row: number): string =>
  loosely.decode(data.subarray(starts[row], starts[row] + lengths[row]))

const fieldsOf = (line: string, options: Partial<NdjsonOptions> = {}): readonly Field[] => {
  const { records, refusals } = decode(line, options)
  assert.deepEqual(refusals, [])
  return records[0].fields
}

const refusalOf = (line: string | Uint8Array, options: Partial<NdjsonOptions> = {}): string => {
  const { records, refusals } = decode(typeof line === 'string' ? line : [line], options)
  assert.equal(records.length, 0)
  return refusals.join()
}

describe('NDJSON decoder', () => {
  it('makes a record of each line', () => {
    const { records, decoder } = decode(
      '{"_time":"2026-01-01T00:00:00.5Z","level":"ERROR","service":"api","_msg":"disk is full"}\n' +
        '{"_msg":"second"}\n',
      { streamFields: ['service'] },
    )
    assert.deepEqual(records, [
      {
        time: '2026-01-01T00:00:00.500Z',
        message: 'disk is full',
        level: 'error 1 ',
        fields: [['service', FIELD_STRING, 'api']],
        stream: ['service'],
      },
      { time: ARRIVAL, message: 'second', level: ' 0 ', fields: [], stream: [] },
    ])
    assert.deepEqual([decoder.counters.lines, decoder.counters.records], [2, 2])
  })

  it('keeps the JSON type of a value', () => {
    assert.deepEqual(fieldsOf('{"a":5,"b":"5","c":null,"d":true,"e":false,"f":-1.50e+3,"g":""}'), [
      ['a', FIELD_NUMBER, '5'],
      ['b', FIELD_STRING, '5'],
      ['c', FIELD_NULL, ''],
      ['d', FIELD_TRUE, 'true'],
      ['e', FIELD_FALSE, 'false'],
      ['f', FIELD_NUMBER, '-1.50e+3'],
      ['g', FIELD_STRING, ''],
    ])
  })

  it('gives nested objects dotted names and keeps arrays as JSON text without spaces', () => {
    assert.deepEqual(fieldsOf('{"a":{"b":{"c":1},"d":{ }},"e":[1, {"x" : "a b\\" "}, []]}'), [
      ['a.b.c', FIELD_NUMBER, '1'],
      ['a.d', FIELD_JSON, '{}'],
      ['e', FIELD_JSON, '[1,{"x":"a b\\" "},[]]'],
    ])
  })

  it('lets the last of two members of one name count, with all that was within the first', () => {
    assert.deepEqual(fieldsOf('{"a":1,"b":2,"a":"x"}').toSorted(), [
      ['a', FIELD_STRING, 'x'],
      ['b', FIELD_NUMBER, '2'],
    ])
    assert.deepEqual(fieldsOf('{"a":{"b":1,"c":2},"a":{"c":3}}'), [['a.c', FIELD_NUMBER, '3']])
    assert.deepEqual(fieldsOf('{"a":{"b":1},"a":5}'), [['a', FIELD_NUMBER, '5']])
    assert.deepEqual(fieldsOf('{"a":5,"a":{"b":1}}'), [['a.b', FIELD_NUMBER, '1']])
    assert.deepEqual(fieldsOf('{"a":{"b":{"c":1}},"a":{"b":{"c":2}},"a":{"d":3}}'), [
      ['a.d', FIELD_NUMBER, '3'],
    ])
    assert.deepEqual(fieldsOf('{"a":{"b":1},"a":2,"a":3}'), [['a', FIELD_NUMBER, '3']])
    assert.deepEqual(fieldsOf('{"a":{"b":1},"a.b":2}'), [['a.b', FIELD_NUMBER, '2']])
  })

  it('takes back a message, a time and a level that came again as nothing', () => {
    const { records } = decode('{"_msg":"x","_time":1,"level":"warn","_msg":null,"_time":"","level":null}')
    assert.deepEqual(records, [
      { time: ARRIVAL, message: MISSING_MESSAGE, level: ' 0 ', fields: [], stream: [] },
    ])
  })

  it('understands every escape, in names too', () => {
    const line =
      '{"_msg":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20ac\\ud83d\\ude00","\\u0061\\n":"1","a\\n":"2"}'
    const [record] = decode(line).records
    assert.equal(record.message, '"\\/\b\f\n\r\tA\u00e9\u20ac\u{1f600}')
    assert.deepEqual(record.fields, [['a\n', FIELD_STRING, '2']])
  })

  it('makes half a surrogate pair U+FFFD', () => {
    for (const half of [
      '\\ud800',
      '\\udc00',
      '\\ud800x',
      '\\udc00\\ud800',
      '\\ud800\\n',
      '\\ud800\\ud800\\udc00',
    ]) {
      const expected = String(JSON.parse(`"${half}"`)).toWellFormed()
      assert.equal(decode(`{"_msg":"${half}"}`).records[0].message, expected, half)
    }
  })

  it('keeps bytes that are not UTF-8 as they came', () => {
    const line = Buffer.concat([Buffer.from('{"_msg":"'), Buffer.of(0xff, 0x80, 0xc3), Buffer.from('"}\n')])
    const decoder = new NdjsonDecoder(new NdjsonWorkspace(1 << 20), OPTIONS)
    decoder.push(line, 0, 0)
    const batch = Buffer.from(decoder.next()?.bytes ?? [])
    assert.ok(batch.includes(Buffer.of(0xff, 0x80, 0xc3)))
  })

  it('skips a byte order mark at the very beginning only', () => {
    const { records, refusals } = decode('\ufeff{"_msg":"a"}\n\ufeff{"_msg":"b"}\n')
    assert.deepEqual([records.map(({ message }) => message), refusals], [['a'], ['2 badJson 1']])
  })

  it('does not count lines of spaces as records', () => {
    const { records, refusals, decoder } = decode('\n \t\r\n{"_msg":"a"}\r\n\r\n')
    assert.deepEqual([records.length, refusals, decoder.counters.emptyLines], [1, [], 3])
  })

  it('refuses a bad line with its number and stores the good ones around it', () => {
    const { records, refusals, decoder } = decode(
      '{"_msg":"a"}\n\n{"_msg":"b}\n{"_msg":"c"}\n5\n{"_msg":"d"}',
    )
    assert.deepEqual(
      records.map(({ message }) => message),
      ['a', 'c', 'd'],
    )
    assert.deepEqual(refusals, ['3 badJson 12', '5 notObject 0'])
    assert.deepEqual(decoder.counters, {
      lines: 6,
      emptyLines: 1,
      records: 3,
      refusedLines: 2,
      missingMessages: 0,
      unfinishedLines: 0,
      refused: { badJson: 1, notObject: 1 },
    })
  })

  it('takes the usual shapes of shippers, and refuses their usual mistakes', () => {
    const options = { timeField: ['@timestamp'], msgField: ['message'] }
    const { records } = decode(
      '{"@timestamp":"2023-06-06T04:48:12.735+01:00","log":{"offset":71770,"file":{"path":"/var/log/auth.log"}},' +
        '"message":"foobar"}\n',
      options,
    )
    assert.deepEqual(records, [
      {
        time: '2023-06-06T03:48:12.735Z',
        message: 'foobar',
        level: ' 0 ',
        fields: [
          ['log.offset', FIELD_NUMBER, '71770'],
          ['log.file.path', FIELD_STRING, '/var/log/auth.log'],
        ],
        stream: [],
      },
    ])
    assert.equal(refusalOf('\nfoo\n\n', options), '2 badJson 2')
    assert.equal(refusalOf('{"time":"foobar"}', { timeField: ['time'] }), '1 badTime 0')
  })

  it('keeps only so many refusals and counts all', () => {
    const { refusals, decoder } = decode('x\n'.repeat(10), { refusalsMax: 3 })
    assert.deepEqual([refusals.length, decoder.counters.refusedLines], [3, 10])
  })

  it('says what was wrong without a word of the sender', () => {
    const { decoder } = decode('{"a":nul}\n')
    const [refusal] = decoder.refusals
    assert.equal(ndjsonRefusalText(refusal, decoder.limits), 'the line is not JSON, from byte 9 on')
    assert.equal(ndjsonRefusalCode(refusal.reason), 'RECORD_INVALID')
    const reasons: NdjsonReason[] = ['tooDeep', 'tooManyFields', 'badTime', 'lineTooLong', 'overload']
    for (const reason of reasons) assert.ok(ndjsonRefusalText({ line: 1, reason, byte: 0 }, decoder.limits))
  })
})

describe('NDJSON time, message and level', () => {
  const timeOf = (value: string): string => {
    const { records, refusals } = decode(`{"_time":${value}}`)
    return records[0]?.time ?? refusals.join()
  }

  it('reads RFC 3339 and Unix time of any unit, as text or number', () => {
    assert.equal(timeOf('"2026-01-01T00:00:00.000000001Z"'), '2026-01-01T00:00:00.000000001Z')
    assert.equal(timeOf('"2026-01-01 01:00:00+01:00"'), '2026-01-01T00:00:00Z')
    assert.equal(timeOf('"2026\\u002d01-01T00:00:00Z"'), '2026-01-01T00:00:00Z')
    for (const value of ['1767225600', '1767225600000', '"1767225600000000"', '1767225600000000000']) {
      assert.equal(timeOf(value), '2026-01-01T00:00:00Z')
    }
    assert.equal(timeOf('1767225600.25'), '2026-01-01T00:00:00.250Z')
  })

  it('takes the arrival where the time is empty, 0, - or absent', () => {
    for (const value of ['""', '"0"', '0', '"-"', 'null']) assert.equal(timeOf(value), ARRIVAL, value)
  })

  it('refuses a line whose time cannot be read', () => {
    for (const value of ['"foobar"', 'true', '[1]', '1e9', `"${'9'.repeat(70)}"`]) {
      assert.equal(timeOf(value), '1 badTime 0', value)
    }
  })

  it('takes the first time and message fields that are not empty and keeps the others', () => {
    const options = { timeField: ['@timestamp', 'ts'], msgField: ['message', 'log.text', 'note'] }
    const line = '{"ts":1767225600,"@timestamp":"","log":{"text":"hello"},"note":"n","message":"","_msg":"m"}'
    const [record] = decode(line, options).records
    assert.deepEqual(record, {
      time: '2026-01-01T00:00:00Z',
      message: 'hello',
      level: ' 0 ',
      fields: [
        ['@timestamp', FIELD_STRING, ''],
        ['note', FIELD_STRING, 'n'],
        ['message', FIELD_STRING, ''],
      ],
      stream: [],
    })
  })

  it('gives a record without a message a fixed one, and counts it', () => {
    const { records, decoder } = decode('{"a":1}\n{}\n{"_msg":""}\n{"_msg":null}\n{"_msg":7}\n')
    const missing = MISSING_MESSAGE
    assert.deepEqual(
      records.map(({ message }) => message),
      [missing, missing, missing, missing, '7'],
    )
    assert.equal(decoder.counters.missingMessages, 4)
  })

  it('keeps the word of the level', () => {
    const levelOf = (value: string): string => decode(`{"level":${value}}`).records[0].level
    assert.equal(levelOf('"info"'), 'info 0 ')
    assert.equal(levelOf('"INFO"'), 'info 1 ')
    assert.equal(levelOf('"Warning"'), 'warn 0 Warning')
    assert.equal(levelOf('"unknown"'), ' 0 unknown')
    assert.equal(levelOf('"loud"'), ' 0 loud')
    assert.equal(levelOf('50'), 'error 0 50')
    assert.equal(levelOf('7'), ' 0 7')
    assert.equal(levelOf('null'), ' 0 ')
    assert.equal(refusalOf(`{"level":"${'x'.repeat(65)}"}`), '1 badLevel 0')
  })
})

describe('NDJSON fields', () => {
  it('puts stream fields first, sorted by name, unless they are empty', () => {
    const options = { streamFields: ['service', 'host', 'zone', 'app.name'] }
    const [record] = decode('{"x":1,"service":"s","zone":"","host":"h","app":{"name":"n"}}', options).records
    assert.deepEqual(
      record.fields.map(([name]) => name),
      ['app.name', 'host', 'service', 'x', 'zone'],
    )
    assert.deepEqual(record.stream, ['app.name', 'host', 'service'])
  })

  it('leaves out ignored fields, by name and by prefix', () => {
    const names = fieldsOf('{"a":1,"ab":2,"b":{"c":3,"d":4},"bc":5}', { ignoreFields: ['a', 'b.*'] })
    assert.deepEqual(
      names.map(([name]) => name),
      ['ab', 'bc'],
    )
  })

  it('adds extra fields to every record, which win over its own', () => {
    const { records } = decode('{"env":"test","a":1}\n{"b":2}\n', {
      extraFields: [
        ['zone', 'z1'],
        ['env', 'live'],
      ],
      streamFields: ['env'],
    })
    assert.deepEqual(
      records.map(({ fields }) => Object.fromEntries(fields.map(([name, , text]) => [name, text]))),
      [
        { a: '1', env: 'live', zone: 'z1' },
        { b: '2', env: 'live', zone: 'z1' },
      ],
    )
    assert.deepEqual(records[1].stream, ['env'])
  })

  it('does not keep names that queries give a meaning of their own', () => {
    const options = { msgField: ['m'], timeField: ['t'] }
    const line =
      '{"m":"a","t":1,"_msg":"b","_time":"nonsense","_id":"1","_stream":"{}","_stream_id":"0","_truncated":true}'
    assert.deepEqual(fieldsOf(line, options), [])
  })

  it('does not mistake one key for another that stood there before', () => {
    const { records } = decode(
      '{"ab":1,"cd":2}\n{"a":1,"cd":2}\n{"abc":1,"c":2}\n{"cd":1,"ab":2}\n{"ab":1}\n',
    )
    assert.deepEqual(
      records.map(({ fields }) => fields.map(([name, , text]) => `${name}=${text}`).join()),
      ['ab=1,cd=2', 'a=1,cd=2', 'abc=1,c=2', 'cd=1,ab=2', 'ab=1'],
    )
  })

  it('forgets names when there are too many, and goes on', () => {
    const line = (index: number): string => `{"f${index}":{"g":${index}}}\n`
    const { records, refusals } = decode(Array.from({ length: 20_000 }, (_, index) => line(index)).join(''))
    assert.equal(refusals.length, 0)
    assert.deepEqual(records[19_999].fields, [['f19999.g', FIELD_NUMBER, '19999']])
  })
})

describe('NDJSON limits', () => {
  const nested = (depth: number, open: string, close: string): string =>
    `{"a":${open.repeat(depth - 1)}1${close.repeat(depth - 1)}}`

  it('refuses nesting beyond the limit, of objects and arrays, without exhausting the stack', () => {
    const options = { depthMax: 5 }
    for (const [open, close] of [
      ['[', ']'],
      ['{"b":', '}'],
      ['[{"b":', '}]'],
    ]) {
      const levels = open.startsWith('[{') ? 2 : 1
      assert.equal(decode(nested(1 + 4 / levels, open, close), options).records.length, 1)
      assert.equal(refusalOf(nested(2 + 4 / levels, open, close), options), '1 tooDeep 0')
    }
    assert.equal(refusalOf('{"a":'.repeat(100_000)), '1 tooDeep 0')
    assert.equal(refusalOf('['.repeat(100_000)), '1 tooDeep 0')
  })

  it('refuses more fields than a record may have', () => {
    const line = (count: number): string =>
      `{${Array.from({ length: count }, (_, index) => `"f${index}":1`).join()}}`
    assert.equal(fieldsOf(line(1000)).length, 1000)
    assert.equal(refusalOf(line(1001)), '1 tooManyFields 0')
    assert.equal(refusalOf(line(4), { fieldsMax: 3 }), '1 tooManyFields 0')
  })

  it('refuses names that are too long or empty', () => {
    assert.equal(fieldsOf(`{"${'n'.repeat(128)}":1}`)[0][0].length, 128)
    assert.equal(refusalOf(`{"${'n'.repeat(129)}":1}`), '1 nameTooLong 0')
    assert.equal(refusalOf(`{"${'n'.repeat(64)}":{"${'n'.repeat(64)}":1}}`), '1 nameTooLong 0')
    assert.equal(refusalOf('{"":1}'), '1 nameEmpty 0')
    assert.deepEqual(fieldsOf('{"a":{"":1}}'), [['a.', FIELD_NUMBER, '1']])
  })

  it('refuses a message, a line and a record that are too long', () => {
    const message = (length: number): string => `{"_msg":"${'x'.repeat(length)}"}`
    assert.equal(decode(message(10_000)).records.length, 1)
    assert.equal(refusalOf(message(10_001)), '1 messageTooLong 0')
    assert.equal(decode(`${message(88)}\n`, { lineBytesMax: 99 }).records.length, 1)
    assert.equal(decode(message(88), { lineBytesMax: 99 }).records.length, 1)
    assert.equal(refusalOf(message(89), { lineBytesMax: 99 }), '1 lineTooLong 0')
    assert.equal(refusalOf(`${message(89)}\n`, { lineBytesMax: 99 }), '1 lineTooLong 0')
    assert.equal(refusalOf(`{"a":"${'x'.repeat(3000)}"}`, { batchBytesMax: 3000 }), '1 recordTooLarge 0')
    const huge = `{"a":"${'x'.repeat(2 ** 21)}"}`
    const options = { lineBytesMax: 2 ** 22, batchBytesMax: BATCH_BYTES_MAX }
    assert.equal(refusalOf(huge, options), '1 recordTooLarge 0')
  })

  it('closes a batch that is full and goes on in the next', () => {
    const lines = Array.from({ length: 100 }, (_, index) => `{"_msg":"message ${index}"}\n`).join('')
    const { records, batches } = decode(lines, { batchBytesMax: 500 })
    assert.deepEqual(
      records.map(({ message }) => message),
      Array.from({ length: 100 }, (_, at) => `message ${at}`),
    )
    assert.ok(batches > 5)
  })

  it('refuses a half line that the budget has no room for, and takes the next', () => {
    const chunks = [`{"_msg":"${'x'.repeat(5000)}`, '"}\n{"_msg":"next"}\n'].map((text) => Buffer.from(text))
    const workspace = new NdjsonWorkspace(4096)
    const { records, refusals } = decodeIn(workspace, chunks, {}, true)
    assert.deepEqual([records.map(({ message }) => message), refusals], [['next'], ['1 overload 0']])
    assert.equal(workspace.halfLines.used, 0)
  })

  it('stores a last line without a newline only when the sender ended the stream', () => {
    assert.equal(decode('{"_msg":"a"}').records.length, 1)
    const { records, decoder } = decode('{"_msg":"a"}\n{"_msg":"b"}', {}, false)
    assert.deepEqual([records.length, decoder.counters.unfinishedLines], [1, 1])
  })
})

// ---- against JSON.parse -------------------------------------------------------------------------------------

/** Makes JSON text with everything that JSON has, and odd spaces. */
class JsonMaker {
  readonly #random: SeededRandom

  constructor(random: SeededRandom) {
    this.#random = random
  }

  object(depth: number): string {
    const members = this.#list(5, () => `${this.#key()}${this.#space()}:${this.#spaced(depth)}`)
    return `{${this.#space()}${members.join(`${this.#space()},${this.#space()}`)}${this.#space()}}`
  }

  pick(choices: readonly string[]): string {
    return choices[this.#random.below(choices.length)]
  }

  #spaced(depth: number): string {
    return `${this.#space()}${this.#value(depth)}${this.#space()}`
  }

  #value(depth: number): string {
    const choice = this.#random.below(depth > 4 ? 7 : 10)
    if (choice < 3) return this.#string(PIECES)
    if (choice < 5) return this.pick(NUMBERS)
    if (choice < 7) return this.pick(['true', 'false', 'null', '{}', '[]'])
    if (choice < 9) return this.object(depth + 1)
    return `[${this.#list(4, () => this.#spaced(depth + 1)).join(',')}]`
  }

  #string(pieces: readonly string[]): string {
    return `"${this.#list(4, () => this.pick(pieces)).join('')}"`
  }

  /** Seldom without a name. */
  #key(): string {
    return this.#random.chance(0.02)
      ? '""'
      : `"${this.pick(KEYS)}${this.#list(3, () => this.pick(KEYS)).join('')}"`
  }

  #list<T>(below: number, make: () => T): T[] {
    return Array.from({ length: this.#random.below(below) }, make)
  }

  #space(): string {
    return this.#random.chance(0.15) ? this.pick([' ', '\t', '\r', '  ']) : ''
  }
}

const KEYS = [
  'a',
  'b',
  'key',
  'name with spaces',
  '\\u0061',
  '\\n',
  'é',
  '\\ud83d\\ude00',
  '\\"',
  '0',
  '__proto__',
]
const PIECES = [
  ...KEYS,
  'a longer text of more than eight bytes',
  '\\ud800',
  '\\udc00',
  '\\/',
  '\\\\',
  '€',
  '\u{1f600}',
  '\u2028',
  '\u007f',
  '{[,:]}',
]
const NUMBERS = ['0', '-0', '1', '12.50', '-1e5', '1E+400', '123456789012345678901234567890', '0.1e-2', '5']
/** What mutations insert. Neither a newline, which ends lines, nor a dot, which makes two names one. */
const SPLINTERS = [
  ...'{}[]:,"\\/ \t\r0123456789-+eEtrufalsn\u0001\u007fx',
  ...[
    '\\u',
    '\\x',
    '00',
    '01',
    'true',
    'nul',
    'NaN',
    '""',
    "'",
    '//',
    '\ufeff',
    '\u00a0',
    '-Infinity',
    '1e',
    '{}',
  ],
]

function mutate(line: Buffer, random: SeededRandom, maker: JsonMaker): Buffer {
  const at = random.below(line.length + 1)
  const to = Math.min(line.length, at + random.below(4))
  const splinter = random.chance(0.1)
    ? Buffer.of(0x80 + random.below(128))
    : Buffer.from(maker.pick(SPLINTERS))
  switch (random.below(4)) {
    case 0:
      return Buffer.concat([line.subarray(0, at), splinter, line.subarray(at)])
    case 1:
      return Buffer.concat([line.subarray(0, at), line.subarray(to)])
    case 2:
      return Buffer.concat([line.subarray(0, at), splinter, line.subarray(to)])
    default:
      return Buffer.concat([line.subarray(0, to), line.subarray(at)])
  }
}

/** The fields that JSON.parse finds, or null when the line must be refused. */
function expectedFields(line: Uint8Array): Map<string, unknown> | null {
  let parsed: unknown
  try {
    parsed = JSON.parse(loosely.decode(line))
  } catch {
    return null
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return null
  const fields = new Map<string, unknown>()
  flatten(parsed, '', fields)
  return fields.has('') || Object.hasOwn(parsed, '') ? null : fields
}

function flatten(value: object, prefix: string, fields: Map<string, unknown>): void {
  for (const [key, member] of Object.entries(value)) {
    const name = `${prefix}${key}`.toWellFormed()
    const isBranch = typeof member === 'object' && member !== null && !Array.isArray(member)
    if (isBranch && Object.keys(member).length > 0) flatten(member, `${name}.`, fields)
    else fields.set(name, member)
  }
}

function fieldValue([, kind, text]: Field): unknown {
  if (kind === FIELD_STRING) return text
  return kind === FIELD_NULL ? null : JSON.parse(text)
}

const wellFormed = (value: unknown): unknown => (typeof value === 'string' ? value.toWellFormed() : value)
const isUtf8 = (line: Uint8Array): boolean => Buffer.from(loosely.decode(line)).equals(line)

function makeLines(count: number, random: SeededRandom): Buffer[] {
  const maker = new JsonMaker(random)
  return Array.from({ length: count }, () => {
    let line: Buffer = Buffer.from(maker.object(0))
    for (let rounds = random.below(4); rounds > 0; rounds--) line = mutate(line, random, maker)
    return line
  })
}

const NEWLINE = Buffer.of(0x0a)
const joined = (lines: readonly Buffer[]): Buffer => Buffer.concat(lines.flatMap((line) => [line, NEWLINE]))

const LINES = shortOrLong(12_000, 60_000)
const CUT_GROUPS = shortOrLong(8, 40)

describe('NDJSON against JSON.parse', () => {
  it('takes every valid line of a mutated corpus as JSON.parse does and refuses every invalid one', () => {
    const lines = makeLines(LINES, new SeededRandom(SEED))
    const { records, decoder } = decode([NEWLINE, joined(lines)], { refusalsMax: 1e6 })
    const refused = new Set(decoder.refusals.map(({ line }) => line))
    const found = records.values()
    let validCount = 0
    lines.forEach((line, index) => {
      const told = `seed ${SEED} line ${index}: ${JSON.stringify(line.toString('latin1'))}`
      if (/^[ \t\r]*$/.test(line.toString('latin1'))) return
      const expected = expectedFields(line)
      assert.equal(refused.has(index + 2), expected === null, told)
      if (expected === null) return
      validCount++
      const { value: record } = found.next()
      assert.ok(record !== undefined, told)
      if (!isUtf8(line)) return
      const fields = new Map(record.fields.map((field) => [field[0], fieldValue(field)]))
      const wanted = new Map([...expected].map(([name, value]) => [name, wellFormed(value)]))
      assert.deepEqual(new Set(fields.keys()), new Set(wanted.keys()), told)
      for (const [name, value] of wanted) assert.deepEqual(fields.get(name), value, told)
    })
    assert.equal(found.next().done, true)
    assert.ok(
      validCount > (LINES * 8) / 30 && refused.size > (LINES * 8) / 30,
      `${validCount} valid, ${refused.size} refused`,
    )
  })

  it('gives the same however the bytes are cut', () => {
    const random = new SeededRandom(SEED + 1)
    const workspace = new NdjsonWorkspace(1 << 22, new SeededRandom(SEED))
    // Few lines at a time: all of them are decoded for every byte of them.
    for (let group = 0; group < CUT_GROUPS; group++) {
      const bytes = joined(makeLines(8, random))
      const whole = decode([bytes])
      for (let cut = 1; cut < bytes.length; cut++) {
        const parts = decode([bytes.subarray(0, cut), bytes.subarray(cut)], {}, true, workspace)
        assert.deepEqual(parts.records, whole.records, `group ${group} cut at ${cut}`)
        assert.deepEqual(parts.refusals, whole.refusals, `group ${group} cut at ${cut}`)
      }
      const single = decode(Array.from(bytes, (_, at) => bytes.subarray(at, at + 1)))
      assert.deepEqual(single.records, whole.records)
      assert.deepEqual(single.refusals, whole.refusals)
      assert.deepEqual(single.decoder.counters, whole.decoder.counters)
    }
  })

  it('refuses a line that is too long wherever it is cut, and nothing around it', () => {
    const text = `{"_msg":"a"}\n{"_msg":"${'x'.repeat(60)}"}\n{"_msg":"b"}\n{"_msg":"${'y'.repeat(60)}"}`
    const bytes = Buffer.from(text)
    for (let cut = 0; cut <= bytes.length; cut++) {
      const chunks = [bytes.subarray(0, cut), bytes.subarray(cut)]
      const { records, refusals } = decode(chunks, { lineBytesMax: 40 })
      assert.deepEqual(
        records.map(({ message }) => message),
        ['a', 'b'],
        `cut at ${cut}`,
      )
      assert.deepEqual(refusals, ['2 lineTooLong 0', '4 lineTooLong 0'], `cut at ${cut}`)
    }
  })
})
