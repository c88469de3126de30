/**
 * Claim: rows of templates are put together and hashed at least 1.5 times as fast by the kernel as by its twins
 * (docs/adr/0006-kernels.md), which `stats count_uniq(_msg)` does for every record.
 *
 *   npm run -s node -- bench/template-hashes.ts [--rows 60000] [--templates 200] [--rounds 9]
 *
 * Messages like those of sshd: five slots, two of them numbers. Half of the templates have few rows, as in real blocks.
 * Kernel and twin in turns; the least of the rounds counts.
 */
import { parseArgs } from 'node:util'
import { SeededRandom } from '../src/base/base.ts'
import { TemplateHashKernel } from '../src/query/stats/template-hash-kernel.ts'
import { hashedTemplates } from '../src/query/stats/template-hashes.ts'
import { ValueHasher } from '../src/query/stats/value-hash.ts'
import type { TextTemplate, TextTemplates } from '../src/record/record.ts'
import { printFigure, printMachine } from './machine.ts'

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '60000' },
    templates: { type: 'string', default: '200' },
    rounds: { type: 'string', default: '9' },
  },
})
const [rowCount, templateCount, rounds] = [values.rows, values.templates, values.rounds].map(Number)

const random = new SeededRandom(1)
const TEXT = 'Dec 10 LabSZ sshd[]: Failed password for invalid user  from  port  ssh2, and what else there is'
const SLOTS = [7, 19, 55, 61, 67]
const SMALL_ROWS = 10

function columnOf(texts: readonly string[]): ReturnType<TextTemplate['values']> {
  const lengths = Uint32Array.from(texts, (text) => Buffer.byteLength(text))
  const starts = new Uint32Array(texts.length)
  for (let row = 1; row < starts.length; row++) starts[row] = starts[row - 1] + lengths[row - 1]
  return { data: new Uint8Array(Buffer.from(texts.join(''))), starts, lengths }
}

function exampleTemplates(): TextTemplates {
  const small = Math.floor(templateCount / 2)
  const large = Math.floor((rowCount - small * SMALL_ROWS) / (templateCount - small))
  const templates = Array.from({ length: templateCount }, (_, at): TextTemplate => {
    const rows = at < small ? SMALL_ROWS : large
    const columns = SLOTS.map((_slot, slot) =>
      columnOf(Array.from({ length: rows }, () => (slot === 2 ? 'webmaster' : String(random.below(65_536))))),
    )
    const text = new Uint8Array(Buffer.from(`${at} ${TEXT}`))
    const slots = SLOTS.map((slot) => slot + `${at} `.length)
    return { text, slots, rowCount: rows, isDigits: () => false, values: (slot) => columns[slot] }
  })
  const ofRow = Uint32Array.from(
    templates.flatMap(({ rowCount: rows }, at) => new Array<number>(rows).fill(at)),
  )
  return { templates, ofRow, plain: null }
}

const templates = exampleTemplates()
const hasher = new ValueHasher([1, 2, 3, 4])
const kernel = TemplateHashKernel.open()
if (kernel === null) throw new Error('there is no WebAssembly here')

const least = { kernel: Infinity, twin: Infinity }
for (let round = 0; round < rounds; round++) {
  for (const [name, with_] of [
    ['kernel', kernel],
    ['twin', null],
  ] as const) {
    const began = process.cpuUsage()
    hashedTemplates(templates, hasher, with_)
    const { user, system } = process.cpuUsage(began)
    least[name] = Math.min(least[name], user + system)
  }
}

printMachine('hashes of templates')
const rows = templates.ofRow.length
for (const name of ['kernel', 'twin'] as const)
  printFigure(`${name}, ns of CPU a row`, ((least[name] * 1000) / rows).toFixed(0))
printFigure('twin / kernel', (least.twin / least.kernel).toFixed(2))
