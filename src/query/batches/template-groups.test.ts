import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import { type TemplateRow, templatesOf, textOfRow } from '../test-templates.ts'
import { collapseNumbers, collapseNumbersPretty } from '../values/collapse-nums.ts'
import { CollapsedTexts } from '../values/collapsed-texts.ts'
import { collapsedTemplates } from './template-groups.ts'

const PATTERNS = ['user * from *:*', 'took * ms', '* * * *', 'nothing 5 changes', '<N> *', 'at *-*-* *:*:*']
const VALUES = [
  ...[
    '7',
    '15',
    '007',
    '-3',
    '1.5',
    '10.0.0.1',
    'root',
    'a1b2',
    'blk_-77',
    'v2',
    '0x1f',
    'cafe',
    'R24-M1',
    '',
  ],
  ...['2edfed59-3e98-4073-bbb2-28d321ca71a7', 'abcdefab-abcd-abcd-abcd-abcdefabcdef', '<N>', 'é9', '12ms'],
]

/** Rows whose slots are alike, as in logs: some hold numbers only, some one value, some anything. */
function randomRows(random: SeededRandom): TemplateRow[] {
  const kinds = PATTERNS.map(() => Array.from({ length: 6 }, () => random.below(4)))
  return Array.from({ length: 1 + random.below(200) }, () => {
    const place = random.below(PATTERNS.length + 1)
    const values = Array.from({ length: 6 }, (_, slot) => {
      const kind = kinds[place]?.[slot] ?? 3
      if (kind === 0) return String(random.below(5000))
      if (kind === 1) return 'same'
      return VALUES[random.below(kind === 2 ? 4 : VALUES.length)]
    })
    return { place, values }
  })
}

test('messages become by their templates what each becomes by itself, and rows are counted right', () => {
  for (let seed = 1; seed <= 150; seed++) {
    const random = new SeededRandom(seed)
    const isPretty = random.below(2) === 1
    const forms = new CollapsedTexts(false, seed)
    for (let block = 0; block < 3; block++) {
      const rows = randomRows(random)
      const wanted = rows.map((row) =>
        (isPretty ? collapseNumbersPretty : collapseNumbers)(textOfRow(PATTERNS, row)),
      )
      const groups = collapsedTemplates(templatesOf(PATTERNS, rows, random), isPretty, forms)
      const counts = new Map<string, number>()
      for (const text of wanted) counts.set(text, (counts.get(text) ?? 0) + 1)
      const found = new Map<string, number>()
      for (const [group, count] of groups.rowCounts!().entries())
        if (count > 0) found.set(groups.texts[group], (found.get(groups.texts[group]) ?? 0) + count)
      assert.deepEqual(found, counts, `seed ${seed}`)
      assert.deepEqual(
        Array.from(groups.ofRow!, (group) => groups.texts[group]),
        wanted,
        `seed ${seed}`,
      )
    }
  }
})
