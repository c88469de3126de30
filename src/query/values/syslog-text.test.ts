import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import { readSyslog } from './syslog-text.ts'

const clock = { nowMs: Date.UTC(2025, 6, 18, 12), offsetMs: 0 }
const HOUR_MS = 3_600_000

function fieldsOf(text: string, with_ = clock): Record<string, string> {
  const { names, texts } = readSyslog(text, with_)
  assert.equal(names.length, texts.length)
  return Object.fromEntries(names.map((name, at) => [name, texts[at]]))
}

const priority34 = {
  level: 'critical',
  priority: '34',
  facility: '4',
  facility_keyword: 'auth',
  severity: '2',
}
const old = { format: 'rfc3164' }
const modern = { format: 'rfc5424' }

test('a message of RFC 5424 gives its parts, structured data and all', () => {
  const text =
    '<34>1 2003-10-11T22:14:15.003Z host.example app 123 ID47 ' +
    '[a@1 x="1" y="q \\" \\] \\\\ \\n"][b z=""] \ufeffit failed'
  assert.deepEqual(fieldsOf(text), {
    ...priority34,
    ...modern,
    timestamp: '2003-10-11T22:14:15.003Z',
    hostname: 'host.example',
    app_name: 'app',
    proc_id: '123',
    msg_id: 'ID47',
    'a@1.x': '1',
    'a@1.y': 'q " ] \\ \\n',
    message: 'it failed',
  })
})

test('parts of RFC 5424 that are `-` are absent', () => {
  assert.deepEqual(fieldsOf('<34>1 - - - - - - text'), { ...priority34, ...modern, message: 'text' })
  assert.deepEqual(fieldsOf('1 - h - - - -'), { ...modern, hostname: 'h' })
  assert.deepEqual(fieldsOf('1 2003-10-11T22:14:15Z h'), {
    ...modern,
    timestamp: '2003-10-11T22:14:15Z',
    hostname: 'h',
  })
})

test('structured data that is broken is a part of the message', () => {
  assert.deepEqual(fieldsOf('1 - h a - - [x y="1"][z w="open text'), {
    ...modern,
    hostname: 'h',
    app_name: 'a',
    'x.y': '1',
    message: '[z w="open text',
  })
  assert.deepEqual(fieldsOf('1 - - - - - [a b="c" d=e] text'), { ...modern, message: '[a b="c" d=e] text' })
  assert.deepEqual(fieldsOf('1 - h a - - [not data] text').message, '[not data] text')
  assert.deepEqual(fieldsOf('1 - h a - - no data').message, 'no data')
  assert.deepEqual(fieldsOf('1 - h a - - [id] text').message, 'text')
})

test('a message of RFC 3164 gives its parts', () => {
  const parts = { ...old, timestamp: '2025-06-03T12:08:33.000Z', hostname: 'abcd' }
  const texts: [string, Record<string, string>][] = [
    ['systemd[1]: Starting: all', { app_name: 'systemd', proc_id: '1', message: 'Starting: all' }],
    ['systemd: Starting', { app_name: 'systemd', message: 'Starting' }],
    ['systemd Starting', { app_name: 'systemd', message: 'Starting' }],
    ['systemd[1]Starting', { app_name: 'systemd', proc_id: '1', message: 'Starting' }],
    ['systemd', { app_name: 'systemd' }],
    ['systemd[1', { app_name: 'systemd', message: '[1' }],
    ['', {}],
  ]
  for (const [text, rest] of texts) {
    assert.deepEqual(fieldsOf(`Jun  3 12:08:33 abcd ${text}`), { ...parts, ...rest }, text)
    assert.deepEqual(fieldsOf(`<34>Jun  3 12:08:33 abcd ${text}`), { ...priority34, ...parts, ...rest }, text)
  }
})

test('a time without a year is of the twelve months that end a day from now', () => {
  const timeOf = (text: string, with_ = clock): string => fieldsOf(`${text} host x`, with_).timestamp
  assert.equal(timeOf('Jul 18 12:00:00'), '2025-07-18T12:00:00.000Z')
  assert.equal(timeOf('Jul 19 12:00:00'), '2025-07-19T12:00:00.000Z')
  assert.equal(timeOf('Jul 19 12:00:01'), '2024-07-19T12:00:01.000Z')
  assert.equal(timeOf('Dec 31 23:59:59'), '2024-12-31T23:59:59.000Z')
  assert.equal(timeOf('Feb 29 00:00:00'), '2024-02-29T00:00:00.000Z')
  const newYear = { nowMs: Date.UTC(2025, 11, 31, 23, 59), offsetMs: 0 }
  assert.equal(timeOf('Jan  1 00:00:10', newYear), '2026-01-01T00:00:10.000Z')
  assert.equal(timeOf('Jan  2 00:00:10', newYear), '2025-01-02T00:00:10.000Z')
})

