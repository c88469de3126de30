/**
 * Claims: a word filter takes 9 to 11 bits a word, of 4 bits half of that; hashing a word and putting it in a set costs
 * about 200 ns, building the filter 250 ns a word, asking it 110 ns (200,000 words).
 *
 *   npm run -s node -- bench/filter.ts [--words 200000]
 */
import { parseArgs } from 'node:util'
import { SeededRandom } from '../src/base/base.ts'
import { decodeWordFilter, encodeWordFilter } from '../src/storage/filter/word-filter.ts'
import { WordSet } from '../src/storage/filter/word-set.ts'
import { printFigure, printMachine } from './machine.ts'

const { values } = parseArgs({ options: { words: { type: 'string', default: '200000' } } })
const wordCount = Number(values.words)
const random = new SeededRandom(1)
const text = Buffer.from(Array.from({ length: wordCount }, () => `blk_${random.uint32()}`).join(' '))

/** Nanoseconds of CPU a word. */
function measure(run: () => void): number {
  const before = process.cpuUsage()
  run()
  const { user, system } = process.cpuUsage(before)
  return ((user + system) * 1000) / wordCount
}

function round(bits: 4 | 8, print: boolean): void {
  const set = new WordSet({ low: 1, high: 2 })
  const adding = measure(() => set.addWords(text, 0, text.length))
  let bytes: Uint8Array = new Uint8Array(0)
  const building = measure(() => {
    bytes = encodeWordFilter(set, bits)
  })
  const filter = decodeWordFilter(bytes)
  const asked = Buffer.from('blk_12345678')
  let found = 0
  const asking = measure(() => {
    for (let n = 0; n < wordCount; n++) {
      asked[4] = n
      asked[5] = n >> 8
      asked[6] = n >> 16
      if (filter.mayContain(asked, 0, asked.length)) found++
    }
  })
  if (!print) return
  printFigure(`fingerprints of ${bits} bits: bits a word`, ((bytes.length * 8) / set.count).toFixed(2))
  printFigure('  false answers', `${((found / wordCount) * 100).toFixed(2)} %`)
  printFigure(
    '  ns a word: add, build, ask',
    [adding, building, asking].map((ns) => ns.toFixed(0)).join(', '),
  )
}

printMachine(`Word filters of ${wordCount} words, CPU time of one process`)
for (const bits of [8, 4] as const) {
  round(bits, false)
  round(bits, true)
}
