import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { ERROR_CODES, type ErrorCode } from '../../base/base.ts'
import { ACTIONS } from '../actions.ts'
import { OWN_DIALECT, VICTORIA_DIALECT } from './log-parameters.ts'
import { METRICS } from './metrics.ts'
import { HttpProblem, problemOf } from './problem-document.ts'
import { ROUTES } from './routes.ts'

const page = readFileSync(new URL('../../../docs/http.md', import.meta.url), 'utf8')

/** The rows of the tables below a heading, without those that name the columns. */
function tableRows(heading: string): readonly string[] {
  const [, rest] = page.split(`\n${heading}\n`)
  assert.ok(rest !== undefined, heading)
  const [section] = rest.split(/\n#{1,3} /)
  const blocks = section.split('\n\n').map((block) => block.trim())
  return blocks.filter((block) => block.startsWith('|')).flatMap((table) => table.split('\n').slice(2))
}

describe('docs/http.md', () => {
  it('lists all routes', () => {
    const rows = ROUTES.map(({ methods, path, action, summary }) => {
      const needed = ACTIONS[action]
      const needs = needed === null ? ' ' : ` \`${needed}\` `
      return `| ${methods.join(', ')} | \`${path}\` |${needs}| ${summary} |`
    })
    assert.deepEqual(tableRows('## Routes'), rows)
  })

  it('lists all parameters of logs', () => {
    const names = tableRows('### Which fields mean what').map((row) => row.split(' | ').slice(0, 4).join(' '))
    const own = Object.values(OWN_DIALECT.parameters)
    const theirs = Object.values(VICTORIA_DIALECT.parameters)
    const headerOf = (name: string): string =>
      name
        .split('_')
        .map((word) => word[0].toUpperCase() + word.slice(1))
        .join('-')
    const expected = own.map((name, index) => {
      const header = headerOf(name)
      return `| \`${name}\` \`LogCaster-${header}\` \`${theirs[index]}\` \`VL-${header}\``
    })
    assert.deepEqual(names, expected)
  })

  it('names the status of every code that it speaks of', () => {
    const statuses = new Map<string, number[]>()
    for (const row of tableRows('## Errors')) {
      const [, status] = row.split('|')
      for (const [, code] of row.matchAll(/`([A-Z_]+)`/g)) {
        statuses.set(code, [...(statuses.get(code) ?? []), ...status.split(',').map(Number)])
      }
    }
    for (const [code, named] of statuses) {
      assert.ok(isCode(code), code)
      assert.ok(named.includes(problemOf(new HttpProblem(code, '')).status), `${code}: ${named}`)
    }
  })

  it('lists all metrics', () => {
    const rows = METRICS.map(({ name, kind, labels, help }) => {
      const shown = labels.length === 0 ? ' ' : ` ${labels.map((label) => `\`${label}\``).join(', ')} `
      return `| \`${name}\` | ${kind} |${shown}| ${help} |`
    })
    assert.deepEqual(tableRows('## Metrics'), rows)
  })
})

function isCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_CODES, text)
}
