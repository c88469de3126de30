import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RECORD_FLAG_LEVEL_UPPER } from './batch.ts'
import {
  LEVELS,
  levelLabel,
  levelName,
  levelSeverity,
  levelSeverityOfBytes,
  levelValue,
  levelWordFlags,
  tellingSeverityOfBytes,
} from './levels.ts'

const utf8 = new TextEncoder()

/** Through bytes that lie in the middle of others. */
function ofBytes<T>(word: string, read: (bytes: Uint8Array, start: number, end: number) => T): T {
  const bytes = utf8.encode(`x${word}x`)
  return read(bytes, 1, bytes.length - 1)
}

function mixedCase(word: string): string {
  return [...word].map((char, index) => (index % 2 === 0 ? char.toUpperCase() : char)).join('')
}

test('the canonical names have the severities of OTLP', () => {
  const severities = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'].map(levelSeverity)
  assert.deepEqual(severities, [1, 5, 9, 13, 17, 21])
})

test('synonyms have the severity that their senders mean', () => {
  const rows: [string, number][] = [
    ['WARNING', 13],
    ['ERR', 17],
    ['NOTICE', 10],
    ['CRITICAL', 21],
    ['CRIT', 21],
    ['ALERT', 22],
    ['EMERG', 24],
    ['EMERGENCY', 24],
    ['PANIC', 24],
    ['SEVERE', 17],
    ['VERBOSE', 5],
    ['FINE', 5],
    ['FINEST', 1],
    ['Information', 9],
    ['E', 17],
    ['ERROR2', 18],
    ['trace4', 4],
    ['FATAL4', 24],
  ]
  for (const [word, severity] of rows) assert.equal(levelSeverity(word), severity, word)
})

test('UNKNOWN, NONE and the empty word mean no level', () => {
  for (const word of ['UNKNOWN', 'unknown', 'NONE', '']) {
    assert.equal(levelSeverity(word), 0, word)
    assert.equal(ofBytes(word, levelSeverityOfBytes), 0, word)
    assert.equal(ofBytes(word, levelWordFlags), 0, word)
  }
})

test('every word of the table is found in any case, as text and as bytes', () => {
  for (const { word, severity } of LEVELS) {
    for (const spelled of [word, word.toUpperCase(), mixedCase(word)]) {
      assert.equal(levelSeverity(spelled), severity, spelled)
      assert.equal(ofBytes(spelled, levelSeverityOfBytes), severity, spelled)
    }
  }
})

test('no word stands in the table twice, and every name is that of the severity', () => {
  assert.equal(new Set(LEVELS.map((level) => level.word)).size, LEVELS.length)
  for (const level of LEVELS) {
    assert.equal(level.word, level.word.toLowerCase())
    assert.equal(level.name, levelName(level.severity))
  }
})

test('what is nearly a level word is none', () => {
  const words = [
    'erro',
    'errors',
    'error ',
    ' error',
    'warn\0',
    'inf0',
    'information!',
    'informationally',
    '\xe9rror',
  ]
  // Letters with bit 0x20 the other way, and bytes that differ from letters in that bit alone.
  words.push('[RROR', 'DEBUG\x12', 'wa\x52\x0e', '{', 'E\0', 'TRACE5', 'INFO1')
  for (const word of words) {
    assert.equal(levelSeverity(word), -1, JSON.stringify(word))
    assert.equal(ofBytes(word, levelSeverityOfBytes), -1, JSON.stringify(word))
    assert.equal(ofBytes(word, levelWordFlags), -1, JSON.stringify(word))
  }
})

test('a part of a level word is no level unless the table has it', () => {
  const words = new Set(LEVELS.map((level) => level.word))
  for (const word of words) {
    for (let length = 1; length < word.length; length++) {
      const part = word.slice(0, length)
      if (!words.has(part)) assert.equal(ofBytes(part, levelSeverityOfBytes), -1, part)
    }
  }
})

test('a word longer than all of the table is no level, however long', () => {
  assert.equal(ofBytes('informational'.repeat(1000), levelSeverityOfBytes), -1)
})

test('only words that tell a level in prose count there', () => {
  assert.equal(ofBytes('Warning', tellingSeverityOfBytes), 13)
  for (const word of ['note', 'fine', 'config', 'e', 'unknown', 'nothing']) {
    assert.equal(ofBytes(word, tellingSeverityOfBytes), 0, word)
  }
})

test('names and labels follow the severity, four numbers to a name', () => {
  assert.equal(levelName(17), 'error')
  assert.equal(levelName(20), 'error')
  assert.equal(levelName(0), '')
  assert.equal(levelName(25), '')
  assert.equal(levelLabel(17), 'ERROR')
  assert.equal(levelLabel(24), 'FATAL')
  assert.equal(levelLabel(0), 'UNKNOWN')
  assert.equal(levelLabel(-1), 'UNKNOWN')
})

test('a canonical name needs a flag at most, any other word is kept', () => {
  assert.equal(ofBytes('ERROR', levelWordFlags), RECORD_FLAG_LEVEL_UPPER)
  assert.equal(ofBytes('error', levelWordFlags), 0)
  for (const word of ['Error', 'WARNING', 'err', 'NOTICE', 'ERROR2', 'e']) {
    assert.equal(ofBytes(word, levelWordFlags), -1, word)
  }
})

test('the level of a record without a word is printed as it came', () => {
  assert.equal(levelValue(17, RECORD_FLAG_LEVEL_UPPER), 'ERROR')
  assert.equal(levelValue(17, 0), 'error')
  assert.equal(levelValue(0, RECORD_FLAG_LEVEL_UPPER), '')
})
