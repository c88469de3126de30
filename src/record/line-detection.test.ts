import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { levelName, levelSeverityOfBytes } from './levels.ts'
import { TIME_MS_MAX, TIME_MS_MIN } from './limits.ts'
import { detectLine, type LineDetection } from './line-detection.ts'
import { formatRfc3339 } from './time.ts'

const ARRIVAL_MS = Date.UTC(2025, 5, 15, 12)
const utf8 = new TextEncoder()
const NO_DETECTION: LineDetection = {
  ms: 0,
  ns: 0,
  hasTime: false,
  isLocal: false,
  severity: 0,
  levelStart: 0,
  levelEnd: 0,
}

/** Detects in the middle of bytes whose neighbours would change the result. */
function detect(
  line: string,
  arrivalMs = ARRIVAL_MS,
): { time: string | null; severity: number; word: string } {
  const bytes = utf8.encode(`[ERROR] ${line}00:00`)
  const out = { ...NO_DETECTION }
  detectLine(bytes, 8, bytes.length - 5, arrivalMs, out)
  return {
    time: out.hasTime ? formatRfc3339(out.ms, out.ns) : null,
    severity: out.severity,
    word: new TextDecoder().decode(bytes.subarray(out.levelStart, out.levelEnd)),
  }
}

function isLocal(line: string): boolean {
  const bytes = utf8.encode(line)
  const out = { ...NO_DETECTION, isLocal: true }
  detectLine(bytes, 0, bytes.length, ARRIVAL_MS, out)
  return out.isLocal
}

function assertDetections(
  rows: readonly [line: string, time: string | null, severity: number, word: string][],
): void {
  for (const [line, time, severity, word] of rows)
    assert.deepEqual(detect(line), { time, severity, word }, line)
}

// ---- times --------------------------------------------------------------------------------------------------

test('times of all known spellings are found at the beginning of a line', () => {
  const second = '2025-01-15T09:50:00Z'
  const quarter = '2025-01-15T09:50:00.250Z'
  const rows: [string, string][] = [
    ['2025-01-15T09:50:00Z started', second],
    ['2025-01-15T18:50:00+09:00 started', second],
    ['2025-01-15T18:50:00+0900 started', second],
    ['2025-01-15 09:50:00 started', second],
    ['2025-01-15 18:50:00 +0900 started', second],
    ['2025-01-15 04:50:00 -05:00 started', second],
    ['2025-01-15 09:50:00.250 started', quarter],
    ['2025-01-15 09:50:00,250 - started', quarter],
    ['2025-01-15 09:50:00 - started', second],
    ['2025-01-15 09:50:00 +09', second],
    ['2025-01-15 09:50:00 +09:0', second],
    ['2025-01-15T09:50:00.123456789Z', '2025-01-15T09:50:00.123456789Z'],
    ['[2025-01-15 09:50:00,250] started', quarter],
    ['[2025-01-15T09:50:00.250Z]started', quarter],
    ['(2025-01-15 09:50:00) started', second],
    ['2025/01/15 09:50:00 started', second],
    ['2025/01/15 09:50:00.25 started', quarter],
    ['2025.01.15 09:50:00 started', second],
    ['25/01/15 09:50:00 started', second],
    ['99/01/15 09:50:00 started', '1999-01-15T09:50:00Z'],
    ['250115 095000 7 started', second],
    ['20250115T095000Z started', second],
    ['20250115 095000.25 started', quarter],
    ['20250115-9:50:0:250|unit|started', quarter],
    ['Jan 15 09:50:00 host app[7]: started', second],
    ['Jan  5 09:50:00 host app[7]: started', '2025-01-05T09:50:00Z'],
    ['Jan 5 09:50:00 host app[7]: started', '2025-01-05T09:50:00Z'],
    ['Jan 15 09:50:00.250 host app[7]: started', quarter],
    ['Jan 15 2025 09:50:00 started', second],
    ['Jan 15 09:50:00 2024 host started', '2024-01-15T09:50:00Z'],
    ['[Wed Jan 15 09:50:00 2025] started', second],
    ['[Wed Jan 15 09:50:00.250000 2025] started', quarter],
    ['Wed Jan 15 09:50:00 UTC 2025 started', second],
    ['Wed, 15 Jan 2025 09:50:00 GMT started', second],
    ['15 Jan 2025 09:50:00,250 started', quarter],
    ['15-Jan-2025 09:50:00.250 started', quarter],
    ['15/Jan/2025:09:50:00 +0000 started', second],
    ['1736934600 started', second],
    ['1736934600.250 started', quarter],
    ['1736934600250 started', quarter],
    ['1736934600250000 started', quarter],
    ['1736934600250000000 started', quarter],
    ['[1736934600.250] started', quarter],
    ['I0115 09:50:00.250000       7 main.go:12] started', quarter],
    ['W20250115 09:50:00.250000 7 main.cc:12] started', quarter],
    ['01-15 09:50:00.250  1702  2395 D Window: started', quarter],
    ['<34>1 2025-01-15T09:50:00Z host app - - - started', second],
    ['<13>Jan 15 09:50:00 host app: started', second],
    ['  2025-01-15 09:50:00 started', second],
    ['\x1b[90m2025-01-15 09:50:00\x1b[0m started', second],
  ]
  for (const [line, time] of rows) assert.equal(detect(line).time, time, line)
})

