/**
 * Lines of known shapes take a way of their own through the decoder. Whatever they say, it must do with them what the
 * long way does: here each line is decoded twice, among others of its shape and alone, where no shape is known.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { refuseKernel, SeededRandom } from '../base/base.ts'
import { batchRecordsStart, recordLength } from '../record/record.ts'
import { shortOrLong } from '../testing/test-length.ts'
import { NdjsonDecoder, type NdjsonOptions } from './ndjson-decoder.ts'
import { NdjsonWorkspace } from './ndjson-workspace.ts'

const OPTIONS: NdjsonOptions = {
  recordBytesMax: 400,
  batchBytesMax: 1 << 20,
  lineBytesMax: 800,
  fieldsMax: 20,
  depthMax: 4,
  refusalsMax: 1e6,
  timeField: ['ts'],
  msgField: ['text'],
  streamFields: ['service', 'host'],
  ignoreFields: ['secret'],
}
const SEED = 20_261_121
const NEWLINE = 0x0a

interface Outcome {
  /** Encoded records, in hexadecimal. */
  readonly records: string[]
  /** `reason byte` of each line that was refused. */
  readonly refusals: string[]
  readonly counters: string
  /** Lines that were read the long way. */
  readonly longWay: number
}

const newWorkspace = (): NdjsonWorkspace => new NdjsonWorkspace(1 << 22, new SeededRandom(SEED))
const newTwinWorkspace = (): NdjsonWorkspace =>
  new NdjsonWorkspace(1 << 22, new SeededRandom(SEED), refuseKernel)

/** With the kernel and with its twin, which must come to the same. */
function decode(chunks: readonly Uint8Array[], options: Partial<NdjsonOptions> = {}): Outcome {
  const outcome = decodeIn(newWorkspace(), chunks, options)
  const { longWay, ...twin } = decodeIn(newTwinWorkspace(), chunks, options)
  assert.deepEqual({ ...outcome, longWay }, { ...twin, longWay }, 'the kernel and its twin differ')
  return { ...outcome, longWay }
}

function decodeIn(
  workspace: NdjsonWorkspace,
  chunks: readonly Uint8Array[],
  options: Partial<NdjsonOptions> = {},
): Outcome {
  const merged = { ...OPTIONS, ...options }
  const { names } = workspace.vocabularyFor(merged)
  const linesBefore = names.line
  const decoder = new NdjsonDecoder(workspace, merged)
  const records: string[] = []
  const drain = (): void => {
    for (let batch = decoder.next(); batch !== null; batch = decoder.next())
      records.push(...recordsOf(batch.bytes))
  }
  for (const chunk of chunks) {
    decoder.push(chunk, 1_750_000_000_123, 456)
    drain()
  }
  decoder.end(true, 1_750_000_000_123, 456)
  drain()
  const refusals = decoder.refusals.map(({ reason, byte }) => `${reason} ${byte}`)
  return {
    records,
    refusals,
    counters: JSON.stringify(decoder.counters),
    longWay: names.line - linesBefore,
  }
}

function recordsOf(batch: Uint8Array): string[] {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.length)
  const records: string[] = []
  for (let at = batchRecordsStart(view, 0); at < batch.length; at += recordLength(view, at)) {
    records.push(Buffer.from(batch.subarray(at, at + recordLength(view, at))).toString('hex'))
  }
  return records
}

const bytesOf = (line: string | Uint8Array): Uint8Array =>
  typeof line === 'string' ? Buffer.from(line) : line

const joined = (lines: readonly (string | Uint8Array)[]): Uint8Array =>
  Buffer.concat(lines.flatMap((line) => [bytesOf(line), Uint8Array.of(NEWLINE)]))

/** Decodes the lines together, and each alone in a decoder that knows no shape; what came of them together. */
function assertSame(
  lines: readonly (string | Uint8Array)[],
  options: Partial<NdjsonOptions> = {},
  told = '',
): Outcome {
  // Beyond the last line there must be some bytes, or it takes the long way.
  const together = decode([joined([...lines, '{"_msg":"the last line"}'])], options)
  const records: string[] = []
  const refusals: string[] = []
  for (const line of [...lines, '{"_msg":"the last line"}']) {
    // A line before it, so that the line is not the first of its stream, where a byte order mark may stand.
    const alone = decodeIn(newTwinWorkspace(), [joined(['', line])], options)
    records.push(...alone.records)
    refusals.push(...alone.refusals)
  }
  assert.deepEqual(together.refusals, refusals, told)
  assert.deepEqual(together.records, records, told)
  return together
}

