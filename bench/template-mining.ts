/**
 * Claim: mining templates and interning their variables takes 200 MB of messages a second of one processor, so that
 * sealing is not held back by it.
 *
 *   npm run -s node -- bench/template-mining.ts <file.log>... [--rounds 5] [--block 65536]
 *
 * A file has a message a line; it is best made with `amplify.mjs --lines 200000 --format raw` of one real log.
 */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { systemRandom } from '../src/base/base.ts'
import { PLAIN } from '../src/storage/template/template.ts'
import { TemplateMiner } from '../src/storage/template/template-miner.ts'
import { ValueInterner } from '../src/storage/template/value-interner.ts'
import { measureZstd, printFigure, printMachine } from './machine.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '5' }, block: { type: 'string', default: '65536' } },
})
if (positionals.length === 0) throw new Error('usage: bench/template-mining.ts <file.log>...')
const blockRows = Number(values.block)
const miner = new TemplateMiner(systemRandom)
const interner = new ValueInterner(systemRandom)

interface Lines {
  readonly data: Uint8Array
  readonly starts: Uint32Array
  readonly lengths: Uint32Array
}

interface Work {
  mineSeconds: number
  internSeconds: number
  rows: number
  plainRows: number
  templates: number
  variables: number
  values: number
}

function linesOf(data: Uint8Array): Lines {
  const starts: number[] = []
  const lengths: number[] = []
  for (let at = 0; at < data.length; ) {
    const end = data.indexOf(10, at)
    starts.push(at)
    lengths.push((end < 0 ? data.length : end) - at)
    at = (end < 0 ? data.length : end) + 1
  }
  return { data, starts: Uint32Array.from(starts), lengths: Uint32Array.from(lengths) }
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

function round({ data, starts, lengths }: Lines): Work {
  const work = {
    mineSeconds: 0,
    internSeconds: 0,
    rows: 0,
    plainRows: 0,
    templates: 0,
    variables: 0,
    values: 0,
  }
  for (let from = 0; from < starts.length; from += blockRows) {
    const rowCount = Math.min(blockRows, starts.length - from)
    const before = cpuSeconds()
    const mined = miner.mine(
      { data, starts: starts.subarray(from), lengths: lengths.subarray(from) },
      rowCount,
    )
    const between = cpuSeconds()
    const { table } = interner.intern(mined, data)
    work.mineSeconds += between - before
    work.internSeconds += cpuSeconds() - between
    work.rows += rowCount
    work.plainRows += mined.rowTemplates.reduce((sum, template) => sum + (template === PLAIN ? 1 : 0), 0)
    work.templates = Math.max(work.templates, mined.templates.length)
    work.variables += mined.variableStarts.length
    work.values += table.count
  }
  return work
}

printMachine(`Templates of messages, CPU time of one process, ${blockRows} rows a block`)
for (const path of positionals) {
  const lines = linesOf(readFileSync(path))
  const works = Array.from({ length: Number(values.rounds) + 1 }, () => round(lines)).slice(1)
  const median = works.sort((a, b) => secondsOf(a) - secondsOf(b))[works.length >> 1]
  const megabytes = lines.lengths.reduce((sum, length) => sum + length, 0) / 1e6
  const zstd = measureZstd(lines.data)
  const seconds = secondsOf(median)
  printFigure(
    `${basename(path)}, ${megabytes.toFixed(1)} MB`,
    [
      `${(megabytes / seconds).toFixed(0)} MB/s (mine ${(megabytes / median.mineSeconds).toFixed(0)}, ` +
        `intern ${(megabytes / median.internSeconds).toFixed(0)})`,
      `zstd -1 x ${zstd === null ? '?' : (seconds / zstd).toFixed(2)}`,
      `templates ${median.templates}`,
      `plain ${((median.plainRows / median.rows) * 100).toFixed(1)}%`,
      `variables ${(median.variables / median.rows).toFixed(1)} and values ${(median.values / median.rows).toFixed(2)} a row`,
    ].join(', '),
  )
}

function secondsOf({ mineSeconds, internSeconds }: Work): number {
  return mineSeconds + internSeconds
}
