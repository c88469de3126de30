/**
 * Holds the imports of src/ against the layers of DESIGN §2, what the query language imports against what browsers have,
 * and the dependencies against docs/DEPENDENCIES.md.
 */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { it } from 'node:test'
import { checkExplained, checkPackages, checkTree, readImports } from './import-rules.ts'
import { checkPortable, PORTABILITY, type PortableSource, readNodeGlobals } from './portable-rules.ts'

const root = join(import.meta.dirname, '..')

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

function readSources(): PortableSource[] {
  const source = join(root, 'src')
  return globSync('**/*.ts', { cwd: source }).map((name) => {
    const text = readFileSync(join(source, name), 'utf8')
    return { path: name.split(sep).join('/'), imports: readImports(text), globals: readNodeGlobals(text) }
  })
}

function readManifest(): Manifest {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
}

/** One problem a line: an assertion on a long list would only show its first lines. */
function assertNone(problems: readonly string[]): void {
  if (problems.length > 0) assert.fail(`\n${problems.join('\n')}\n`)
}

const sources = readSources()
const manifest = readManifest()

it('no import goes against the layers, past a door or round in a cycle', () => {
  assert.ok(sources.length > 0, 'src/ has files')
  assertNone(checkTree(sources))
})

it('what the query language reaches runs in a browser', () => {
  assertNone(checkPortable(sources, PORTABILITY))
})

it('src imports only packages that users of the package get', () => {
  assertNone(checkPackages(sources, Object.keys(manifest.dependencies)))
})

it('docs/DEPENDENCIES.md explains every dependency, and nothing else', () => {
  const page = readFileSync(join(root, 'docs/DEPENDENCIES.md'), 'utf8')
  const { dependencies, devDependencies, optionalDependencies, peerDependencies } = manifest
  const names = Object.keys({
    ...dependencies,
    ...devDependencies,
    ...optionalDependencies,
    ...peerDependencies,
  })
  assertNone(checkExplained(page, names))
})
