import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type AnswerEvent, readRecordLine, TextAnswerReader, unescapeMessage } from './text-query-client.ts'

type Plain = Exclude<AnswerEvent, { kind: 'row' }> | { kind: 'row'; text: string }

const VECTORS: readonly [what: string, bytes: string, events: Plain[]][] = [
  [
    'an answer of two records',
    'RESULT|2\n7|ERROR|1700000000.5|disk full\n8|INFO|1700000001|a|b\nEND\n',
    [
      { kind: 'start', count: 2 },
      { kind: 'row', text: '7|ERROR|1700000000.5|disk full' },
      { kind: 'row', text: '8|INFO|1700000001|a|b' },
      { kind: 'end' },
    ],
  ],
  ['an empty answer', 'RESULT|0\nEND\n', [{ kind: 'start', count: 0 }, { kind: 'end' }]],
  [
    'rows of JSON with line ends of CRLF',
    'RESULT|1\r\n{"_msg":"x"}\r\nEND\r\n',
    [{ kind: 'start', count: 1 }, { kind: 'row', text: '{"_msg":"x"}' }, { kind: 'end' }],
  ],
  [
    'a tail with a gap',
    'RESULT|*\n7|INFO|1|a\nGAP|8|11|4\n12|INFO|1|b\n',
    [
      { kind: 'start', count: null },
      { kind: 'row', text: '7|INFO|1|a' },
      { kind: 'gap', fromId: '8', toId: '11', count: '4' },
      { kind: 'row', text: '12|INFO|1|b' },
    ],
  ],
  ['an error', 'ERROR|bad query | at 3\n', [{ kind: 'error', reason: 'bad query | at 3' }]],
  ['an error of the short dialect', 'ERROR:Not allowed\n', [{ kind: 'error', reason: 'Not allowed' }]],
  [
    'an error in place of the end',
    'RESULT|2\n7|INFO|1|a\nERROR|the deadline passed\n',
    [
      { kind: 'start', count: 2 },
      { kind: 'row', text: '7|INFO|1|a' },
      { kind: 'error', reason: 'the deadline passed' },
    ],
  ],
  [
    'another protocol',
    'HTTP/1.1 400 Bad Request\r\n\r\n',
    [{ kind: 'foreign', line: 'HTTP/1.1 400 Bad Request' }],
  ],
  ['nothing after the end', 'RESULT|0\nEND\nRESULT|9\n', [{ kind: 'start', count: 0 }, { kind: 'end' }]],
]

const VECTORS_WITH_TOKEN: typeof VECTORS = [
  ['an answer behind a taken token', 'OK\nRESULT|0\nEND\n', [{ kind: 'start', count: 0 }, { kind: 'end' }]],
  [
    'a refused token, and nothing after it',
    'ERROR|Unknown token\nERROR|Not allowed: this session may not read\n',
    [{ kind: 'refusedToken', reason: 'Unknown token' }],
  ],
  ['another protocol in place of OK', 'RESULT|0\nEND\n', [{ kind: 'foreign', line: 'RESULT|0' }]],
  ['an error behind a taken token', 'OK\r\nERROR|bad query\r\n', [{ kind: 'error', reason: 'bad query' }]],
]

const EVERY_VECTOR = [
  ...VECTORS.map((vector) => [...vector, false] as const),
  ...VECTORS_WITH_TOKEN.map((vector) => [...vector, true] as const),
]

function read(chunks: readonly Uint8Array[], hasToken: boolean): Plain[] {
  const reader = new TextAnswerReader({ hasToken })
  const events = chunks.flatMap((chunk) => reader.push(chunk))
  return events.map((event) =>
    event.kind === 'row' ? { kind: 'row', text: Buffer.from(event.bytes).toString() } : event,
  )
}

describe('TextAnswerReader', () => {
  for (const [what, text, events, hasToken] of EVERY_VECTOR) {
    const bytes = Buffer.from(text)
    it(`reads ${what} in one piece`, () => assert.deepEqual(read([bytes], hasToken), events))
    it(`reads ${what} cut at every byte`, () => {
      for (let cut = 0; cut <= bytes.length; cut++) {
        assert.deepEqual(
          read([bytes.subarray(0, cut), bytes.subarray(cut)], hasToken),
          events,
          `cut at ${cut}`,
        )
      }
      assert.deepEqual(
        read(
          [...bytes].map((byte) => Buffer.of(byte)),
          hasToken,
        ),
        events,
        'byte by byte',
      )
    })
  }
})

describe('readRecordLine', () => {
  it('splits at the first three bars and restores the bytes of the message', () => {
    const record = readRecordLine(Buffer.from('7|ERROR|1700000000.5|a|b\\nc\\\\d\\xff'))
    assert.deepEqual(record, {
      id: '7',
      level: 'ERROR',
      time: '1700000000.5',
      message: Uint8Array.from(Buffer.from('a|b\nc\\d\xff', 'latin1')),
    })
  })
  for (const text of ['{"a":"1|2|3|4"}', '7|ERROR|1', '', '|||x', 'x|y|z|w']) {
    it(`is null for ${JSON.stringify(text)}`, () => assert.equal(readRecordLine(Buffer.from(text)), null))
  }
})

describe('unescapeMessage', () => {
  const table: readonly [string, string][] = [
    ['plain', 'plain'],
    ['a\\nb', 'a\nb'],
    ['C:\\\\new', 'C:\\new'],
    ['\\x1b[31m', '\x1b[31m'],
    ['\\x00\\xFF', '\x00\xff'],
    ['\\x0', '\\x0'],
    ['\\xzz', '\\xzz'],
    ['\\q', '\\q'],
    ['end\\', 'end\\'],
  ]
  for (const [escaped, bytes] of table) {
    it(`turns ${JSON.stringify(escaped)} into ${JSON.stringify(bytes)}`, () => {
      const restored = Buffer.from(unescapeMessage(Buffer.from(escaped, 'latin1')))
      assert.equal(restored.toString('latin1'), bytes)
    })
  }
})