test('times are found behind names, numbers, levels and keys', () => {
  const second = '2025-01-15T09:50:00Z'
  const rows: [string, string][] = [
    ['10.1.2.3 - - [15/Jan/2025:09:50:00 +0000] "GET / HTTP/1.1" 200 7', second],
    ['10.1.2.3 - user-7 [15/Jan/2025:18:50:00 +0900] "GET / HTTP/1.1" 200 7', second],
    ['shop-api.log.1.2025-01-14_09:00:00 2025-01-15 09:50:00.250 7 INFO shop', '2025-01-15T09:50:00.250Z'],
    ['web_1  | 2025-01-15 09:50:00 started', second],
    ['7:M 15 Jan 2025 09:50:00.250 * started', '2025-01-15T09:50:00.250Z'],
    ['INFO 2025-01-15 09:50:00 started', second],
    ['[INFO] [2025-01-15 09:50:00] started', second],
    ['- 1736934600 2025.01.15 n7 Jan 15 01:50:00 n7/n7 app: started', second],
    ['TAGGED 1736934600 2025.01.15 R07 2025-01-15-01.50.00.000000 R07 RAS APP FATAL died', second],
    ['time="2025-01-15T09:50:00Z" level=info msg=started', second],
    ['level=info ts=2025-01-15T09:50:00Z msg=started', second],
    ['level=info msg="it did start" t=1736934600.000 n=7', second],
    ['{"level":"info","time":"2025-01-15T09:50:00Z"}', second],
    ['{ "msg": "a \\"time\\":\\"2001-01-01T00:00:00Z\\" b", "@timestamp": "2025-01-15T09:50:00Z" }', second],
    ['{"ts":1736934600,"msg":"x"}', second],
    ['{"a":{"time":1},"time":1736934600000}', second],
  ]
  for (const [line, time] of rows) assert.equal(detect(line).time, time, line)
})

test('numbers, versions, prose and days that do not exist are no time', () => {
  const lines = [
    '',
    ' ',
    'started',
    'Backup from 2025-01-15 09:50:00 completed',
    'we met at 2025-01-15 09:50:00',
    '2025-02-30 09:50:00 started',
    '2025-01-15 24:00:00 started',
    '2025-01-15 09:50:00x started',
    '2025-01-15 started',
    '2025-01-15T09:50',
    '1736934600',
    '1736934600x started',
    '0736934600 bytes',
    '4155551234 called',
    '17369346001 rows',
    '251315 095000 started',
    '123456 654321 started',
    '25/13/15 09:50:00 started',
    '[    7.250000] kernel started',
    '10.1.2.3 connected',
    'Jan 15 started',
    'January 15 09:50:00 started',
    'Jan 32 09:50:00 started',
    'Foo 15 09:50:00 started',
    'I0115 started',
    'Wed, started at noon today',
    'user=7 expires=2025-01-15T09:50:00Z done',
    '{"msg":"time","n":1736934600}',
    '{"time":"soon"}',
    '{"time":',
    '{',
  ]
  for (const line of lines) assert.equal(detect(line).time, null, line)
})

