import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import { ExtractPattern } from '../pipes/extract-pattern.ts'
import { type TemplateRow, templatesOf, textOfRow } from '../test-templates.ts'
import { TextCutter } from './cut-texts.ts'

const PATTERNS = [
  ...[
    '*: failure; rhost=*  user=*',
    'ruser=* rhost=* end',
    'rhost=',
    'r*host=* x',
    'r* h* rhost=* a',
    '*rhost=*',
  ],
  ...[
    'nothing *',
    'rh* rhost=a b',
    'r*host=; * x',
    'rhost=a us*er=; *',
    'é rhost=é* rhost=* ',
    'rhost=* user=*',
    'a rhost="* b" *',
  ],
]
const EXTRACTS = [
  'rhost=<ip> user=<user>;',
  'rhost=<ip> ',
  'rhost=<ip>',
  'rhost=<plain:ip> user=<user>',
  'rhost=<ip> <_>=<user>',
  'r<a>=<b> ',
]
const VALUES = [
  ...[
    '10.0.0.1',
    '7',
    'root',
    '',
    'r',
    'rh',
    'rhost=',
    'x rhost=9 ',
    ' ',
    '"a',
    '"a b"',
    "'",
    'ho',
    'host=5',
    'é',
  ],
  ...['Mar', 'rhost=5 ', ' user=9'],
]

function parts(pattern: ExtractPattern, text: string): string[] {
  const found = pattern.names.map(() => '')
  pattern.takeApart(text, found)
  return found
}

test('cut texts have the parts of whole ones', () => {
  let cutCount = 0
  for (let seed = 1; seed <= 600; seed++) {
    const random = new SeededRandom(seed)
    const hostile = random.below(3) === 0
    const rows: TemplateRow[] = Array.from({ length: 1 + random.below(60) }, () => ({
      place: random.below(PATTERNS.length + 1),
      values: Array.from({ length: 3 }, () => VALUES[random.below(hostile ? VALUES.length : 3)]),
    }))
    const texts = rows.map((row) => textOfRow(PATTERNS, row))
    const templates = templatesOf(PATTERNS, rows, random)
    const pattern = new ExtractPattern(
      EXTRACTS[random.below(EXTRACTS.length)],
      (message) => new Error(message),
    )
    const cutter = new TextCutter(pattern.cut!)
    const some = rows.flatMap((_, row) => (random.below(3) === 0 ? [] : [row]))
    const picked = random.below(2) === 0 ? null : Uint32Array.from(some)
    const rowCount = picked?.length ?? rows.length
    const textOf = (row: number): string => texts[picked === null ? row : picked[row]]
    const all = Uint32Array.from({ length: rowCount }, (_, row) => row)
    const wanted = random.below(2) === 0 ? null : all.filter((row) => row % 2 === 0)
    const { texts: cut, ofRow } = cutter.groupsOf({ templates, rows: picked }, rowCount, wanted, (whole) => {
      cutCount += (wanted?.length ?? rowCount) - whole.length
      return { rows: whole, texts: Array.from(whole, textOf) }
    })
    for (let row = 0; row < rowCount; row++) {
      const expected =
        wanted === null || row % 2 === 0 ? parts(pattern, textOf(row)) : pattern.names.map(() => '')
      assert.deepEqual(parts(pattern, cut[ofRow![row]]), expected, `seed ${seed}: ${textOf(row)}`)
    }
  }
  assert.ok(cutCount > 2000, `${cutCount} were cut`)
})
