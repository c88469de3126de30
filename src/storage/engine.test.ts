/** The engine against a plain array: long random histories on a disk that fails, loses and comes back. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type EngineCoverage, engineRun } from '../testing/engine-run.ts'

const corpusFolder = join(import.meta.dirname, '../../../shared/corpus')

/** Lines of real logs, none where the folder is missing. */
function corpusLines(): string[] {
  if (!existsSync(corpusFolder)) return []
  return readdirSync(corpusFolder)
    .map((name) => join(corpusFolder, name))
    .filter((path) => path.endsWith('.log') && statSync(path).isFile())
    .flatMap((path) => readFileSync(path, 'utf8').split('\n').slice(0, 300))
}

function addTo(all: EngineCoverage, some: EngineCoverage): void {
  for (const [what, count] of some) all.set(what, (all.get(what) ?? 0) + count)
}

test('the store agrees with a plain array, whatever is done to it and wherever its disk ends', async (t) => {
  const seeds = Number(process.env['LOGCASTER_ENGINE_SEEDS'] ?? 150)
  const first = Number(process.env['LOGCASTER_ENGINE_SEED'] ?? 1)
  const corpus = corpusLines()
  const coverage: EngineCoverage = new Map()
  for (let seed = first; seed < first + seeds; seed++)
    addTo(coverage, await engineRun({ seed, steps: 40, corpus }))
  t.diagnostic([...coverage].map(([what, count]) => `${what} ${count}`).join(', '))
})