test('a zone behind the time counts, whatever the spelling', () => {
  const second = '2025-01-15T09:50:00Z'
  const rows: [string, string][] = [
    ['2025-01-15 09:50:00 UTC [7] LOG: started', second],
    ['2025-01-15 18:50:00 GMT+0900 started', second],
    ['25/01/15 18:50:00 +0900 started', second],
    ['Wed Jan 15 18:50:00 2025 +0900 started', second],
    ['Wed Jan 15 2025 18:50:00 GMT+0900 (KST) started', second],
    ['Jan 15 18:50:00 +09:00 host app: started', second],
    ['Jan 15 09:50:00 UTC host app: started', second],
    ['Jan 15 09:50:00Z host app: started', second],
    ['01-15 18:50:00.250 +0900 started', '2025-01-15T09:50:00.250Z'],
    ['20250115T185000+0900 started', second],
  ]
  for (const [line, time] of rows) assert.deepEqual([detect(line).time, isLocal(line)], [time, false], line)
})

test('a time is local when it names no zone and is not Unix time', () => {
  const local = [
    '2025-01-15T09:50:00 started',
    '2025-01-15 09:50:00,250 - started',
    '2025-01-15 09:50:00 KST started',
    '2025/01/15 09:50:00 - started',
    '25/01/15 09:50:00 started',
    '250115 095000 7 started',
    '20250115-9:50:0:250|unit|started',
    '15/Jan/2025:09:50:00 "GET /"',
    'Jan 15 09:50:00 host app[7]: started',
    'Jan 15 09:50:00 utc-1 app[7]: started',
    'Jan 15 09:50:00 gmt.example app[7]: started',
    'Jan 15 2025 09:50:00 started',
    '[Wed Jan 15 09:50:00 2025] started',
    'I0115 09:50:00.250000       7 main.go:12] started',
    '01-15 09:50:00.250  1702  2395 D Window: started',
    'time="2025-01-15 09:50:00" level=info',
    '{"time":"2025-01-15 09:50:00"}',
  ]
  const known = [
    '2025-01-15T09:50:00Z started',
    '2025-01-15 18:50:00 +0900 started',
    '15/Jan/2025:09:50:00 +0000 "GET /"',
    'Wed Jan 15 09:50:00 UTC 2025 started',
    'Wed, 15 Jan 2025 09:50:00 GMT started',
    '1736934600 started',
    '- 1736934600 2025.01.15 n7 Jan 15 01:50:00 n7/n7 app: started',
    'level=info t=1736934600.000 n=7',
    '{"time":"2025-01-15T09:50:00Z"}',
    '{"ts":1736934600,"msg":"x"}',
    '{"ts":17369346.5,"msg":"x"}',
    'no time at all',
    'Backup from 2025-01-15 09:50:00 completed',
    '',
  ]
  for (const line of local)
    assert.deepEqual([detect(line).time?.slice(0, 17), isLocal(line)], ['2025-01-15T09:50:', true], line)
  for (const line of known) assert.equal(isLocal(line), false, line)
})

test('a time without a year is of the year nearest to the arrival', () => {
  const near = (line: string, arrival: string): string | null => detect(line, Date.parse(arrival)).time
  assert.equal(near('Dec 31 23:59:59 host app: x', '2025-01-01T00:00:03Z'), '2024-12-31T23:59:59Z')
  assert.equal(near('Jan  1 00:00:03 host app: x', '2024-12-31T23:59:59Z'), '2025-01-01T00:00:03Z')
  assert.equal(near('Jun 14 15:16:01 host app: x', '2025-06-14T15:16:02Z'), '2025-06-14T15:16:01Z')
  assert.equal(near('Jun 14 15:16:01 host app: x', '2025-01-14T00:00:00Z'), '2025-06-14T15:16:01Z')
  assert.equal(near('Dec 10 15:16:01 host app: x', '2025-01-14T00:00:00Z'), '2024-12-10T15:16:01Z')
  assert.equal(near('Feb 29 12:00:00 host app: x', '2024-03-01T00:00:00Z'), '2024-02-29T12:00:00Z')
  assert.equal(near('Feb 29 12:00:00 host app: x', '2025-06-01T00:00:00Z'), '2024-02-29T12:00:00Z')
  assert.equal(near('Feb 29 12:00:00 host app: x', '2100-03-01T00:00:00Z'), '2104-02-29T12:00:00Z')
  assert.equal(near('I1231 23:59:59.000000 7 a.go:1] x', '2025-01-01T00:00:03Z'), '2024-12-31T23:59:59Z')
})

