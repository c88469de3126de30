/** Each rule is broken once on a small invented tree, so that we know it can fail. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  checkCycles,
  checkDoors,
  checkExplained,
  checkLayers,
  checkPackages,
  checkReadable,
  checkTree,
  readImports,
  type SourceFile,
} from './import-rules.ts'

/** A tree from `{ 'base/base.ts': ['./disk.ts'] }`. */
function tree(files: Record<string, readonly (string | null)[]>): SourceFile[] {
  return Object.entries(files).map(([path, specifiers]) => ({
    path,
    imports: specifiers.map((specifier, index) => ({ specifier, line: index + 1, isOfTypes: false })),
  }))
}

describe('reading imports', () => {
  const reads = (text: string) => readImports(text).map(({ specifier }) => specifier)

  it('finds every form in which a module names another', () => {
    assert.deepEqual(reads(`import a from './a.ts'`), ['./a.ts'])
    assert.deepEqual(reads(`import './a.ts'`), ['./a.ts'])
    assert.deepEqual(reads(`import type { A } from './a.ts'`), ['./a.ts'])
    assert.deepEqual(reads(`import { type A } from './a.ts'`), ['./a.ts'])
    assert.deepEqual(reads(`export { a } from './a.ts'`), ['./a.ts'])
    assert.deepEqual(reads(`export type { A } from './a.ts'`), ['./a.ts'])
    assert.deepEqual(reads(`export * from './a.ts'`), ['./a.ts'])
    assert.deepEqual(reads(`async function f() { return await import('./a.ts') }`), ['./a.ts'])
    assert.deepEqual(reads(`let a: import('./a.ts').A`), ['./a.ts'])
    assert.deepEqual(reads(`const a = import.meta.resolve('./a.ts')`), ['./a.ts'])
    assert.deepEqual(reads(`new Worker(new URL('./a.ts', import.meta.url))`), ['./a.ts'])
  })

  it('takes text and exports of its own for no import', () => {
    assert.deepEqual(reads(`export const a = "import './b.ts'" // import './c.ts'`), [])
    assert.deepEqual(reads(`export function a(): void {}`), [])
    assert.deepEqual(reads(`new URL('../package.json', import.meta.url)`), [])
  })

  it('says on which line, and null for a name that is computed', () => {
    assert.deepEqual(readImports(`\n\nawait import(name)`), [{ specifier: null, line: 3, isOfTypes: false }])
  })

  it('says what takes types only, and loads nothing', () => {
    const ofTypes = (text: string): boolean[] => readImports(text).map(({ isOfTypes }) => isOfTypes)
    assert.deepEqual(ofTypes(`import type { A } from './a.ts'`), [true])
    assert.deepEqual(ofTypes(`export type { A } from './a.ts'`), [true])
    assert.deepEqual(ofTypes(`let a: import('./a.ts').A`), [true])
    assert.deepEqual(ofTypes(`import { type A } from './a.ts'`), [false])
    assert.deepEqual(ofTypes(`import './a.ts'`), [false])
    assert.deepEqual(ofTypes(`export * from './a.ts'`), [false])
    assert.deepEqual(ofTypes(`await import('./a.ts')`), [false])
  })
})

describe('layers', () => {
  it('lets arrows point downwards and within a layer', () => {
    const files = tree({
      'bin.ts': ['./cli/cli.ts'],
      'cli/cli.ts': ['../config/config.ts', './table.ts', '../main.ts'],
      'cli/table.ts': [],
      'main.ts': ['./hub/hub.ts', './servers/servers.ts'],
      'config/config.ts': ['../record/record.ts', 'yaml'],
      'servers/servers.ts': ['../ingest/ingest.ts', '../hub/hub.ts'],
      'ingest/ingest.ts': ['../record/record.ts', '../base/base.ts', 'node:net'],
      'hub/hub.ts': ['../storage/storage.ts', '../query/query.ts'],
      'query/query.ts': ['../storage/storage.ts'],
      'storage/storage.ts': ['../record/record.ts'],
      'record/record.ts': ['../base/base.ts'],
      'base/base.ts': [],
      'testing/testing.ts': ['../storage/storage.ts'],
      'storage/storage.test.ts': ['../testing/testing.ts', '../hub/inside.ts'],
    })
    assert.deepEqual(checkTree(files), [])
  })

  it('refuses an arrow that points upwards', () => {
    assert.deepEqual(checkLayers(tree({ 'record/time.ts': ['../base/base.ts', '../hub/hub.ts'] })), [
      'record/time.ts:2 imports hub/hub.ts: record may not import hub; it may import base',
    ])
    assert.deepEqual(checkLayers(tree({ 'base/disk.ts': ['../record/record.ts'] })), [
      'base/disk.ts:1 imports record/record.ts: base may not import record; it may import nothing',
    ])
  })

  it('refuses an arrow that points sideways', () => {
    assert.equal(checkLayers(tree({ 'alerts/rule.ts': ['../ingest/ingest.ts'] })).length, 1)
  })

  it('keeps config to the command line, and config itself to base and record', () => {
    assert.equal(checkLayers(tree({ 'servers/listener.ts': ['../config/config.ts'] })).length, 1)
    assert.equal(checkLayers(tree({ 'config/options.ts': ['../storage/storage.ts'] })).length, 1)
    assert.deepEqual(checkLayers(tree({ 'cli/serve.ts': ['../config/config.ts'] })), [])
  })

  it('keeps the client to wire, record and base, and the pino transport to the client', () => {
    assert.equal(checkLayers(tree({ 'client/client.ts': ['../hub/hub.ts'] })).length, 1)
    assert.equal(checkLayers(tree({ 'client/client.ts': ['../pino/pino.ts'] })).length, 1)
    assert.equal(checkLayers(tree({ 'pino/pino.ts': ['../wire/wire.ts'] })).length, 1)
    const client = ['../wire/wire.ts', '../record/record.ts', '../base/base.ts']
    assert.deepEqual(checkLayers(tree({ 'client/client.ts': client })), [])
    assert.deepEqual(checkLayers(tree({ 'pino/pino.ts': ['../client/client.ts'] })), [])
  })

  it('lets nobody but tests import testing', () => {
    assert.equal(checkLayers(tree({ 'storage/store.ts': ['../testing/testing.ts'] })).length, 1)
    assert.equal(checkLayers(tree({ 'bin.ts': ['./testing/testing.ts'] })).length, 1)
    assert.deepEqual(checkLayers(tree({ 'storage/store.test.ts': ['../testing/testing.ts'] })), [])
    assert.deepEqual(checkLayers(tree({ 'storage/test-directory.ts': ['../testing/inside.ts'] })), [])
  })

  it('keeps the library free of the command line', () => {
    assert.equal(checkLayers(tree({ 'main.ts': ['./cli/cli.ts'] })).length, 1)
  })

  it('refuses a folder that has no place in the layers', () => {
    const [problem] = checkLayers(tree({ 'helpers/strings.ts': [] }))
    assert.match(problem, /^src\/helpers is no layer/)
  })
})