/** How many lines after the first took the long way. */
const longWayAfter = (
  lines: readonly (string | Uint8Array)[],
  options: Partial<NdjsonOptions> = {},
): number => assertSame(lines, options).longWay - 2

describe('NDJSON lines of known shapes', () => {
  it('are read the long way once', () => {
    const line = (index: number): string =>
      `{"ts":"2026-01-01T00:00:00.${100 + index}Z","level":"info","service":"s${index}","text":"message ${index}","n":${index}}`
    assert.equal(longWayAfter(Array.from({ length: 50 }, (_, index) => line(index))), 0)
  })

  it('may be of several shapes that begin alike, with spaces, nested and spread over the line', () => {
    const shapes = [
      '{"text":"a","n":1}',
      '{"text":"a","n":"1"}',
      '{"text":"a","n":{"m":1,"k":{"j":"x"}},"o":true}',
      '{"text":"a"}',
      ' { "text" : "a" , "n" : 1 } \r',
      '{"n":null,"text":"a"}',
    ]
    const { longWay } = assertSame(Array.from({ length: 60 }, (_, index) => shapes[index % shapes.length]))
    assert.equal(longWay, shapes.length + 1)
  })

  it('may have values of any kind where one of another kind stood, but text for text only', () => {
    const values = ['1', '-0.5e+3', 'true', 'false', 'null', '[]', '[1, {"a" : [2]}]', '7']
    assert.equal(longWayAfter(values.map((value) => `{"text":"a","v":${value}}`)), 0)
    assert.equal(longWayAfter(['{"text":"a","v":1}', '{"text":"a","v":"1"}']), 1)
    assert.equal(longWayAfter(['{"text":"a","v":1}', '{"text":"a","v":{}}', '{"text":"a","v":{"w":1}}']), 2)
  })

  it('are refused for the same reason at the same byte', () => {
    const good = '{"text":"abcdefghijkl","v":1,"w":"x"}'
    const bad = [
      '{"text":"abcdefghijkl","v":01,"w":"x"}',
      '{"text":"abcdefghijkl","v":1x,"w":"x"}',
      '{"text":"abcdefghijkl","v":nul,"w":"x"}',
      '{"text":"abcdefghijkl","v":[1,],"w":"x"}',
      '{"text":"abcdefghijkl","v":[[[[1]]]],"w":"x"}',
      '{"text":"abcdefghijkl","v":1,"w":"x"} x',
      '{"text":"abcdefghijkl","v":1,"w":"x"',
      '{"text":"abcdefghijkl","v":1,"w":"x}',
      '{"text":"abcdefghijkl',
      '{"text":"abc\u0001efghijkl","v":1,"w":"x"}',
      '{"text":"abcdefghijkl","v":1,"w":"\\x"}',
      '{"text":"abcdefghijkl","v":1,"w":"\\',
    ]
    const { refusals } = assertSame(bad.flatMap((line) => [good, line]))
    assert.equal(refusals.length, bad.length)
  })

  it('have their escapes resolved, in every field, and bad ones refused', () => {
    const texts = [
      '\\"\\\\\\/\\b\\f\\n\\r\\t',
      'a longer text before \\u0041\\u00e9\\u20ac\\ud83d\\ude00 and a longer one behind it',
      '\\ud800',
      '\\udc00\\ud800x',
      '\\ud800\\u0041\\ud83d\\ude00',
      '\\ud83d\\ude0',
      '\\ud83d\\u00zz',
      '\\ud83d\\udczz',
      '\\u12g4',
      '\\a',
      `${'x'.repeat(390)}\\n`,
      `\\n${'x'.repeat(399)}`,
      `\\n${'x'.repeat(400)}`,
    ]
    const line = (text: string): string => `{"text":"${text}","service":"${text}","v":"${text}"}`
    const { longWay } = assertSame([line('a'), ...texts.slice(0, 5).map(line)])
    assert.equal(longWay, 2)
    assertSame([line('a'), ...texts.map(line)])
    assertSame([line('a'), ...texts.map((text) => `{"text":"${text}","service":"s","v":"w"}`)])
  })

  it('keep bytes that are not UTF-8', () => {
    const line = Buffer.concat([Buffer.from('{"text":"\\n'), Buffer.of(0xff, 0x80, 0xc3), Buffer.from('"}')])
    assert.equal(longWayAfter(['{"text":"a"}', line]), 0)
  })

  it('may lack a message, a time, a level or a stream field', () => {
    const line = (text: string, time: string, level: string, service: string): string =>
      `{"text":${text},"ts":${time},"level":${level},"service":${service},"_msg":"m","_time":2,"host":"h"}`
    const usual = ['"a"', '"1767225600"', '"warn"', '"s"'] as const
    const others = [['""'], ['""', '"0"', '"-"'], ['""'], ['""']]
    const lines = [line(...usual)]
    others.forEach((values, index) => {
      for (const value of values) {
        const parts: [string, string, string, string] = [...usual]
        parts[index] = value
        lines.push(line(...parts))
      }
    })
    assert.equal(longWayAfter(lines), 0)
    const bare = (text: string, time: string): string => `{"text":${text},"ts":${time},"level":1}`
    assert.equal(
      longWayAfter([bare('7', '1'), bare('null', 'null'), bare('[ 1 ]', '0'), bare('true', '-')]),
      1,
    )
    assert.equal(longWayAfter(['{"v":1}', '{"v":2}']), 0)
    assert.equal(longWayAfter(['{"text":[1],"v":1}', '{"text":[ 1, 2 ],"v":2}']), 0)
  })

  it('leave out what is ignored and what queries give a meaning of their own', () => {
    const line = (n: number): string => `{"secret":${n},"_id":"${n}","text":"a","_msg":"${n}","v":${n}}`
    assert.equal(longWayAfter([line(1), line(2)]), 0)
  })

  it('are not learned when a name comes twice or an object is empty', () => {
    for (const line of [
      '{"text":"a","text":"b"}',
      '{"a":{"b":1},"a.b":2}',
      '{"a":{"b":1},"a":{"c":2}}',
      '{"a":1,"a":{"b":1}}',
      '{"a":{}}',
      '{}',
    ]) {
      assert.equal(longWayAfter([line, line]), 1, line)
    }
  })

  it('do not begin with a byte order mark after the first', () => {
    const { records, refusals } = decode([
      joined(['\ufeff{"text":"a"}', '\ufeff{"text":"b"}', '{"text":"the last line"}']),
    ])
    assert.deepEqual([records.length, refusals], [2, ['badJson 1']])
  })

  it('are told apart from those whose keys only look alike', () => {
    const lines = [
      '{"ab":1}',
      '{"a":1}',
      '{"abc":1}',
      '{"ab" :1}',
      '{"a\\u0062":1}',
      '{"ab\u0000":1}',
      '{"ab":1',
    ]
    assertSame([...lines, ...lines])
  })
})