// ---- levels -------------------------------------------------------------------------------------------------

test('a level in brackets counts in any case', () => {
  const time = '2025-01-15T09:50:00Z'
  assertDetections([
    ['[Wed Jan 15 09:50:00 2025] [notice] started', time, 10, 'notice'],
    ['[Wed Jan 15 09:50:00 2025] [core:error] [pid 7] died', time, 17, 'error'],
    ['[09:50:00] [Server thread/INFO]: started', null, 9, 'INFO'],
    ['[INFO ] started', null, 9, 'INFO'],
    ['[ WARN] started', null, 13, 'WARN'],
    ['[verbose] started', null, 5, 'verbose'],
    ['2025-01-15T09:50:00Z 7 [Note] started', time, 9, 'Note'],
    ['app[7]: <warn>  [1736934600.1] device: down', null, 13, 'warn'],
  ])
})

test('a level before a colon counts in any case', () => {
  assertDetections([
    ['Jan 15 09:50:00 host sshd[7]: error: bind failed', '2025-01-15T09:50:00Z', 17, 'error'],
    ['Warning: low space', null, 13, 'Warning'],
    ['INFO:root:started', null, 9, 'INFO'],
    ['app.ERROR: it failed', null, 17, 'ERROR'],
    ['PHP Fatal error:  it failed', null, 17, 'error'],
    ['main.c:7:2: warning: unused', null, 13, 'warning'],
  ])
})

test('a level in capitals counts as a whole word among the first ten', () => {
  const time = '2025-01-15T09:50:00Z'
  assertDetections([
    ['2025-01-15 09:50:00 - INFO  [main] started', time, 9, 'INFO'],
    ['2025-01-15 09:50:00 7 WARNING shop.cart low', time, 13, 'WARNING'],
    ['2025-01-15 09:50:00 | ERROR | shop | died', time, 17, 'ERROR'],
    [
      '- 1736934600 2025.01.15 R07-M1 2025-01-15-01.50.00.0 R07-M1 RAS KERNEL FATAL no power',
      time,
      21,
      'FATAL',
    ],
    ['INFO[0007] started', null, 9, 'INFO'],
    ['[2025-01-15 09:50:00,000: INFO/MainProcess] started', time, 9, 'INFO'],
    ['host logrotate: ALERT exited', null, 22, 'ALERT'],
    ['\x1b[32mDEBUG\x1b[0m started', null, 5, 'DEBUG'],
    ['2025-01-15 09:50:00 DEBUG2 started', time, 6, 'DEBUG2'],
    ['2025-01-15 09:50:00 UTC [7] PANIC:  no disk', time, 24, 'PANIC'],
    ['ERROR', null, 17, 'ERROR'],
    ['one two three four five six seven eight nine ERROR', null, 17, 'ERROR'],
    ['one two three four five six seven eight nine ten eleven ERROR', null, 0, ''],
  ])
})

test('the first word behind the time may be a level in any case', () => {
  const time = '2025-01-15T09:50:00Z'
  assertDetections([
    ['2025-01-15 09:50:00, Info                  CBS    started', time, 9, 'Info'],
    ['2025-01-15T09:50:00Z\twarn\tshop\tlow', time, 13, 'warn'],
    ['2025/01/15 09:50:00 error while reading', time, 17, 'error'],
    ['2025/01/15 09:50:00 an error while reading', time, 0, ''],
    ['2025/01/15 09:50:00 fine', time, 0, ''],
  ])
})

test('a level is the value of its key', () => {
  const time = '2025-01-15T09:50:00Z'
  assertDetections([
    ['ts=2025-01-15T09:50:00Z level=warn msg="an ERROR"', time, 13, 'warn'],
    ['time="2025-01-15T09:50:00Z" level="error" msg=x', time, 17, 'error'],
    ['msg=x severity=NOTICE', null, 10, 'NOTICE'],
    ['app: {"a":1,"level":"fatal"}', null, 21, 'fatal'],
    ['{"level":"error","msg":"INFO"}', null, 17, 'error'],
    ['{"msg":"say \\"level\\":\\"error\\"","severity":"WARNING"}', null, 13, 'WARNING'],
    ['{"a":{"level":"error"},"lvl" : "Debug"}', null, 5, 'Debug'],
    ['{"level":30,"msg":"ERROR"}', null, 0, ''],
    ['{"level":"nonsense"}', null, 0, ''],
    ['{"level":"unknown"}', null, 0, ''],
    ['level=', null, 0, ''],
    ['sublevel=error', null, 0, ''],
  ])
})

