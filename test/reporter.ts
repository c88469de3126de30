/**
 * Node's own `spec` report; after failures, which it prints at length below its totals, the totals once more, so that
 * the closing lines always say how it went.
 */
import { PassThrough, Readable } from 'node:stream'
import { spec } from 'node:test/reporters'

interface Totals {
  readonly tests: number
  readonly passed: number
  readonly failed: number
  readonly cancelled: number
  readonly skipped: number
  readonly todo: number
}

interface Event {
  readonly type: string
  readonly data: { readonly file?: string; readonly counts?: Totals }
}

export default async function* report(events: AsyncIterable<Event>): AsyncGenerator<string> {
  let totals: Totals | undefined
  async function* watched(): AsyncGenerator<Event> {
    for await (const event of events) {
      // A summary without a file is that of the whole run.
      if (event.type === 'test:summary' && event.data.file === undefined) totals = event.data.counts
      yield event
    }
  }
  const printed = Readable.from(watched())
    .pipe(spec())
    .pipe(new PassThrough({ encoding: 'utf8' }))
  for await (const text of printed) yield String(text)
  if (totals !== undefined && totals.failed + totals.cancelled > 0) yield closingLines(totals)
}

function closingLines(totals: Totals): string {
  const { tests, passed, failed, cancelled, skipped, todo } = totals
  const lines = Object.entries({ tests, pass: passed, fail: failed, cancelled, skipped, todo })
  return `\n${lines.map(([name, count]) => `# ${name} ${count}\n`).join('')}`
}
