/**
 * Makes the pages of docs/ that follow from declarations in the code, so that there is one home for each truth.
 *
 *   npm run docs             writes them
 *   npm run docs -- --check  says which ones are stale, and fails if one is
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ERROR_CODES } from '../src/base/base.ts'
import { printCliReference } from '../src/cli/cli.ts'
import { printReference } from '../src/config/config.ts'
import { printLogsqlReference } from '../src/query/query.ts'

const root = join(import.meta.dirname, '..')

export interface Page {
  /** From the root of the repository. */
  readonly path: string
  readonly text: string
}

export function printPages(): Page[] {
  return [
    { path: 'docs/errors.md', text: printErrors(ERROR_CODES) },
    { path: 'docs/configuration.md', text: printReference() },
    { path: 'docs/cli.md', text: printCliReference() },
    { path: 'docs/logsql.md', text: printLogsqlReference() },
  ]
}

/** Those of `pages` that are missing under `folder` or read differently there. */
export function stalePages(folder: string, pages: readonly Page[]): Page[] {
  return pages.filter(({ path, text }) => {
    const file = join(folder, path)
    return !existsSync(file) || readFileSync(file, 'utf8') !== text
  })
}

export function printErrors(codes: Readonly<Record<string, { meaning: string; remedy: string }>>): string {
  const rows = Object.entries(codes)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([code, { meaning, remedy }]) => `| \`${code}\` | ${cell(meaning)} | ${cell(remedy)} |\n`)
  return `# Error codes

Every failure that is not a bug of LogCaster has one of these codes. Programs find it in the \`code\` of a \`CodedError\`;
its message is one sentence about the case at hand. A bug says \`BUG\` instead, and ends the process.

This page is made from \`src/base/errors.ts\` by \`npm run docs\`.

| code | what happened | what to do |
|---|---|---|
${rows.join('')}`
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

function main(): void {
  const stale = stalePages(root, printPages())
  if (stale.length === 0) console.log('All pages are as the code says.')
  else if (process.argv.includes('--check')) complain(stale)
  else write(stale)
}

function complain(stale: readonly Page[]): void {
  for (const { path } of stale) console.error(`${path} is stale: run \`npm run docs\``)
  process.exitCode = 1
}

function write(stale: readonly Page[]): void {
  for (const { path, text } of stale) {
    writeFileSync(join(root, path), text)
    console.log(`wrote ${path}`)
  }
}

if (import.meta.main) main()
