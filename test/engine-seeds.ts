/** Runs of the storage engine against a plain array (src/testing/engine-run.ts), seed after seed, and what they met. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CUT_PLACES, type EngineCoverage, engineRun } from '../src/testing/engine-run.ts'

const LINES_PER_FILE = 300
const STEPS = 40
const SEEDS_PER_LINE = 100

export interface EngineSeedsOptions {
  readonly first: number
  readonly seeds: number
  readonly log: (line: string) => void
  /** No cuts, kills and faults. */
  readonly isPeaceful?: boolean
}

/** What happened how often. Rejects with the seed and the story of the first run in which the store was wrong. */
export async function engineSeeds(options: EngineSeedsOptions): Promise<EngineCoverage> {
  const { first, seeds, log, isPeaceful = false } = options
  const corpus = corpusLines()
  const all: EngineCoverage = new Map()
  for (let seed = first; seed < first + seeds; seed++) {
    const some = await engineRun({ seed, steps: STEPS, corpus, isPeaceful })
    for (const [what, count] of some) all.set(what, (all.get(what) ?? 0) + count)
    if ((seed - first + 1) % SEEDS_PER_LINE === 0) log(`${seed - first + 1} seeds: ${printCoverage(all)}`)
  }
  return all
}

export function printCoverage(coverage: EngineCoverage): string {
  return [...coverage]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([what, count]) => `${what} ${count}`)
    .join(', ')
}

/** Places in which no disk ended, by a power cut or by a kill. */
export function placesMissed(coverage: EngineCoverage): string[] {
  return CUT_PLACES.filter((place) => place !== 'any')
    .flatMap((place) => [`cut in ${place}`, `kill in ${place}`])
    .filter((what) => (coverage.get(what) ?? 0) === 0)
}

/** The first lines of each real log; none where the folder `shared` is not: a seed then makes other records. */
function corpusLines(): string[] {
  const folder = join(import.meta.dirname, '../../shared/corpus')
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => name.endsWith('.log'))
    .sort()
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n').slice(0, LINES_PER_FILE))
}