test('the offset is what the clock of the sender is ahead of UTC', () => {
  const timeOf = (hours: number): string =>
    fieldsOf('Jul 18 01:30:00 host x', { ...clock, offsetMs: hours * HOUR_MS }).timestamp
  assert.equal(timeOf(9), '2025-07-17T16:30:00.000Z')
  assert.equal(timeOf(-6.5), '2025-07-18T08:00:00.000Z')
  assert.equal(
    fieldsOf('1 2003-10-11T22:14:15.003Z h', { ...clock, offsetMs: HOUR_MS }).timestamp,
    '2003-10-11T22:14:15.003Z',
  )
})

test('a long time may stand where RFC 3164 has a short one', () => {
  const { timestamp, hostname, app_name } = fieldsOf('<34>2025-06-03T12:08:33.5+02:00 abcd app: x')
  assert.deepEqual([timestamp, hostname, app_name], ['2025-06-03T10:08:33.500Z', 'abcd', 'app'])
})

test('a text that is no syslog message is all message', () => {
  for (const text of [
    'hello world',
    '<999>x',
    '<>x',
    '<x>y',
    'Jun 33 12:00:00 x',
    'Foo  3 12:00:00 x',
    'Jun  3 25:00:00 x',
    '<',
    'Jun  3 12:00:00x',
  ]) {
    assert.deepEqual(fieldsOf(text), { ...old, message: text }, text)
  }
  assert.deepEqual(fieldsOf('<34>'), { ...priority34, ...old })
})

test('Common Event Format gives its parts too', () => {
  const header = '0|Ven\\|dor|Product|1.0|100|it \\\\ happened|10'
  assert.deepEqual(fieldsOf(`Jun  3 12:08:33 h CEF: ${header}|src=10.0.0.1 msg=a b\\=c d cs1= dst=x\\ny`), {
    ...old,
    timestamp: '2025-06-03T12:08:33.000Z',
    hostname: 'h',
    app_name: 'CEF',
    message: `${header}|src=10.0.0.1 msg=a b\\=c d cs1= dst=x\\ny`,
    'cef.version': '0',
    'cef.device_vendor': 'Ven|dor',
    'cef.device_product': 'Product',
    'cef.device_version': '1.0',
    'cef.device_event_class_id': '100',
    'cef.name': 'it \\ happened',
    'cef.severity': '10',
    'cef.extension.src': '10.0.0.1',
    'cef.extension.msg': 'a b=c d',
    'cef.extension.cs1': '',
    'cef.extension.dst': 'x\ny',
  })
  assert.equal(fieldsOf('Jun  3 12:08:33 h CEF: 0|a|b').app_name, 'CEF')
})

test('whatever the text, it is read, and hostile ones of 400,000 characters at once', () => {
  const seed = Date.now() >>> 0
  const random = new SeededRandom(seed)
  const pieces = [
    '<34>',
    '1 ',
    'Jun  3 12:08:33',
    ' ',
    '[',
    'a="',
    '"',
    '\\',
    ']',
    '-',
    ':',
    'CEF:',
    '|',
    '=',
    '0',
  ]
  for (let round = 0; round < 5000; round++) {
    const text = Array.from({ length: random.below(30) }, () => pieces[random.below(pieces.length)]).join('')
    assert.doesNotThrow(() => fieldsOf(text), `seed ${seed}: ${text}`)
  }
  for (const piece of ['[a b="c"]', '[a b="c" ', '[', '"', ' ', 'a=', ' =', '|\\', '\\', 'a']) {
    for (const before of [
      '1 - - - - - ',
      'Jun  3 12:08:33 h ',
      'Jun  3 12:08:33 h CEF: 0|a|b|c|d|e|f|',
      '<1>1 - - CEF - - - 0|',
    ]) {
      readSyslog(before + piece.repeat(50_000), clock)
    }
  }
})
