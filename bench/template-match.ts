/**
 * Claim: to ask 65,536 templates whether they can hold a needle takes well under 50 ms where most cannot, so that a
 * part is skipped or narrowed for less than reading one of its frames costs.
 *
 *   npm run -s node -- bench/template-match.ts <file.log>... [--templates 65536] [--rounds 7]
 *
 * The templates of all files make one dictionary, repeated up to the number asked for. Facts of slots are those of the
 * files' values.
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { systemRandom } from '../src/base/base.ts'
import type { TestNeedle } from '../src/record/record.ts'
import { addValue, noSlotFacts, type SlotFacts } from '../src/storage/template/slot-facts.ts'
import { PLAIN, type Template } from '../src/storage/template/template.ts'
import { TemplateMatcher } from '../src/storage/template/template-match.ts'
import { TemplateMiner } from '../src/storage/template/template-miner.ts'
import { printFigure, printMachine } from './machine.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { templates: { type: 'string', default: '65536' }, rounds: { type: 'string', default: '7' } },
})
if (positionals.length === 0) throw new Error('usage: bench/template-match.ts <file.log>...')

const WORD = /[\p{L}\p{Nd}_]/u
const SUBSTRINGS = ['of size 6', 'e', '6', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaab']
const PHRASES = [
  'Failed password',
  'connection reset by peer, giving up',
  'blk_-1608999687919862906',
  '10.250.14.224',
  'GET /index.html HTTP/1.1',
]

interface Entry {
  readonly template: Template
  readonly facts: SlotFacts
}

function minedEntries(path: string): Entry[] {
  const data = readFileSync(path)
  const starts: number[] = []
  const lengths: number[] = []
  for (let at = 0; at < data.length; ) {
    const found = data.indexOf(10, at)
    const end = found < 0 ? data.length : found
    starts.push(at)
    lengths.push(end - at)
    at = end + 1
  }
  const column = { data, starts: Uint32Array.from(starts), lengths: Uint32Array.from(lengths) }
  const mined = new TemplateMiner(systemRandom).mine(column, starts.length)
  const entries = mined.templates.map((template) => ({
    template,
    facts: noSlotFacts(template.slots.length),
  }))
  let variable = 0
  for (const number of mined.rowTemplates) {
    if (number === PLAIN) continue
    const { template, facts } = entries[number]
    for (let slot = 0; slot < template.slots.length; slot++, variable++)
      addValue(facts, slot, data, mined.variableStarts[variable], mined.variableEnds[variable])
  }
  return entries
}

function needleOf(text: string, isPhrase: boolean): TestNeedle {
  return {
    bytes: new TextEncoder().encode(text),
    startsWord: isPhrase && WORD.test(text[0]),
    endsWord: isPhrase && WORD.test(text[text.length - 1]),
    isWhole: false,
    decides: true,
  }
}

function measure(entries: readonly Entry[], text: string, isPhrase: boolean): void {
  /** CPU time, in ns. */
  const times: number[] = []
  let counts = { all: 0, none: 0, window: 0 }
  for (let round = 0; round < Number(values.rounds); round++) {
    counts = { all: 0, none: 0, window: 0 }
    const began = process.cpuUsage()
    const matcher = new TemplateMatcher(needleOf(text, isPhrase))
    for (const { template, facts } of entries) {
      const answer = matcher.ask(template, facts)
      counts[typeof answer === 'string' ? answer : 'window']++
    }
    const { user, system } = process.cpuUsage(began)
    times.push((user + system) * 1000)
  }
  const median = times.sort((a, b) => a - b)[times.length >> 1]
  const percent = (count: number) => `${((count / entries.length) * 100).toFixed(2)}%`
  printFigure(
    `${isPhrase ? 'phrase' : 'substring'} ${text}`,
    `${(median / entries.length).toFixed(0)} ns a template, ${(median / 1e6).toFixed(1)} ms; all ${percent(counts.all)}, ` +
      `none ${percent(counts.none)}, window ${percent(counts.window)}`,
  )
}

const mined = positionals.flatMap(minedEntries)
const count = Number(values.templates)
/** Copies, so that the bytes lie apart in memory as those of a real part do. */
const entries = Array.from({ length: count }, (_, index) => {
  const { template, facts } = mined[index % mined.length]
  return { template: { text: template.text.slice(), slots: template.slots.slice() }, facts }
})
const sum = (number: (entry: Entry) => number) => mined.reduce((total, entry) => total + number(entry), 0)
const slotsMean = sum(({ template }) => template.slots.length) / mined.length
const bytesMean = sum(({ template }) => template.text.length) / mined.length
printMachine(
  `${count} templates from ${mined.length} mined, ${bytesMean.toFixed(0)} bytes and ${slotsMean.toFixed(1)} slots each`,
)
for (const text of PHRASES) measure(entries, text, true)
for (const text of SUBSTRINGS) measure(entries, text, false)