test('one letter is a level where a format has it', () => {
  assertDetections([
    ['E0115 09:50:00.000000 7 main.go:12] failed', '2025-01-15T09:50:00Z', 17, 'E'],
    ['01-15 09:50:00.000  1702  2395 W Window: slow', '2025-01-15T09:50:00Z', 13, 'W'],
    ['01-15 09:50:00.000  1702  2395 X Window: ERROR', '2025-01-15T09:50:00Z', 17, 'ERROR'],
    ['01-15 09:50:00.000  1702  2395 W', '2025-01-15T09:50:00Z', 0, ''],
  ])
})

test('the priority of syslog counts when no word tells a level', () => {
  assertDetections([
    ['<3>disk died', null, 17, ''],
    ['<191>started', null, 5, ''],
    ['<0>kernel is gone', null, 24, ''],
    ['<13>Jan 15 09:50:00 host app: ERROR it failed', '2025-01-15T09:50:00Z', 17, 'ERROR'],
    ['<192>started', null, 0, ''],
    ['<>started', null, 0, ''],
    ['<1', null, 0, ''],
  ])
})

test('prose has no level', () => {
  const lines = [
    'no error found',
    'the process ended in error state 6',
    'an information desk',
    'GET /ERROR/page HTTP/1.1',
    'see ERROR_LOG and MY-ERROR and ERROR.txt',
    'status=ERROR',
    'a "FATAL" mistake',
    'errors: 7',
    'FINE WEATHER',
    'CONFIG DONE',
    'a <error>text</error>',
    'UNKNOWN',
    'unknown: text',
    'NONE',
    'LOG:  database system is ready',
    'note: read this',
    'warn\u00fcng: x',
    '\u00e9ERROR',
  ]
  for (const line of lines) assert.deepEqual(detect(line), { time: null, severity: 0, word: '' }, line)
})

test('no bytes make detection throw, read beside the line or change it', () => {
  const piece = fc.constantFrom(
    ...[
      '2025-01-15',
      '09:50:00',
      '.250',
      'Z',
      ' ',
      '[',
      ']',
      '<13>',
      'ERROR',
      'error',
      ':',
      '=',
      'level',
      '{"',
      '"',
    ],
    ...[
      'Jan',
      'Wed',
      '1736934600',
      '\x1b[',
      'm',
      '-',
      '/',
      '250115',
      'I0115',
      '\t',
      '|',
      '\u00fc',
      '\\',
      'time',
    ],
  )
  const line = fc.oneof(
    fc.array(piece, { maxLength: 24 }).map((pieces) => utf8.encode(pieces.join(''))),
    fc.uint8Array({ maxLength: 80 }),
  )
  fc.assert(
    fc.property(line, fc.integer({ min: TIME_MS_MIN, max: TIME_MS_MAX }), (bytes, arrivalMs) => {
      const alone = { ...NO_DETECTION }
      detectLine(bytes, 0, bytes.length, arrivalMs, alone)
      for (const neighbour of [0x30, 0x20, 0x5d, 0x3a, 0x22, 0x41]) {
        const around = new Uint8Array(bytes.length + 32).fill(neighbour)
        around.set(bytes, 16)
        const before = around.slice()
        const out = { ...NO_DETECTION }
        detectLine(around, 16, 16 + bytes.length, arrivalMs, out)
        assert.deepEqual(around, before)
        const same = { ...out, levelStart: out.levelStart - 16, levelEnd: out.levelEnd - 16 }
        if (!alone.hasTime) Object.assign(same, { ms: alone.ms, ns: alone.ns })
        assert.deepEqual(same, alone)
      }
      assert.ok(alone.levelStart >= 0 && alone.levelEnd <= bytes.length)
      if (alone.levelEnd > alone.levelStart) {
        assert.equal(levelSeverityOfBytes(bytes, alone.levelStart, alone.levelEnd), alone.severity)
      }
      if (alone.hasTime)
        assert.ok(alone.ms >= TIME_MS_MIN && alone.ms <= TIME_MS_MAX && Number.isInteger(alone.ms))
    }),
    { seed: 9999, numRuns: 3000 },
  )
})

