import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { classifyLine, LINE_COMMAND, LINE_EMPTY, LINE_PLAIN, LINE_UNDECIDED } from './line-classifier.ts'

const NAMES = ['plain', 'command', 'empty', 'undecided']

const WHOLE: readonly [line: string, kind: number][] = [
  ['', LINE_EMPTY],
  ['\r', LINE_EMPTY],
  [' ', LINE_PLAIN],
  ['\r\r', LINE_PLAIN],
  ['disk full', LINE_PLAIN],
  ['PING', LINE_COMMAND],
  ['PING\r', LINE_COMMAND],
  ['PINGS', LINE_PLAIN],
  ['PIN', LINE_PLAIN],
  ['ping', LINE_PLAIN],
  ['STATS', LINE_COMMAND],
  ['QUIT', LINE_COMMAND],
  ['QUIT now', LINE_PLAIN],
  ['LOG|', LINE_COMMAND],
  ['LOG|INFO||x', LINE_COMMAND],
  ['LOG', LINE_PLAIN],
  ['LOGGED in', LINE_PLAIN],
  ['AUTH|x', LINE_COMMAND],
  ['AUTH', LINE_PLAIN],
  ['LOG:  database system is ready', LINE_PLAIN],
  ['LOG:1700000000:INFO:x', LINE_COMMAND],
  ['LOG:1700000000.25:INFO:x', LINE_COMMAND],
  ['LOG::INFO:x', LINE_COMMAND],
  ['LOG::INFO x', LINE_PLAIN],
  ['LOG:12a:INFO:x', LINE_PLAIN],
  ['LOG:12', LINE_PLAIN],
  ['LOG:12:INFO', LINE_PLAIN],
  ['Apache', LINE_PLAIN],
  ['Summary: fine', LINE_PLAIN],
]

const PARTS: readonly [start: string, kind: number][] = [
  ['', LINE_UNDECIDED],
  ['\r', LINE_UNDECIDED],
  ['d', LINE_PLAIN],
  ['P', LINE_UNDECIDED],
  ['PING', LINE_UNDECIDED],
  ['PING\r', LINE_UNDECIDED],
  ['PING ', LINE_PLAIN],
  ['L', LINE_UNDECIDED],
  ['LOG', LINE_UNDECIDED],
  ['LOG|', LINE_COMMAND],
  ['LOG:', LINE_UNDECIDED],
  ['LOG:17', LINE_UNDECIDED],
  ['LOG:17:IN', LINE_UNDECIDED],
  ['LOG:17:INFO:', LINE_COMMAND],
  ['LOG: ', LINE_PLAIN],
  ['AUT', LINE_UNDECIDED],
  ['QUITE', LINE_PLAIN],
]

const kindOf = (text: string, isComplete: boolean): string => {
  const bytes = Buffer.from(`#${text}#`)
  return NAMES[classifyLine(bytes, 1, bytes.length - 1, isComplete)]
}

describe('classifyLine', () => {
  for (const [line, kind] of WHOLE) {
    it(`calls the line ${JSON.stringify(line)} ${NAMES[kind]}`, () =>
      assert.equal(kindOf(line, true), NAMES[kind]))
  }
  for (const [start, kind] of PARTS) {
    it(`calls a line that starts with ${JSON.stringify(start)} ${NAMES[kind]}`, () =>
      assert.equal(kindOf(start, false), NAMES[kind]))
  }
  it('never decides on a start what the whole line contradicts', () => {
    for (const [line] of WHOLE) {
      for (let length = 0; length < line.length; length++) {
        const early = kindOf(line.slice(0, length), false)
        if (early !== 'undecided') assert.equal(early, kindOf(line, true), `${line} at ${length}`)
      }
    }
  })
})
