import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SeededRandom } from '../base/base.ts'
import {
  batchCount,
  batchReceivedMs,
  batchRecordsStart,
  batchSharedCount,
  batchSharedStart,
  checkBatch,
  fieldKind,
  fieldLength,
  fieldNameLength,
  recordFlags,
  recordLength,
  recordLevelWordLength,
  recordMessageLength,
  recordMessageStart,
  recordSeverity,
  recordTimeMs,
  recordTimeNs,
  timeZoneOf,
} from '../record/record.ts'
import { LogReplyEncoder } from './log-replies.ts'
import { type LogStep, TextLogDecoder, type TextLogOptions, type TextLogPeer } from './text-log-decoder.ts'
import { TextLogWorkspace } from './text-log-workspace.ts'

const ARRIVAL_MS = 1_750_000_000_123
const ARRIVAL_NS = 456_000
const OPTIONS: TextLogOptions = {
  recordBytesMax: 1000,
  batchBytesMax: 4096,
  plainLinesReply: 'none',
  timeZone: null,
}

/** What came out of some bytes, joined over all steps. */
interface Outcome {
  /** `command|plain severity flags word time message`, in the order of storing. */
  readonly records: string[]
  /** Replies as text, as if the first record had id 7, and steps of their own as `<stats>`. */
  readonly replies: string
  readonly batches: number
  readonly decoder: TextLogDecoder
}

function decode(
  chunks: readonly Uint8Array[],
  options: Partial<TextLogOptions> = {},
  isWhole = true,
  workspace = new TextLogWorkspace(1 << 20),
): Outcome {
  const merged = { ...OPTIONS, ...options }
  const decoder = new TextLogDecoder(workspace, merged, null)
  const replies = new LogReplyEncoder(merged.recordBytesMax)
  const outcome = { records: [] as string[], replies: '', batches: 0, decoder }
  const take = (step: LogStep): void => {
    if (step.kind === 'batch') {
      outcome.replies += Buffer.from(replies.encode(step.codes, 7 + outcome.records.length)).toString()
      outcome.records.push(...describeBatch(step.bytes, step.isPlain))
      outcome.batches++
    } else if (step.kind === 'replies')
      outcome.replies += Buffer.from(replies.encode(step.codes, 0)).toString()
    else outcome.replies += step.kind === 'auth' ? `<auth ${Buffer.from(step.token)}>\n` : `<${step.kind}>\n`
  }
  const drain = (): void => {
    for (let step = decoder.next(); step !== null; step = decoder.next()) take(step)
  }
  for (const chunk of chunks) {
    decoder.push(chunk, ARRIVAL_MS, ARRIVAL_NS)
    drain()
  }
  decoder.end(isWhole, ARRIVAL_MS, ARRIVAL_NS)
  drain()
  return outcome
}

function describeBatch(bytes: Uint8Array, isPlain: boolean): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  assert.equal(checkBatch(view, 0, bytes.length), null)
  assert.equal(batchReceivedMs(view, 0), ARRIVAL_MS)
  const records: string[] = []
  let at = batchRecordsStart(view, 0)
  for (let index = 0; index < batchCount(view, 0); index++) {
    const start = recordMessageStart(at)
    const end = start + recordMessageLength(view, at)
    const word = Buffer.from(bytes.subarray(end, end + recordLevelWordLength(view, at))).toString()
    const isArrival = recordTimeMs(view, at) === ARRIVAL_MS && recordTimeNs(view, at) === ARRIVAL_NS
    const time = isArrival ? 'arrival' : `${recordTimeMs(view, at)}.${recordTimeNs(view, at)}`
    const message = Buffer.from(bytes.subarray(start, end)).toString('latin1')
    const head = `${isPlain ? 'plain' : 'command'} ${recordSeverity(view, at)} ${recordFlags(view, at)}`
    records.push(`${head} ${word || '-'} ${time} ${message}`)
    at += recordLength(view, at)
  }
  return records
}