describe('NDJSON lines of known shapes: times and levels', () => {
  const timeLine = (time: string): string => `{"ts":${time},"text":"a"}`

  it('have the time that the long way reads', () => {
    const times = [
      ...['00', '59', '60', '61', '5', 'x0', '0x'].map((second) => `"2026-01-01T00:00:${second}Z"`),
      ...['.1', '.12', '.123', '.1234', '.123456789', '.1234567890', '.', '.x', ',5', '.12x', ''].map(
        (fraction) => `"2026-01-01T00:00:07${fraction}Z"`,
      ),
      ...['z', '', '+00:00', '+0130', '-23:59', ' Z', 'ZZ'].map((zone) => `"2026-01-01T00:00:07.5${zone}"`),
      ...['2026-01-01 00:00:07Z', '2026-01-01t00:00:07Z', '2026-02-30T00:00:07Z', '2026-01-01T00:00:07Z'].map(
        (time) => `"${time}"`,
      ),
      '"1969-12-31T23:59:59.999999999Z"',
      '"1969-12-31T23:59:58Z"',
      '"2262-04-11T23:47:16.853Z"',
      '"2262-04-11T23:47:16.855Z"',
      '"2262-04-11T23:47:59Z"',
      '"1677-09-21T00:12:43.147Z"',
      '"1677-09-21T00:12:00Z"',
      '"2026\\u002d01-01T00:00:07Z"',
      '"1767225600123"',
    ]
    assertSame(times.flatMap((time) => ['"2026-01-01T00:00:01Z"', time, time]).map(timeLine))
    assertSame([...times, ...times.toReversed()].map(timeLine))
    assertSame(['1767225600', '1767225600.5', '-1', '1e9', 'true', '[1]', '0', 'null', '9e'].map(timeLine))
  })

  it('have the level that the long way reads', () => {
    const words = [
      ...[
        'info',
        'INFO',
        'Info',
        'warn',
        'warning',
        'fatal',
        'emerg',
        'critical',
        'unspecified',
        'none',
        'x',
      ],
      ...[
        'informational',
        'infoxxxxxonal',
        '',
        'loud',
        'loudest',
        'loudestt',
        'loudesttt',
        'err',
        'error',
        'ERROR',
        '30',
        '0030',
        'a\\nb',
      ],
      ...[64, 65].map((length) => 'w'.repeat(length)),
    ].map((word) => `"${word}"`)
    const levels = [...words, '10', '30', '60', '70', '31', '0', '3000', '1234567', 'true', 'null', '[]']
    assertSame([...levels, ...levels.toReversed(), ...levels].map((level) => `{"level":${level},"text":"a"}`))
  })
})

