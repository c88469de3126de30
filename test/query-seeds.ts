/** Random queries over random records against a naive evaluator (src/query/test-differential.ts), seed after seed. */
import { generateCase, runSeeds } from '../src/query/test-differential.ts'

const SEEDS_PER_LINE = 100

export interface QuerySeedsOptions {
  readonly first: number
  readonly seeds: number
  readonly log: (line: string) => void
}

/** What was asked. Rejects with the story of the first seed whose answers differ, made as small as it can be. */
export async function querySeeds({ first, seeds, log }: QuerySeedsOptions): Promise<string> {
  const kinds = new Map<string, number>()
  const queries = await runSeeds(first, seeds, (done) => {
    if (done % SEEDS_PER_LINE === 0) log(`${done} seeds`)
  })
  for (let seed = first; seed < first + seeds; seed++) {
    for (const text of generateCase(seed).queries)
      for (const [, pipe] of text.matchAll(/\| (\w+)/g)) kinds.set(pipe, (kinds.get(pipe) ?? 0) + 1)
  }
  const met = [...kinds].sort(([a], [b]) => (a < b ? -1 : 1)).map(([kind, count]) => `${kind} ${count}`)
  return `${queries} queries answered as they should be. Pipes: ${met.join(', ')}`
}