const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1')

/** The time of the only record of a line. */
function timeOfLine(line: string, zone: string, arrivalMs: number): string {
  const options = { ...OPTIONS, timeZone: timeZoneOf(zone) }
  const decoder = new TextLogDecoder(new TextLogWorkspace(1 << 20), options, null)
  decoder.push(bytesOf(`${line}\n`), arrivalMs, 0)
  const step = decoder.next()
  assert.equal(step?.kind, 'batch')
  const view = new DataView(step.bytes.buffer, step.bytes.byteOffset, step.bytes.length)
  return new Date(recordTimeMs(view, batchRecordsStart(view, 0))).toISOString()
}

/** Flags: 1 the level came in capitals, 2 cut, 4 the sender gave the time. */
interface Vector {
  readonly name: string
  readonly input: string
  readonly records: readonly string[]
  readonly replies: string
  readonly options?: Partial<TextLogOptions>
}

const VECTORS: readonly Vector[] = [
  {
    name: 'a command of the main dialect',
    input: 'LOG|INFO|1718000000|hello\n',
    records: ['command 9 5 - 1718000000000.0 hello'],
    replies: 'OK|7\n',
  },
  {
    name: 'a command of the short dialect',
    input: 'LOG:1718000000.25:error:a:b|c\n',
    records: ['command 17 4 - 1718000000250.0 a:b|c'],
    replies: 'ACK\n',
  },
  {
    name: 'commands with a carriage return, without a time, and with bars and colons in the message',
    input: 'LOG|warn||a|b:c\r\nLOG::FATAL:x\r\n',
    records: ['command 13 0 - arrival a|b:c', 'command 21 1 - arrival x'],
    replies: 'OK|7\nACK\n',
  },
  {
    name: 'times in ms, µs, ns and RFC 3339',
    input:
      'LOG|INFO|1718000000123|a\nLOG|INFO|1718000000123456|b\nLOG|INFO|1718000000123456789|c\n' +
      'LOG|INFO|2024-06-10T06:13:20.5Z|d\n',
    records: [
      'command 9 5 - 1718000000123.0 a',
      'command 9 5 - 1718000000123.456000 b',
      'command 9 5 - 1718000000123.456789 c',
      'command 9 5 - 1718000000500.0 d',
    ],
    replies: 'OK|7\nOK|8\nOK|9\nOK|10\n',
  },
  {
    name: 'synonyms of levels, whose word is kept, and no level',
    input: 'LOG|Notice||a\nLOG|EMERG||b\nLOG|Info||c\nLOG|unknown||d\n',
    records: [
      'command 10 0 Notice arrival a',
      'command 24 0 EMERG arrival b',
      'command 9 0 Info arrival c',
      'command 0 0 - arrival d',
    ],
    replies: 'OK|7\nOK|8\nOK|9\nOK|10\n',
  },
  {
    name: 'plain lines, with what they tell of level and time',
    input: 'hello\n2024-06-10T06:13:20Z ERROR it broke\nLOG:  database system is ready\n',
    records: [
      'plain 0 0 - arrival hello',
      'plain 17 5 - 1718000000000.0 2024-06-10T06:13:20Z ERROR it broke',
      'plain 0 0 - arrival LOG:  database system is ready',
    ],
    replies: '',
  },
  {
    name: 'plain lines that only resemble commands',
    input:
      'log|hello||x\nPINGS\nping\nSTATUS\nQUITE\nAUTHOR|x\nLOG:12a:INFO:x\nLOG:1.:INFO:x\nLOG:1:INFO\nLOG:1:IN F:x\n',
    records: [
      'plain 0 0 - arrival log|hello||x',
      'plain 0 0 - arrival PINGS',
      'plain 0 0 - arrival ping',
      'plain 0 0 - arrival STATUS',
      'plain 0 0 - arrival QUITE',
      'plain 0 0 - arrival AUTHOR|x',
      'plain 9 1 - arrival LOG:12a:INFO:x',
      'plain 9 1 - arrival LOG:1.:INFO:x',
      'plain 9 1 - arrival LOG:1:INFO',
      'plain 0 0 - arrival LOG:1:IN F:x',
    ],
    replies: '',
  },
  {
    name: 'empty lines, which are no records',
    input: '\n\r\n\na\n\r\n',
    records: ['plain 0 0 - arrival a'],
    replies: '',
  },
  {
    name: 'every reason to refuse a command, in both dialects, and nothing else lost',
    input:
      'LOG|\nLOG|INFO\nLOG|INFO|12\nLOG|NOPE||x\nLOG|||x\nLOG|INFO|soon|x\nLOG|INFO||\nLOG|INFO||a\0b\nLOG|INFO||a\x7fb\n' +
      'LOG|INFO||ok\nLOG:1:NOPE:x\nLOG:99999999999999999999:INFO:x\nLOG:1:INFO:\r\nLOG:1:INFO:a\x1bb\nLOG:1:INFO:ok\n',
    records: ['command 9 1 - arrival ok', 'command 9 5 - 1000.0 ok'],
    replies:
      'ERROR|Bad command: expected LOG|<LEVEL>|<timestamp>|<message>\n'.repeat(3) +
      'ERROR|Bad level: expected TRACE, DEBUG, INFO, WARN, ERROR or FATAL\n'.repeat(2) +
      'ERROR|Bad timestamp: expected Unix seconds, RFC 3339 or nothing\n' +
      'ERROR|Empty message\n' +
      'ERROR|Control character in message: only tab is allowed\n'.repeat(2) +
      'OK|7\n' +
      'ERROR:Bad level: expected TRACE, DEBUG, INFO, WARN, ERROR or FATAL\n' +
      'ERROR:Bad timestamp: expected Unix seconds, RFC 3339 or nothing\n' +
      'ERROR:Empty message\n' +
      'ERROR:Control character in message: only tab is allowed\n' +
      'ACK\n',
  },
  {
    name: 'tabs, bytes that are no UTF-8, and a carriage return inside a plain line',
    input: 'LOG|INFO||a\tb\xff\xfe\xc3\na\0b\x1b[31m\xff\rc\r\r\n',
    records: ['command 9 1 - arrival a\tb\xff\xfe\xc3', 'plain 0 0 - arrival a\0b\x1b[31m\xff\rc\r'],
    replies: 'OK|7\n',
  },
  {
    name: 'a message as long as it may be, and one byte more',
    input: `LOG|INFO||${'x'.repeat(1000)}\nLOG|INFO||${'x'.repeat(1001)}\nLOG:1:INFO:${'x'.repeat(1001)}\r\nLOG|INFO||y\n`,
    records: [`command 9 1 - arrival ${'x'.repeat(1000)}`, 'command 9 1 - arrival y'],
    replies:
      'OK|7\nERROR|Message too long: at most 1000 bytes\nERROR:Message too long: at most 1000 bytes\nOK|8\n',
  },
  {
    name: 'lines longer than any record: one refusal for a command, a cut record for a plain line',
    input: `LOG|INFO||${'x'.repeat(5000)}\n${'p'.repeat(5000)}\r\nLOG:1:INFO:${'x'.repeat(1300)}\nLOG|NOPE|${'x'.repeat(1300)}\nok\n`,
    records: [`plain 0 2 - arrival ${'p'.repeat(1000)}`, 'plain 0 0 - arrival ok'],
    replies:
      'ERROR|Message too long: at most 1000 bytes\nERROR:Message too long: at most 1000 bytes\n' +
      'ERROR|Message too long: at most 1000 bytes\n',
  },
  {
    name: 'a plain line one byte too long, and one that is cut before a character that would be split',
    input: `${'p'.repeat(1001)}\n${'p'.repeat(999)}\xc3\xa9\n${'p'.repeat(998)}\xf0\x9f\x98\x80x\n${'\xbf'.repeat(1100)}\n`,
    records: [
      `plain 0 2 - arrival ${'p'.repeat(1000)}`,
      `plain 0 2 - arrival ${'p'.repeat(999)}`,
      `plain 0 2 - arrival ${'p'.repeat(998)}`,
      `plain 0 2 - arrival ${'\xbf'.repeat(1000)}`,
    ],
    replies: '',
  },
  {
    name: 'words between records, answered in their place',
    input:
      'LOG|INFO||a\nPING\nSTATS\nLOG|INFO||b\nAUTH|secret|x\r\nPING\r\nplain\nPING\nLOG|NOPE||x\nSTATS\n',
    records: ['command 9 1 - arrival a', 'command 9 1 - arrival b', 'plain 0 0 - arrival plain'],
    replies:
      'OK|7\nPONG\n<stats>\nOK|8\n<auth secret|x>\nPONG\nPONG\n' +
      'ERROR|Bad level: expected TRACE, DEBUG, INFO, WARN, ERROR or FATAL\n<stats>\n',
  },
  {
    name: 'nothing after QUIT',
    input: 'LOG|INFO||a\nQUIT\nLOG|INFO||b\nmore',
    records: ['command 9 1 - arrival a'],
    replies: 'OK|7\n<quit>\n',
  },
  {
    name: 'commands and plain lines in turn, which no batch mixes',
    input: 'LOG|INFO||a\nb\nLOG|INFO||c\nd\ne\n',
    records: [
      'command 9 1 - arrival a',
      'plain 0 0 - arrival b',
      'command 9 1 - arrival c',
      'plain 0 0 - arrival d',
      'plain 0 0 - arrival e',
    ],
    replies: 'OK|7\nOK|9\n',
  },
  {
    name: 'a last line without a newline: plain',
    input: 'a\nb',
    records: ['plain 0 0 - arrival a', 'plain 0 0 - arrival b'],
    replies: '',
  },
  {
    name: 'a last line without a newline: a command',
    input: 'LOG|INFO||a\nLOG|INFO||b',
    records: ['command 9 1 - arrival a', 'command 9 1 - arrival b'],
    replies: 'OK|7\nOK|8\n',
  },
  {
    name: 'plain lines that are answered, when it is set so',
    input: 'a\nLOG|INFO||b\n\nc\n',
    options: { plainLinesReply: 'ack' },
    records: ['plain 0 0 - arrival a', 'command 9 1 - arrival b', 'plain 0 0 - arrival c'],
    replies: 'ACK\nOK|8\nACK\n',
  },
]