// ---- real logs ----------------------------------------------------------------------------------------------

const CORPUS = new URL('../../../shared/corpus/', import.meta.url)

interface CorpusFacts {
  readonly lines: number
  readonly withTime: number
  readonly firstTime: string
  readonly lastTime: string
  readonly levels: Readonly<Record<string, number>>
}

/** All lines without their ends; what they are called by their level words, and the range of their times. */
function factsOf(file: string): CorpusFacts {
  const bytes = new Uint8Array(readFileSync(new URL(file, CORPUS)))
  const out = { ...NO_DETECTION }
  const levels: Record<string, number> = {}
  let [lines, withTime, firstMs, lastMs] = [0, 0, Infinity, -Infinity]
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(0x0a, start)
    const next = newline < 0 ? bytes.length : newline
    const end = bytes[next - 1] === 0x0d ? next - 1 : next
    detectLine(bytes, start, end, Date.UTC(2005, 9, 1), out)
    start = next + 1
    lines++
    if (out.hasTime) {
      withTime++
      firstMs = Math.min(firstMs, out.ms)
      lastMs = Math.max(lastMs, out.ms)
    }
    const name = levelName(out.severity) || 'none'
    levels[name] = (levels[name] ?? 0) + 1
  }
  return { lines, withTime, firstTime: formatRfc3339(firstMs, 0), lastTime: formatRfc3339(lastMs, 0), levels }
}

const CORPUS_FACTS: Readonly<Record<string, Omit<CorpusFacts, 'withTime'>>> = {
  'Apache.log': facts(2000, '2005-12-04T04:47:44Z', '2005-12-05T19:15:57Z', { info: 1405, error: 595 }),
  'BGL.log': facts(2000, '2005-06-03T22:42:50Z', '2006-01-03T15:13:09Z', {
    info: 1597,
    fatal: 347,
    error: 48,
    warn: 8,
  }),
  'HDFS.log': facts(2000, '2008-11-09T20:36:15Z', '2008-11-11T10:20:17Z', { info: 1920, warn: 80 }),
  'Hadoop.log': facts(2000, '2015-10-18T18:01:47.978Z', '2015-10-18T18:10:55.202Z', {
    info: 1040,
    warn: 808,
    error: 150,
    fatal: 2,
  }),
  'Linux.log': facts(2000, '2005-06-14T15:16:01Z', '2005-07-27T14:42:00Z', {
    none: 1955,
    fatal: 43,
    warn: 2,
  }),
  'OpenSSH.log': facts(2000, '2005-12-10T06:55:46Z', '2005-12-10T11:04:45Z', {
    none: 1952,
    error: 47,
    fatal: 1,
  }),
  'OpenStack.log': facts(2000, '2017-05-16T00:00:00.008Z', '2017-05-16T00:14:47.687Z', {
    info: 1969,
    warn: 31,
  }),
  'Spark.log': facts(2000, '2017-06-09T20:10:40Z', '2017-06-09T20:11:11Z', { info: 2000 }),
  'Thunderbird.log': facts(2000, '2005-11-09T20:01:01Z', '2005-11-09T20:15:32Z', {
    none: 1964,
    warn: 35,
    error: 1,
  }),
  'Zookeeper.log': facts(2000, '2015-07-29T17:41:44.747Z', '2015-08-25T11:26:28.145Z', {
    info: 669,
    warn: 1318,
    error: 13,
  }),
  'more/access.log': facts(5000, '2015-05-17T10:05:00Z', '2015-05-19T03:05:59Z', { none: 5000 }),
  'more/kafka.log': facts(408, '2016-12-19T16:31:47.437Z', '2016-12-20T00:09:03.223Z', {
    trace: 14,
    debug: 209,
    info: 129,
    warn: 56,
  }),
}

function facts(
  lines: number,
  firstTime: string,
  lastTime: string,
  levels: Record<string, number>,
): Omit<CorpusFacts, 'withTime'> {
  return { lines, firstTime, lastTime, levels }
}

for (const [file, expected] of Object.entries(CORPUS_FACTS)) {
  const skip = existsSync(new URL(file, CORPUS)) ? false : `no ../shared/corpus/${file} beside the repository`
  test(`every line of ${file} has its time, and those that tell a level have it`, { skip }, () => {
    assert.deepEqual(factsOf(file), { ...expected, withTime: expected.lines })
  })
}
