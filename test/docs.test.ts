/** Holds the documentation against the code and against itself. */
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { it } from 'node:test'
import { printPages, stalePages } from '../dev/docs.ts'
import { ERROR_CODES } from '../src/base/base.ts'
import { checkCodes, checkLinks, checkTranslation } from './docs-rules.ts'

const root = join(import.meta.dirname, '..')
const NOT_OURS = ['node_modules', 'dist', '.git', 'data', 'logcaster-data']

const read = (path: string): string => readFileSync(join(root, path), 'utf8')

function find(pattern: string): string[] {
  const names = globSync(pattern, { cwd: root, exclude: (name) => NOT_OURS.includes(name) })
  return names.map((name) => name.split(sep).join('/'))
}

function assertNone(problems: readonly string[]): void {
  if (problems.length > 0) assert.fail(`\n${problems.join('\n')}\n`)
}

it('pages that are made from the code are as the code says', () => {
  assertNone(stalePages(root, printPages()).map(({ path }) => `${path} is stale: run \`npm run docs\``))
})

it('every relative link leads somewhere', () => {
  const paths = find('**/*.md')
  assert.ok(paths.includes('README.md') && paths.includes('docs/README.md'))
  const pages = Object.fromEntries(paths.map((path) => [path, read(path)]))
  assertNone(checkLinks(pages, (path) => existsSync(join(root, path))))
})

it('README.ko.md is level with README.md', () => {
  assertNone(checkTranslation(read('README.md'), read('README.ko.md')))
})

it('every error code is used and tested', () => {
  const files = [...find('src/**/*.ts'), ...find('test/**/*.ts')]
  const tests = files.filter((path) => path.endsWith('.test.ts') && !path.startsWith('test/docs'))
  const sources = files.filter(
    (path) => path.startsWith('src/') && !path.endsWith('.test.ts') && path !== 'src/base/errors.ts',
  )
  assertNone(checkCodes(Object.keys(ERROR_CODES), sources.map(read), tests.map(read)))
})

it('every page of docs/ can be found from docs/README.md', () => {
  const index = ['docs/README.md', 'docs/adr/README.md'].map(read).join('\n')
  const lost = find('docs/**/*.md').filter((path) => !index.includes(path.replace(/^docs\/(adr\/)?/, '')))
  assertNone(lost.filter((path) => !path.endsWith('README.md')).map((path) => `${path} is in no index`))
})
