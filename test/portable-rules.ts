/**
 * What src/query/language.ts reaches runs in a browser as it stands: no module of Node, no global of Node, no package
 * that needs either. Pure functions over a tree of sources, as in import-rules.ts; portable-rules.test.ts breaks each
 * rule on an invented tree, imports.test.ts holds the real one against them, and language.test.ts runs it.
 *
 * Only what is loaded counts: `import type` may name what it likes.
 */
import {
  type AstNode,
  type Import,
  isNode,
  isRelative,
  lineOf,
  packageOf,
  parseModule,
  type SourceFile,
  targetOf,
} from './import-rules.ts'

export interface PortableSource extends SourceFile {
  readonly globals: readonly NodeGlobal[]
}

export interface NodeGlobal {
  readonly name: string
  readonly line: number
}

export interface Portability {
  /** From here everything that is imported, however far, must run in a browser. */
  readonly entries: readonly string[]
  /** Packages that do. */
  readonly packages: readonly string[]
  /** Doors that a portable file does not go through, with those that it takes instead. */
  readonly doors: Readonly<Record<string, string>>
  /** Globals of Node by file, that only those functions use which run queries: the language calls none of them. */
  readonly whenRun: Readonly<Record<string, readonly string[]>>
}

export const PORTABILITY: Portability = {
  entries: ['query/language.ts'],
  packages: ['re2js'],
  doors: { 'base/base.ts': 'base/portable.ts', 'query/query.ts': 'query/language.ts' },
  whenRun: {
    'query/pipes/format-options.ts': ['Buffer'],
    'query/regexp/byte-regexp.ts': ['Buffer'],
    'query/scan/value-counter.ts': ['Buffer'],
  },
}

// ---- reading globals ----------------------------------------------------------------------------------------

/** `globalThis.process?.…` is none of them: it asks whether there is one. */
const NODE_GLOBALS: readonly string[] = [
  ...['Buffer', '__dirname', '__filename', 'clearImmediate', 'global', 'process', 'require', 'setImmediate'],
]

const NAMED = new RegExp(`\\b(?:${NODE_GLOBALS.join('|')})\\b`)

/**
 * The globals of Node that a module names where it runs; types do not count. A name that the module gives to anything
 * of its own is no global in it.
 */
export function readNodeGlobals(text: string): NodeGlobal[] {
  if (!NAMED.test(text)) return []
  const found: (NodeGlobal & { readonly isOwn: boolean })[] = []
  visitNames(parseModule(text), false, (node, name, isOwn) => {
    if (NODE_GLOBALS.includes(name)) found.push({ name, line: lineOf(node), isOwn })
  })
  const own = new Set(found.filter(({ isOwn }) => isOwn).map(({ name }) => name))
  return found.filter(({ name }) => !own.has(name)).map(({ name, line }) => ({ name, line }))
}

type VisitName = (node: AstNode, name: string, isOwn: boolean) => void

const IN_PATTERNS = /Pattern$|^ObjectProperty$|^RestElement$/

/** `isOwn`: within what declares names. */
function visitNames(value: unknown, isOwn: boolean, visit: VisitName): void {
  if (Array.isArray(value)) for (const item of value) visitNames(item, isOwn, visit)
  if (!isNode(value) || isOfTypes(value)) return
  const { type, name } = value
  if (type === 'Identifier' && typeof name === 'string') visit(value, name, isOwn)
  for (const [key, child] of Object.entries(value)) {
    if (typeof child !== 'object' || child === null || isPlainName(value, key)) continue
    visitNames(child, declares(value, key) || (isOwn && IN_PATTERNS.test(type) && key !== 'right'), visit)
  }
}

/** `const x`, `function x`, `class x`, `import { x }`, parameters and the error of a `catch`. */
function declares({ type }: AstNode, key: string): boolean {
  if (key === 'params' || key === 'local') return true
  if (key === 'param') return type === 'CatchClause'
  return key === 'id' && /^(?:VariableDeclarator|(?:Function|Class)(?:Declaration|Expression))$/.test(type)
}

/** Nodes of types, but for those that hold an expression (`x as T`, `x!`, `x satisfies T`). */
function isOfTypes({ type }: AstNode): boolean {
  return type.startsWith('TS') && !/^TS(?:As|NonNull|Satisfies|Instantiation|Export)/.test(type)
}

/** `x.process` and `{ process: x }` name no global; of `{ process }` the value does. */
function isPlainName(node: AstNode, key: string): boolean {
  return node['computed'] !== true && (key === 'property' || key === 'key')
}

// ---- the rules ----------------------------------------------------------------------------------------------

/** What keeps the entries from running in a browser, each with the way there; and exceptions that nothing needs. */
export function checkPortable(files: readonly PortableSource[], rules: Portability): string[] {
  const sources = new Map(files.map((file) => [file.path, file]))
  const ways = new Map(rules.entries.map((entry) => [entry, [entry]]))
  const problems: string[] = []
  for (const [path, way] of ways) {
    const file = sources.get(path)
    const found = file === undefined ? [`${path} is missing`] : checkFile(file, rules)
    problems.push(...found.map((problem) => `${problem} (${way.join(' → ')})`))
    for (const target of file === undefined ? [] : loadedBy(file, rules))
      if (!ways.has(target)) ways.set(target, [...way, target])
  }
  return [...problems, ...checkExceptions(files, rules, ways)]
}

function checkFile(file: PortableSource, rules: Portability): string[] {
  const imports = file.imports.map((each) => checkImport(file, each, rules))
  const allowed = rules.whenRun[file.path] ?? []
  const globals = file.globals
    .filter(({ name }) => !allowed.includes(name))
    .map(({ name, line }) => `${file.path}:${line} uses ${name}, which browsers do not have`)
  return [...imports.filter((problem) => problem !== null), ...globals]
}

function checkImport(
  file: SourceFile,
  { specifier, line, isOfTypes }: Import,
  rules: Portability,
): string | null {
  if (isOfTypes || specifier === null) return null
  const place = `${file.path}:${line}`
  if (specifier.startsWith('node:')) return `${place} imports ${specifier}, which browsers do not have`
  if (!isRelative(specifier)) {
    if (rules.packages.includes(packageOf(specifier))) return null
    return `${place} imports ${specifier}, which is not known to run in a browser`
  }
  const door = rules.doors[targetOf(file, specifier)]
  if (door === undefined) return null
  return `${place} imports ${targetOf(file, specifier)}, which needs Node; import ${door}`
}

/** Files that come along. Past a door that is refused there is no use in looking. */
function loadedBy(file: SourceFile, rules: Portability): string[] {
  return file.imports
    .filter(({ specifier, isOfTypes }) => !isOfTypes && specifier !== null && isRelative(specifier))
    .map(({ specifier }) => targetOf(file, specifier ?? ''))
    .filter((target) => !(target in rules.doors))
}

function checkExceptions(
  files: readonly PortableSource[],
  rules: Portability,
  reached: ReadonlyMap<string, unknown>,
): string[] {
  return Object.entries(rules.whenRun).flatMap(([path, names]) => {
    const used = files.find((file) => file.path === path && reached.has(path))?.globals ?? []
    const idle = names.filter((name) => !used.some((each) => each.name === name))
    return idle.map((name) => `${path} is excused for ${name}, and needs no excuse`)
  })
}
