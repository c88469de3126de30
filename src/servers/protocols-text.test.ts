import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { LOG_REFUSALS, QUERY_LINE_BYTES_MAX, QUERY_REFUSALS } from '../ingest/ingest.ts'
import { RECORD_BYTES_MAX_DEFAULT } from '../record/record.ts'
import { CONNECTION_REFUSALS } from './admission.ts'
import { QUERY_TYPES } from './query-types.ts'

const page = readFileSync(new URL('../../docs/protocols-text.md', import.meta.url), 'utf8')
/** In tables a bar is written `\|`. */
const text = page.replaceAll('\\|', '|')

/** What follows a heading, up to the next one of its depth. */
function section(heading: string): string {
  const start = text.indexOf(`\n${heading}\n`)
  assert.notEqual(start, -1, heading)
  const end = text.indexOf(`\n${heading.slice(0, heading.indexOf(' ') + 1)}`, start + heading.length)
  return text.slice(start, end < 0 ? undefined : end)
}

describe('docs/protocols-text.md', () => {
  it('quotes every reason of the log port beside its name', () => {
    const rows = section('## The log port')
    for (const [name, reason] of Object.entries(LOG_REFUSALS)) {
      const quoted = reason.replace('{bytesMax}', String(RECORD_BYTES_MAX_DEFAULT))
      assert.ok(rows.includes(`| \`${name}\` | \`${quoted}\``), `${name}: ${quoted}`)
    }
  })

  it('quotes every reason of the query port', () => {
    const rows = section('## The query port')
    for (const reason of Object.values(QUERY_REFUSALS)) {
      const quoted = reason
        .replace('{bytesMax}', String(QUERY_LINE_BYTES_MAX))
        .replace('{types}', QUERY_TYPES.map(({ name }) => name).join(', '))
        .replace('{ms}', '30000')
      assert.ok(rows.includes(`| \`${quoted}\``), quoted)
    }
  })

  it('quotes every reason for refusing a connection', () => {
    const rows = section('## Refused connections')
    const counts = {
      notAllowed: '',
      tooMany: '10000',
      tooManyPerAddress: '100',
      tooFast: '100',
      tooManyPerWindow: '10',
    }
    for (const [name, reason] of Object.entries(CONNECTION_REFUSALS)) {
      const count = counts[name as keyof typeof counts]
      const quoted = reason.replace('{count}', count).replace('{seconds}', '60')
      assert.ok(rows.includes(`| \`${quoted}\` |`), quoted)
    }
  })

  it('lists the types of queries as HELP does', () => {
    const rows = section('## The query port')
    for (const { name, parameter, help } of QUERY_TYPES) {
      const shown = parameter === '' ? ' ' : ` \`${parameter}\` `
      assert.ok(rows.includes(`| \`${name}\` |${shown}| ${help} |`), name)
    }
  })
})
