/** Each rule is broken once on a small invented tree, so that we know it can fail. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readImports } from './import-rules.ts'
import { checkPortable, type PortableSource, readNodeGlobals } from './portable-rules.ts'

/** A tree of texts, from `{ 'base/base.ts': "import './disk.ts'" }`. */
function tree(files: Record<string, string>): PortableSource[] {
  return Object.entries(files).map(([path, text]) => ({
    path,
    imports: readImports(text),
    globals: readNodeGlobals(text),
  }))
}

const RULES = {
  entries: ['query/language.ts'],
  packages: ['re2js', '@scope/known'],
  doors: { 'base/base.ts': 'base/portable.ts' },
  whenRun: {},
}

const check = (files: Record<string, string>): string[] => checkPortable(tree(files), RULES)

describe('reading globals of Node', () => {
  const names = (text: string): string[] => readNodeGlobals(text).map(({ name }) => name)

  it('finds them wherever a module uses their value', () => {
    assert.deepEqual(names(`const a = Buffer.from('a')`), ['Buffer'])
    assert.deepEqual(names(`if (x instanceof Buffer) y()`), ['Buffer'])
    assert.deepEqual(names(`const a = () => (process as Other).env['A']`), ['process'])
    assert.deepEqual(names(`const a = { process }`), ['process'])
    assert.deepEqual(names(`const a = b[process.pid]!`), ['process'])
    assert.deepEqual(names(`function f(a = Buffer.alloc(0)) { setImmediate(f) }`), ['Buffer', 'setImmediate'])
    assert.deepEqual(names(`const { a = process.pid } = b`), ['process'])
    assert.deepEqual(readNodeGlobals(`\nrequire('fs')`), [{ name: 'require', line: 2 }])
  })

  it('leaves types, names of members, own names and what is asked of globalThis', () => {
    assert.deepEqual(names(`let a: Buffer | null = null`), [])
    assert.deepEqual(names(`function f(a: Buffer): NodeJS.Process {}`), [])
    assert.deepEqual(names(`const a = b.process + { process: 1 }.process`), [])
    assert.deepEqual(names(`class A { process() { return this.process() } }`), [])
    assert.deepEqual(names(`const [all, process] = match; use(process)`), [])
    assert.deepEqual(names(`const { a: process } = match; use(process)`), [])
    assert.deepEqual(names(`const f = (process: string) => process.length`), [])
    assert.deepEqual(names(`import { process } from './a.ts'; process()`), [])
    assert.deepEqual(names(`const version = globalThis.process?.version`), [])
    assert.deepEqual(names(`const a = 'Buffer' // process`), [])
  })
})

describe('what runs in a browser', () => {
  it('is content with modules of the language, packages that run there, and types of anything', () => {
    const files = {
      'query/language.ts': `import { a } from './a.ts'; import type { Disk } from '../base/base.ts'`,
      'query/a.ts': `import 're2js'; import '@scope/known/deep'; import { assert } from '../base/portable.ts'`,
      'base/portable.ts': `export { assert } from './assert.ts'; import type { Hash } from 'node:crypto'`,
      'base/assert.ts': '',
      'base/base.ts': `import 'node:fs'`,
    }
    assert.deepEqual(check(files), [])
  })

  it('refuses a module of Node, however far away, and shows the way', () => {
    const files = {
      'query/language.ts': `import './a.ts'`,
      'query/a.ts': `\nexport * from './b.ts'`,
      'query/b.ts': `import { createHash } from 'node:crypto'`,
    }
    assert.deepEqual(check(files), [
      'query/b.ts:1 imports node:crypto, which browsers do not have (query/language.ts → query/a.ts → query/b.ts)',
    ])
    assert.equal(check({ 'query/language.ts': `await import('node:fs')` }).length, 1)
  })

  it('refuses a door that needs Node, names the other one, and does not go on behind it', () => {
    const files = {
      'query/language.ts': `import { assert } from '../base/base.ts'`,
      'base/base.ts': `import 'node:fs'`,
    }
    assert.deepEqual(check(files), [
      'query/language.ts:1 imports base/base.ts, which needs Node; import base/portable.ts (query/language.ts)',
    ])
  })

  it('refuses a package that is not known to run there', () => {
    assert.deepEqual(check({ 'query/language.ts': `import 'left-pad'` }), [
      'query/language.ts:1 imports left-pad, which is not known to run in a browser (query/language.ts)',
    ])
  })

  it('refuses a global of Node, but in files that use it only where queries are run', () => {
    const files = tree({ 'query/language.ts': `import './a.ts'`, 'query/a.ts': `Buffer.from(process.argv0)` })
    const whenRun = { 'query/a.ts': ['Buffer'] }
    assert.deepEqual(checkPortable(files, { ...RULES, whenRun }), [
      'query/a.ts:1 uses process, which browsers do not have (query/language.ts → query/a.ts)',
    ])
  })

  it('refuses an excuse that nothing needs, and an entry that is missing', () => {
    const whenRun = { 'query/a.ts': ['Buffer'] }
    assert.deepEqual(checkPortable(tree({ 'query/language.ts': '' }), { ...RULES, whenRun }), [
      'query/a.ts is excused for Buffer, and needs no excuse',
    ])
    assert.deepEqual(check({}), ['query/language.ts is missing (query/language.ts)'])
  })
})