describe('doors', () => {
  it('refuses an import past the door of another layer', () => {
    assert.deepEqual(checkDoors(tree({ 'hub/quota.ts': ['../storage/storage.ts', '../storage/wal.ts'] })), [
      'hub/quota.ts:2 imports storage/wal.ts: another layer is imported through its door, storage/storage.ts',
    ])
  })

  it('lets in through the doors to what runs in a browser', () => {
    const doors = ['../base/portable.ts', '../query/language.ts', '../query/query.ts']
    assert.deepEqual(checkDoors(tree({ 'hub/quota.ts': doors })), [])
  })

  it('takes a file of the same name further in for no door', () => {
    assert.equal(checkDoors(tree({ 'hub/quota.ts': ['../storage/wal/storage.ts'] })).length, 1)
  })

  it('lets a layer import its own files directly, also from folders within it', () => {
    assert.deepEqual(checkDoors(tree({ 'query/pipes/sort.ts': ['../ast.ts', './limit.ts'] })), [])
  })
})

describe('cycles', () => {
  it('finds a cycle of two files and of three, and shows the way round', () => {
    assert.deepEqual(checkCycles(tree({ 'base/a.ts': ['./b.ts'], 'base/b.ts': ['./a.ts'] })), [
      'a cycle: base/a.ts → base/b.ts → base/a.ts',
    ])
    const files = tree({
      'base/start.ts': ['./a.ts'],
      'base/a.ts': ['./b.ts'],
      'base/b.ts': ['./c.ts'],
      'base/c.ts': ['./a.ts'],
    })
    assert.deepEqual(checkCycles(files), ['a cycle: base/a.ts → base/b.ts → base/c.ts → base/a.ts'])
  })

  it('finds a file that imports itself', () => {
    assert.equal(checkCycles(tree({ 'base/a.ts': ['./a.ts'] })).length, 1)
  })

  it('takes two ways to one file for no cycle', () => {
    const files = tree({ 'base/a.ts': ['./b.ts', './c.ts'], 'base/b.ts': ['./c.ts'], 'base/c.ts': [] })
    assert.deepEqual(checkCycles(files), [])
  })
})

describe('imports that nobody can follow', () => {
  it('refuses a computed name, a file outside src, and a test', () => {
    const files = tree({ 'cli/cli.ts': [null, '../../package.json', './table.test.ts'] })
    assert.deepEqual(checkReadable(files), [
      'cli/cli.ts:1 imports a computed name; write it as a literal',
      'cli/cli.ts:2 imports ../../package.json, which lies outside src/',
      'cli/cli.ts:3 imports the test cli/table.test.ts',
    ])
  })
})

describe('packages', () => {
  it('refuses a package that users would not get, scoped or not', () => {
    const files = tree({
      'config/yaml.ts': ['yaml', 'node:fs', 'left-pad', '@scope/thing/deep', '@scope/known/deep'],
    })
    assert.deepEqual(checkPackages(files, ['yaml', '@scope/known']), [
      'config/yaml.ts:3 imports left-pad, which is not in the dependencies of package.json',
      'config/yaml.ts:4 imports @scope/thing, which is not in the dependencies of package.json',
    ])
  })

  it('lets tests import what is installed for development', () => {
    assert.deepEqual(checkPackages(tree({ 'record/batch.test.ts': ['fast-check'] }), []), [])
  })
})

describe('the page of dependencies', () => {
  const explained = '### `yaml`\n\nWhat for: a.\n\nWhy this one: b.\n\nTo leave it: c.\n'

  it('is content when every dependency is explained', () => {
    assert.deepEqual(checkExplained(`# Dependencies\n\n${explained}`, ['yaml']), [])
  })

  it('refuses a dependency without its section, or with half of it', () => {
    assert.deepEqual(checkExplained(explained, ['yaml', 'pino']), ['pino is not explained'])
    assert.deepEqual(checkExplained('### pino\n\nWhat for: a.\n\nTo leave it: c.', ['pino']), [
      'pino lacks "Why this one:"',
    ])
  })

  it('does not let one section answer for the next', () => {
    assert.equal(checkExplained(`### pino\n\n${explained}`, ['yaml', 'pino']).length, 3)
  })

  it('refuses a section about something that is gone', () => {
    assert.deepEqual(checkExplained(explained, []), ['yaml is explained, but package.json does not list it'])
  })
})