describe('NDJSON lines of known shapes: limits', () => {
  const padded = (message: number, other: number): string =>
    `{"text":"${'x'.repeat(message)}","v":"${'y'.repeat(other)}"}`

  it('are refused when a message or a line is too long', () => {
    const { refusals } = assertSame([
      padded(1, 1),
      padded(400, 1),
      padded(401, 1),
      padded(1, 900),
      padded(400, 382),
    ])
    assert.deepEqual(refusals, ['messageTooLong 0', 'lineTooLong 0'])
    const exact = padded(400, 382).length
    assertSame([padded(1, 1), padded(400, 382)], { lineBytesMax: exact })
    assertSame([padded(1, 1), padded(400, 382)], { lineBytesMax: exact - 1 })
    const escaped = (length: number): string =>
      `{"text":"a","v":"${'x'.repeat(length >> 4)}\\n${'y'.repeat(length)}\\u20ac\\ud83d\\ude00"}`
    for (let length = 700; length < 820; length++) assertSame([padded(1, 1), escaped(length)])
    const unended = `{"text":"\\n${'a'.repeat(100_000)}`
    assertSame([padded(1, 1), escaped(30), escaped(100_000), unended, escaped(30)])
  })

  it('close a full batch, and are refused when no batch has room for them', () => {
    const lines = Array.from({ length: 40 }, (_, index) => padded(index * 3, 300 - index))
    const whole = decode([joined(lines)])
    for (let batchBytesMax = 380; batchBytesMax < 1500; batchBytesMax += 17) {
      assertSame(lines, { batchBytesMax })
      if (batchBytesMax < 600) continue
      assert.deepEqual(decode([joined(lines)], { batchBytesMax }).records, whole.records)
    }
  })

  it('keep the limits of a decoder that did not learn them', () => {
    const workspace = newWorkspace()
    const line = '{"a":{"b":{"c":{"d":1}}},"text":"x","v":2}'
    const lines = [joined([line, line, '{"text":"the last line"}'])]
    assert.equal(decodeIn(workspace, lines, { fieldsMax: 3 }).refusals.length, 0)
    assert.deepEqual(decodeIn(workspace, lines, { fieldsMax: 2 }).refusals, Array(2).fill('tooManyFields 0'))
    assert.deepEqual(decodeIn(workspace, lines, { depthMax: 3 }).refusals, Array(2).fill('tooDeep 0'))
  })

  it('are forgotten with their names', () => {
    const workspace = newWorkspace()
    const usual = ['{"v":{"w":1},"text":"usual"}', '{"text":"usual","v":5}']
    const others = Array.from({ length: 20_000 }, (_, index) => `{"k${index}":{"g":${index}}}`)
    const { records } = decodeIn(workspace, [joined([...usual, ...others, ...usual, ...usual, ''])])
    assert.deepEqual(records.slice(-4, -2), records.slice(0, 2))
    assert.deepEqual(records.slice(-2), records.slice(0, 2))
    const { names } = workspace.vocabularyFor(OPTIONS)
    assert.ok(names.text.byteLength < 1 << 18, 'the bytes of the names are forgotten too')
  })

  it('are bounded in number, and the last ones are known', () => {
    const line = (index: number): string => `{"text":"a","k${index}":1}`
    const many = Array.from({ length: 40 }, (_, index) => line(index))
    assertSame([...many, ...many.slice(-4), ...many])
  })
})

// ---- a mutated corpus ---------------------------------------------------------------------------------------

