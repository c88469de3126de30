import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { PassThrough } from 'node:stream'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { Painter } from '../terminal.ts'
import { paintLines } from './line-painter.ts'

const PROMPT = '> '
const marked: Painter = (_style, text) => `<${text}>`

/** What is written to a terminal of 20 columns and 4 rows, once readline has shown the last key. */
async function paintedAfter(keys: string): Promise<string> {
  const input = new PassThrough()
  const output = Object.assign(new PassThrough(), { columns: 20, rows: 4 })
  const lines = createInterface({ input, output, terminal: true, prompt: PROMPT })
  lines.prompt()
  input.write(keys.slice(0, -1))
  await setImmediate()
  output.read()
  paintLines(input, output, lines, { promptColumns: PROMPT.length, paint: marked, isTyping: () => true })
  const typed = once(input, 'keypress')
  input.write(keys.slice(-1))
  await typed
  output.read()
  await setImmediate()
  const written = String(output.read() ?? '')
  lines.close()
  return written
}

describe('the colours of the line that is typed', () => {
  for (const [what, keys, painted] of [
    ['are drawn where the line fits', 'a | uniq', '\x1b[3Ga <|> <uniq>\x1b[0K\x1b[11G'],
    [
      'are drawn over two rows',
      '"ab cd" | uniq by (x',
      '\x1b[1A\x1b[3G<"ab cd"> <|> <uniq> <by> <(>x\x1b[0K\x1b[3G',
    ],
    [
      'go to the next row behind a full one',
      '"abcdefghi" | uniq',
      '\x1b[1A\x1b[3G<"abcdefghi"> <|> <uniq> \x1b[0K\x1b[1G',
    ],
    [
      'count letters of two columns',
      '"한국어로그" | uniq x',
      '\x1b[1A\x1b[3G<"한국어로그"> <|> <uniq> x\x1b[0K\x1b[4G',
    ],
    ['are left out where the line is longer than the screen', `"${'a'.repeat(90)}`, ''],
    ['are left out where a character would be obeyed', 'a\u202eb', ''],
    ['are left out of commands', '.limit 5', ''],
  ] as const) {
    it(what, async () => {
      assert.equal(await paintedAfter(keys), painted)
    })
  }
})
