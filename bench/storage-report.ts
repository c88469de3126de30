/** The page that storage.ts prints and keeps as docs/benchmarks.md: figures, queries, and what they mean. */
import { type Figure, printFigures, printTable } from './figures.ts'

export interface Report {
  /** Day of the run, YYYY-MM-DD; null: not said. */
  readonly date: string | null
  readonly command: string
  readonly machine: string
  readonly yardsticks: readonly (readonly [name: string, value: string])[]
  readonly figures: readonly Figure[]
  /** Table of queries, or empty. */
  readonly queries: string
}

const MEANING = `## How it was measured

The server is a process of its own with an empty data directory; the programs that send to it run on the same
processors, and their CPU is not counted. CPU of the server is user and system time of the whole process, worker threads
included. Yardsticks are the least of some rounds on the same file in the same run, because times of another hour or
machine say nothing: compare ratios.

- **Data A** is the ten real logs of 2,000 lines, amplified: cycle after cycle with other numbers. Repeated cycles
  flatter large blocks, of every engine. **Data B** is a web server's access log of 5,000 lines, once through.
- **Bytes on disk** are the lengths of all files of the data directory, write-ahead log, manifest and every index
  included; for data B those of parts alone, because the little else there is would weigh more than such small data.
  "After merging" is after \`logcaster merge --wait\`, "right after sealing" after \`logcaster flush\`: parts that the
  background has merged by then are merged.
- **CPU from NDJSON to merged parts** begins with the first byte of data A over one HTTP connection, in bodies of 1 MiB,
  each synced before its answer, and ends when \`merge --wait\` answers. It is the least of three runs, each with a server
  of its own.
- **Log port** is what four connections get acknowledged while the server seals and merges. Lines are the real logs with
  the time of sending, 200 bytes on average, and begin anew after 200,000. **RSS** is the greatest that
  the kernel saw, at a fixed pace of the same lines.
- **Queries** are asked over one connection to the query port, warm. CPU is that of the cheapest of five rounds of many
  runs; wall time is the least of all runs. Counts and the times of the newest hundred are compared with answers found
  without LogCaster: one that differs is WRONG. VictoriaLogs is 1.26 with the same data and query over HTTP, its CPU
  over that of the same grep in its own run.
- **Growth** sends a million records again and again, and compares the CPU of the server for a record, all background
  work included, of the last sends with that of the first ones.

Verdicts: \`goal\` and \`must\` were reached, \`MISSED\`: not even must, \`WRONG\`: the answer was.
`

export function printReport({ date, command, machine, yardsticks, figures, queries }: Report): string {
  const when = date === null ? '' : `${date}, `
  const sections = [
    '# Benchmarks of the storage engine\n',
    `${when}${machine}\n\n\`\`\`sh\n${command}\n\`\`\`\n`,
    printTable(['yardstick of this run', 'value'], yardsticks),
    printFigures(figures),
  ]
  if (queries !== '') sections.push(`## Queries over data A\n\n${queries}`)
  return [...sections, MEANING].join('\n')
}