const PIECES = [
  'a',
  'plain text',
  'a longer text of many bytes',
  '',
  ' ',
  '\\n',
  '\\"',
  '\\\\',
  '\\u00e9',
  'é',
  '€',
]
const TIMES = ['2026-01-01T00:00:', '2026-01-01T00:01:', '2025-12-31T23:59:']
const LEVELS = ['info', 'WARN', 'Error', 'debug', 'x', '']
const SPLINTERS = [
  ...'{}[]:,"\\ \t\r0123456789-+.eZTtrufalsn\u0001',
  '\\u',
  '""',
  'true',
  'null',
  '{}',
  '[1]',
]

class LineMaker {
  readonly #random: SeededRandom

  constructor(random: SeededRandom) {
    this.#random = random
  }

  line(): Buffer {
    let line = Buffer.from(this.#shape(this.#random.below(6)))
    if (this.#random.chance(0.3)) line = this.#mutate(line)
    return line
  }

  #shape(shape: number): string {
    const head = `{"ts":"${this.#time()}","level":"${this.#pick(LEVELS)}"`
    const service = `"service":"${this.#pick(['api', 'web', ''])}","host":"${this.#pick(['h1', 'h2'])}"`
    const text = `"text":"${this.#text()}"`
    const number = this.#pick(['1', '-2.5', '1e3', 'null', 'true', '[ 1, "a" ]', '[]'])
    if (shape === 0) return `${head},${service},${text}}`
    if (shape === 1) return `${head},${service},"v":${number},${text}}`
    if (shape === 2) return `${head},"req":{"id":${number},"url":"${this.#text()}"},${text}}`
    if (shape === 3)
      return `{"level":${this.#pick(['30', '50', '"info"'])},"time":${number},"_msg":"${this.#text()}"}`
    if (shape === 4) return `{ "text": "${this.#text()}", "v": ${number}, "w": "${this.#text()}" }`
    return `{${text},"_time":${this.#random.below(2_000_000_000)},"secret":"${this.#text()}"}`
  }

  #time(): string {
    const second = String(this.#random.below(62)).padStart(2, '0')
    return `${this.#pick(TIMES)}${second}${this.#pick(['', '.5', '.123', '.123456', '.123456789'])}${this.#pick(['Z', 'Z', '+01:00'])}`
  }

  #text(): string {
    return Array.from({ length: this.#random.below(6) }, () => this.#pick(PIECES)).join('')
  }

  #pick(choices: readonly string[]): string {
    return choices[this.#random.below(choices.length)]
  }

  #mutate(line: Buffer): Buffer<ArrayBuffer> {
    const at = this.#random.below(line.length + 1)
    const to = Math.min(line.length, at + this.#random.below(3))
    const isByte = this.#random.chance(0.2)
    const splinter = isByte ? Buffer.of(0x80 + this.#random.below(128)) : Buffer.from(this.#pick(SPLINTERS))
    return Buffer.concat([line.subarray(0, at), splinter, line.subarray(to)])
  }
}

const LINES = shortOrLong(6000, 60_000)
const CUT_GROUPS = shortOrLong(3, 30)
const CUT_LINES = 20

describe('NDJSON lines of known shapes against the long way', () => {
  it('come to the same in a mutated corpus', () => {
    const maker = new LineMaker(new SeededRandom(SEED))
    const lines = Array.from({ length: LINES }, () => maker.line())
    for (let from = 0; from < lines.length; from += 500) {
      assertSame(lines.slice(from, from + 500), {}, `seed ${SEED}, lines from ${from}`)
    }
    const { longWay, refusals, records } = decode([joined(lines)])
    assert.ok(longWay < lines.length / 2, `${longWay} of ${lines.length} lines took the long way`)
    assert.ok(
      refusals.length > LINES / 12 && records.length > (LINES * 2) / 3,
      `${refusals.length} of ${lines.length} refused`,
    )
  })

  it('come to the same however the bytes are cut', () => {
    const maker = new LineMaker(new SeededRandom(SEED + 1))
    const workspace = newWorkspace()
    // Few lines at a time: all of them are decoded for every byte of them.
    for (let group = 0; group < CUT_GROUPS; group++) {
      const bytes = joined(Array.from({ length: CUT_LINES }, () => maker.line()))
      const { longWay: _, ...whole } = decodeIn(workspace, [bytes])
      for (let cut = 1; cut < bytes.length; cut++) {
        const { longWay, ...parts } = decodeIn(workspace, [bytes.subarray(0, cut), bytes.subarray(cut)])
        assert.deepEqual(parts, whole, `seed ${SEED + 1}, group ${group} cut at ${cut}`)
        assert.ok(longWay < CUT_LINES, `${longWay} of ${CUT_LINES} lines took the long way`)
      }
    }
  })
})