describe('TextLogDecoder', () => {
  for (const vector of VECTORS) {
    it(`decodes ${vector.name}`, () => {
      const whole = decode([bytesOf(vector.input)], vector.options)
      assert.deepEqual(whole.records, vector.records)
      assert.equal(whole.replies, vector.replies)
    })

    it(`decodes ${vector.name}, wherever the bytes are cut`, () => {
      const bytes = bytesOf(vector.input)
      const expected = decode([bytes], vector.options)
      const cuts: Uint8Array[][] = [Array.from(bytes, (byte) => Uint8Array.of(byte))]
      for (let at = 1; at < bytes.length; at++) cuts.push([bytes.subarray(0, at), bytes.subarray(at)])
      for (const chunks of cuts) {
        const { records, replies, decoder } = decode(chunks, vector.options)
        const place = `cut at ${chunks.length === 2 ? chunks[0].length : 'every byte'}`
        assert.deepEqual(records, expected.records, place)
        assert.equal(replies, expected.replies, place)
        assert.deepEqual(decoder.counters, expected.decoder.counters, place)
        assert.equal(decoder.heldBytes, 0, place)
      }
    })
  }

  it('decodes random lines the same in random pieces', () => {
    const seed = 20_260_101
    const random = new SeededRandom(seed)
    const heads = [
      'LOG|INFO|',
      'LOG|',
      'LOG:1:WARN:',
      'LOG:',
      'PING',
      'STATS',
      '',
      '\r',
      'plain ',
      'LOG|DEBUG|1|',
    ]
    let input = ''
    for (let line = 0; line < 400; line++) {
      const rest = Array.from({ length: random.below(12) }, () => String.fromCharCode(random.below(256)))
      input += `${heads[random.below(heads.length)] + rest.join('').replaceAll('\n', '|')}\n`
    }
    const bytes = bytesOf(input)
    const expected = decode([bytes])
    for (let round = 0; round < 50; round++) {
      const chunks: Uint8Array[] = []
      for (let at = 0; at < bytes.length; ) {
        const length = 1 + random.below(300)
        chunks.push(bytes.subarray(at, at + length))
        at += length
      }
      const { records, replies } = decode(chunks)
      assert.deepEqual(records, expected.records, `seed ${seed}`)
      assert.equal(replies, expected.replies, `seed ${seed}`)
    }
  })

  it('counts every line under one name', () => {
    const input = `a\n\nLOG|INFO||b\nLOG|NOPE||x\nLOG|INFO||\nPING\nSTATS\n${'p'.repeat(1500)}\n`
    const { lines, emptyLines, commands, plainLines, records, truncated, refused } = decode([bytesOf(input)])
      .decoder.counters
    assert.deepEqual(
      { lines, emptyLines, commands, plainLines, records, truncated, refused },
      {
        lines: 8,
        emptyLines: 1,
        commands: 3,
        plainLines: 2,
        records: 3,
        truncated: 1,
        refused: { badLevel: 1, emptyMessage: 1 },
      },
    )
  })

  it('does not store a command that a broken connection may have cut, but does store a plain line', () => {
    const command = decode([bytesOf('a\nLOG|INFO||hel')], {}, false)
    assert.deepEqual(command.records, ['plain 0 0 - arrival a'])
    assert.equal(command.decoder.counters.unfinishedCommands, 1)
    for (const cut of ['L', 'LO', 'LOG']) {
      const { decoder, records } = decode([bytesOf(`a\n${cut}`)], {}, false)
      assert.deepEqual([records, decoder.counters.unfinishedCommands], [['plain 0 0 - arrival a'], 1])
    }
    for (const text of ['LOUD', 'l', 'G', 'LOGO']) {
      const { decoder, records } = decode([bytesOf(`a\n${text}`)], {}, false)
      assert.deepEqual(records, ['plain 0 0 - arrival a', `plain 0 0 - arrival ${text}`])
      assert.equal(decoder.counters.unfinishedCommands, 0)
    }
  })

  it('closes a batch before it is larger than it may be', () => {
    const workspace = new TextLogWorkspace(1 << 20)
    const decoder = new TextLogDecoder(workspace, OPTIONS, null)
    decoder.push(bytesOf(`LOG|NOTICE||${'x'.repeat(900)}\n`.repeat(10)), ARRIVAL_MS, ARRIVAL_NS)
    const counts: number[] = []
    for (let step = decoder.next(); step !== null; step = decoder.next()) {
      assert.ok(step.kind === 'batch' && step.bytes.length <= OPTIONS.batchBytesMax)
      counts.push(step.count)
    }
    assert.deepEqual(counts, [4, 4, 2])
  })

  it('gives a batch of its own to a record as long as it may be', () => {
    const options = { recordBytesMax: 1000, batchBytesMax: 1100 }
    const line = `LOG|INFO||${'x'.repeat(1000)}\n`
    const { batches, replies } = decode([bytesOf(line.repeat(3))], options)
    assert.equal(batches, 3)
    assert.equal(replies, 'OK|7\nOK|8\nOK|9\n')
  })

  it('keeps the address and the port of the sender with every batch', () => {
    const decoder = new TextLogDecoder(new TextLogWorkspace(0), OPTIONS, { address: '::1', port: 5140 })
    decoder.push(bytesOf('a\nLOG|INFO||b\n'), ARRIVAL_MS, ARRIVAL_NS)
    for (let batch = 0; batch < 2; batch++) {
      const step = decoder.next()
      assert.ok(step?.kind === 'batch')
      assert.deepEqual(sharedFields(step.bytes), ['client.address=::1 0', 'client.port=5140 1'])
    }
  })

  it('holds no more of a line without an end than a record may have, and forgets it when it ends', () => {
    const decoder = new TextLogDecoder(new TextLogWorkspace(1 << 20), OPTIONS, null)
    const piece = bytesOf('x'.repeat(500))
    let records = 0
    for (let round = 0; round < 200; round++) {
      decoder.push(piece, ARRIVAL_MS, ARRIVAL_NS)
      for (let step = decoder.next(); step !== null; step = decoder.next()) records++
      assert.ok(decoder.heldBytes <= 1256)
    }
    assert.equal(records, 1)
    assert.equal(decoder.heldBytes, 0)
  })

  it('takes times of plain lines that name no zone as those of the configured zone, and no others', () => {
    const timeZone = timeZoneOf('Asia/Seoul')
    const lines = [
      '2026-01-02 03:04:05 WARN a',
      '2026-01-02T03:04:05.123456789 b',
      '2026-01-02 03:04:05 UTC c',
      '1767290645 d',
      'no time',
    ]
    const { records } = decode([bytesOf(`${lines.join('\n')}\nLOG|INFO|2026-01-02 03:04:05|e\n`)], {
      timeZone,
    })
    assert.deepEqual(
      records.map((record) => record.split(' ')[4]),
      [
        '1767290645000.0',
        '1767290645123.456789',
        '1767323045000.0',
        '1767290645000.0',
        'arrival',
        '1767323045000.0',
      ],
    )
  })

  it('decides the year of a line without one by the new year of the configured zone', () => {
    const rows: [zone: string, arrival: string, line: string, time: string][] = [
      // It is already next year there: 05:30 on the first of January.
      ['Asia/Seoul', '2025-12-31T20:30:00Z', 'Jan  1 05:29:59 h a: x', '2025-12-31T20:29:59.000Z'],
      ['Asia/Seoul', '2025-12-31T20:30:00Z', 'Dec 31 23:59:59 h a: x', '2025-12-31T14:59:59.000Z'],
      // It is still last year there: 20:30 on the last of December.
      ['America/New_York', '2026-01-01T01:30:00Z', 'Dec 31 20:29:59 h a: x', '2026-01-01T01:29:59.000Z'],
      ['America/New_York', '2026-01-01T01:30:00Z', 'Jan  1 00:00:01 h a: x', '2026-01-01T05:00:01.000Z'],
      // Half a year away: it is 15:00 in Seoul, nearer to the next new year, and 06:00 in UTC, nearer to the last.
      ['Asia/Seoul', '2025-07-02T06:00:00Z', 'Jan  1 02:00:00 h a: x', '2025-12-31T17:00:00.000Z'],
      ['UTC', '2025-07-02T06:00:00Z', 'Jan  1 02:00:00 h a: x', '2025-01-01T02:00:00.000Z'],
    ]
    for (const [zone, arrival, line, time] of rows) {
      assert.equal(timeOfLine(line, zone, Date.parse(arrival)), time, `${line} in ${zone} at ${arrival}`)
    }
  })

  it('cuts or refuses long lines of too many sessions when the memory for half lines is spent', () => {
    const workspace = new TextLogWorkspace(4096)
    const options: TextLogOptions = {
      recordBytesMax: 100_000,
      batchBytesMax: 1 << 20,
      plainLinesReply: 'none',
      timeZone: null,
    }
    const holder = new TextLogDecoder(workspace, options, null)
    holder.push(bytesOf('x'.repeat(4000)), ARRIVAL_MS, ARRIVAL_NS)
    assert.equal(holder.next(), null)
    assert.equal(workspace.halfLines.used, 4096)
    const small = decode(
      [bytesOf('LOG|INFO||'), bytesOf('x'.repeat(500)), bytesOf('\n')],
      options,
      true,
      workspace,
    )
    assert.equal(small.replies, 'OK|7\n')
    const command = decode(
      [bytesOf('LOG|INFO||'), bytesOf('x'.repeat(2000)), bytesOf('x\nPING\n')],
      options,
      true,
      workspace,
    )
    assert.equal(command.replies, 'ERROR|Line too long for the memory that is left: try again later\nPONG\n')
    const plain = decode(
      [bytesOf('x'.repeat(900)), bytesOf('x'.repeat(2000)), bytesOf('x\ny\n')],
      options,
      true,
      workspace,
    )
    assert.deepEqual(plain.records, [`plain 0 2 - arrival ${'x'.repeat(900)}`, 'plain 0 0 - arrival y'])
    holder.push(bytesOf('\n'), ARRIVAL_MS, ARRIVAL_NS)
    assert.equal(holder.next()?.kind, 'batch')
    assert.equal(workspace.halfLines.used, 0)
  })

  it('refuses an AUTH line that is too long instead of storing a secret', () => {
    const { records, replies } = decode([bytesOf(`AUTH|${'s'.repeat(3000)}\nPING\n`)])
    assert.deepEqual(records, [])
    assert.equal(replies, 'ERROR|Message too long: at most 1000 bytes\nPONG\n')
  })

  it('takes more replies in one chunk than its memory for codes held before', () => {
    const { replies } = decode([bytesOf('PING\n'.repeat(50_000))])
    assert.equal(replies.length, 250_000)
  })

  it('reads on after QUIT where there is no end', () => {
    const { records, replies } = decode([bytesOf('one\nQUIT\ntwo\n')], { isEndless: true })
    assert.deepEqual(records, ['plain 0 0 - arrival one', 'plain 0 0 - arrival two'])
    assert.equal(replies, '<quit>\n')
  })

  it('keeps the sender that was set for the chunk', () => {
    const decoder = new TextLogDecoder(new TextLogWorkspace(1 << 20), OPTIONS, null)
    const fieldsOf = (peer: TextLogPeer | null): string[] => {
      decoder.setPeer(peer)
      decoder.push(bytesOf('line\n'), ARRIVAL_MS, ARRIVAL_NS)
      const step = decoder.next()
      assert.ok(step?.kind === 'batch')
      const fields = sharedFields(step.bytes)
      assert.equal(decoder.next(), null)
      return fields
    }
    const first = fieldsOf({ address: '192.0.2.1', port: 1 })
    const second = fieldsOf({ address: '192.0.2.2', port: 2 })
    assert.deepEqual(first, ['client.address=192.0.2.1 0', 'client.port=1 1'])
    assert.deepEqual(second, ['client.address=192.0.2.2 0', 'client.port=2 1'])
    assert.deepEqual(fieldsOf(null), [])
  })
})

function sharedFields(bytes: Uint8Array): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const fields: string[] = []
  let at = batchSharedStart(view, 0)
  for (let index = 0; index < batchSharedCount(view, 0); index++) {
    const valueAt = at + 6 + fieldNameLength(view, at)
    const end = at + fieldLength(view, at)
    const name = Buffer.from(bytes.subarray(at + 6, valueAt)).toString()
    fields.push(`${name}=${Buffer.from(bytes.subarray(valueAt, end)).toString()} ${fieldKind(view, at)}`)
    at = end
  }
  return fields
}
