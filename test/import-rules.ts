/**
 * The rules that every import under src/ obeys (DESIGN §2, drawn in README.md), as pure functions: a tree of imports
 * in, sentences about what is wrong out. import-rules.test.ts breaks each rule on an invented tree;
 * imports.test.ts holds the real tree against them.
 *
 * Paths are relative to src/ with `/` (`storage/wal.ts`). A layer is a folder of src/, or a file that lies in src/
 * itself. Test files may import what they like, and nobody may import them.
 *
 * Not for style within a file: that is the linter's work.
 */
import { posix } from 'node:path'
import { parse } from '@babel/parser'

export interface SourceFile {
  readonly path: string
  readonly imports: readonly Import[]
}

export interface Import {
  /** The module as it is written; null where it is computed, so that nobody can know. */
  readonly specifier: string | null
  readonly line: number
  /** Written so that it takes types only: nothing is loaded for it. */
  readonly isOfTypes: boolean
}

const GROUND = ['base', 'record']
const ENGINE = [...GROUND, 'storage', 'query']
const WAIST = [...ENGINE, 'hub', 'wire']
const SERVERS = [...WAIST, 'ingest', 'alerts', 'chat']
const PROGRAM = [...SERVERS, 'servers', 'config']
const EVERYTHING = [...PROGRAM, 'program', 'client', 'pino']

/** What each layer may import besides itself. A layer that is not named here may not exist. */
export const LAYERS: Readonly<Record<string, readonly string[]>> = {
  base: [],
  record: ['base'],
  storage: GROUND,
  query: [...GROUND, 'storage'],
  hub: ENGINE,
  wire: GROUND,
  ingest: WAIST,
  alerts: WAIST,
  chat: WAIST,
  servers: SERVERS,
  config: GROUND,
  client: [...GROUND, 'wire'],
  pino: [...GROUND, 'client'],
  program: PROGRAM,
  web: ['client', 'query'],
  main: EVERYTHING,
  cli: [...EVERYTHING, 'main'],
  bin: [...EVERYTHING, 'main', 'cli'],
  testing: [...EVERYTHING, 'main'],
}

/** Doors besides the one that is named like its layer: to what of it runs in a browser too (portable-rules.ts). */
const SECOND_DOORS = ['base/portable.ts', 'query/language.ts']

/** The file through which a layer is imported. */
export function doorOf(layer: string): string {
  return layer === 'bin' || layer === 'main' ? `${layer}.ts` : `${layer}/${layer}.ts`
}

export function layerOf(path: string): string {
  const slash = path.indexOf('/')
  return slash === -1 ? path.replace(/\.ts$/, '') : path.slice(0, slash)
}

/** Tests, and what only tests use: `test-….ts`, `fake-….ts`. The build leaves them out too (tsconfig.build.json). */
const isTest = (path: string): boolean => /\.test\.ts$|(^|\/)(test|fake)-[^/]*\.ts$/.test(path)
export const isRelative = (specifier: string): boolean =>
  specifier.startsWith('./') || specifier.startsWith('../')

// ---- reading imports ----------------------------------------------------------------------------------------

export interface AstNode {
  readonly type: string
  readonly loc?: { readonly start: { readonly line: number } }
  readonly [key: string]: unknown
}

export function isNode(value: unknown): value is AstNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}

/**
 * Every import of a TypeScript module: `import`, `import type`, `export … from`, `import('…')` as an expression and
 * as a type, `import.meta.resolve('…')`, and the worker's `new URL('./….ts', import.meta.url)`.
 */
export function readImports(text: string): Import[] {
  const found: Import[] = []
  walk(parseModule(text), (node) => {
    const specifier = sourceOf(node)
    if (specifier === undefined) return
    found.push({ specifier, line: lineOf(node), isOfTypes: isOfTypes(node) })
  })
  return found
}

/** The body of a TypeScript module. */
export function parseModule(text: string): unknown {
  return parse(text, { sourceType: 'module', plugins: ['typescript'], createImportExpressions: true }).program
}

export const lineOf = (node: AstNode): number => node.loc?.start.line ?? 0

function isOfTypes({ type, importKind, exportKind }: AstNode): boolean {
  return importKind === 'type' || exportKind === 'type' || type === 'TSImportType'
}

function walk(value: unknown, visit: (node: AstNode) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) walk(item, visit)
    return
  }
  if (!isNode(value)) return
  visit(value)
  for (const child of Object.values(value)) {
    if (typeof child === 'object' && child !== null) walk(child, visit)
  }
}

/** What a node imports: a specifier, null for one that is computed, undefined when it imports nothing. */
function sourceOf(node: AstNode): string | null | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
    case 'ImportExpression':
      return node['source'] ? literal(node['source']) : undefined
    case 'TSImportType':
      return literal(node['argument'])
    case 'TSExternalModuleReference':
      return literal(node['expression'])
    case 'CallExpression':
      return isImportMeta(node['callee'], 'resolve') ? literal(firstArgument(node)) : undefined
    case 'NewExpression':
      return workerFile(node)
    default:
      return undefined
  }
}

function literal(value: unknown): string | null {
  if (!isNode(value)) return null
  if (value.type === 'TSLiteralType') return literal(value['literal'])
  return value.type === 'StringLiteral' && typeof value['value'] === 'string' ? value['value'] : null
}

function workerFile(node: AstNode): string | undefined {
  const callee = node['callee']
  if (!isNode(callee) || callee['name'] !== 'URL' || !isImportMeta(argumentsOf(node)[1], 'url'))
    return undefined
  const file = literal(firstArgument(node))
  return file?.endsWith('.ts') ? file : undefined
}

function isImportMeta(value: unknown, property: string): boolean {
  if (!isNode(value) || value.type !== 'MemberExpression') return false
  const { object, property: name } = value
  return isNode(object) && object.type === 'MetaProperty' && isNode(name) && name['name'] === property
}

function argumentsOf(node: AstNode): readonly unknown[] {
  return Array.isArray(node['arguments']) ? node['arguments'] : []
}

const firstArgument = (node: AstNode): unknown => argumentsOf(node)[0]

// ---- the rules ----------------------------------------------------------------------------------------------

/** All rules that need nothing but the tree. */
export function checkTree(files: readonly SourceFile[]): string[] {
  return [...checkReadable(files), ...checkLayers(files), ...checkDoors(files), ...checkCycles(files)]
}

/** Imports that nobody can follow: computed ones, and those that leave src/. */
export function checkReadable(files: readonly SourceFile[]): string[] {
  return importsOf(files, (file, { specifier, line }) => {
    if (specifier === null) return `${file.path}:${line} imports a computed name; write it as a literal`
    if (!isRelative(specifier)) return null
    const target = targetOf(file, specifier)
    if (target.startsWith('../')) return `${file.path}:${line} imports ${specifier}, which lies outside src/`
    return isTest(target) ? `${file.path}:${line} imports the test ${target}` : null
  })
}

/** Arrows that point upwards or sideways. */
export function checkLayers(files: readonly SourceFile[]): string[] {
  const unknown = new Set(files.map(({ path }) => layerOf(path)).filter((layer) => !(layer in LAYERS)))
  const problems = [...unknown].map(
    (layer) =>
      `src/${layer} is no layer of DESIGN §2; place it, then name it in LAYERS of test/import-rules.ts`,
  )
  const arrows = crossingsOf(files, (from, to, place) => {
    const allowed = LAYERS[from]
    if (allowed === undefined || allowed.includes(to)) return null
    const may = allowed.length === 0 ? 'nothing' : allowed.join(', ')
    return `${place}: ${from} may not import ${to}; it may import ${may}`
  })
  return [...problems, ...arrows]
}

/** Imports of another layer's file that is not its door. */
export function checkDoors(files: readonly SourceFile[]): string[] {
  return crossingsOf(files, (_from, to, place, target) =>
    target === doorOf(to) || SECOND_DOORS.includes(target)
      ? null
      : `${place}: another layer is imported through its door, ${doorOf(to)}`,
  )
}

/** Cycles between files, each with the way round. */
export function checkCycles(files: readonly SourceFile[]): string[] {
  const targets = new Map(files.map((file) => [file.path, targetsOf(file)]))
  const finished = new Set<string>()
  const trail: string[] = []
  const problems: string[] = []
  const visit = (path: string): void => {
    const start = trail.indexOf(path)
    if (start !== -1) problems.push(`a cycle: ${[...trail.slice(start), path].join(' → ')}`)
    if (start !== -1 || finished.has(path)) return
    trail.push(path)
    for (const target of targets.get(path) ?? []) visit(target)
    trail.pop()
    finished.add(path)
  }
  for (const path of targets.keys()) visit(path)
  return problems
}

/** Imports of packages that users of the package would not get. `node:` modules are always there. */
export function checkPackages(files: readonly SourceFile[], dependencies: readonly string[]): string[] {
  return importsOf(files, (file, { specifier, line }) => {
    if (specifier === null || isRelative(specifier) || specifier.startsWith('node:')) return null
    const name = packageOf(specifier)
    if (dependencies.includes(name)) return null
    return `${file.path}:${line} imports ${name}, which is not in the dependencies of package.json`
  })
}

export function packageOf(specifier: string): string {
  const [scope, name] = specifier.split('/')
  return specifier.startsWith('@') ? `${scope}/${name}` : scope
}

const LABELS = ['What for:', 'Why this one:', 'To leave it:']

/**
 * Packages that docs/DEPENDENCIES.md does not explain, or explains though nobody depends on them. Each has a
 * `### name` and three paragraphs under it, labelled as LABELS says.
 */
export function checkExplained(page: string, dependencies: readonly string[]): string[] {
  const sections = new Map(
    page
      .split(/^(?=#{1,6} )/m)
      .filter((section) => section.startsWith('### '))
      .map((section) => [section.slice(4).split('\n')[0].replaceAll('`', '').trim(), section]),
  )
  const problems = dependencies.flatMap((name) => {
    const section = sections.get(name)
    if (section === undefined) return [`${name} is not explained`]
    return LABELS.filter((label) => !section.includes(label)).map((label) => `${name} lacks "${label}"`)
  })
  const stale = [...sections.keys()].filter((name) => !dependencies.includes(name))
  return [...problems, ...stale.map((name) => `${name} is explained, but package.json does not list it`)]
}

// ---- walking the tree ---------------------------------------------------------------------------------------

function importsOf(
  files: readonly SourceFile[],
  check: (file: SourceFile, found: Import) => string | null,
): string[] {
  return files
    .filter(({ path }) => !isTest(path))
    .flatMap((file) => file.imports.map((found) => check(file, found)))
    .filter((problem) => problem !== null)
}

/** Imports that go from one known layer into another. */
function crossingsOf(
  files: readonly SourceFile[],
  check: (from: string, to: string, place: string, target: string) => string | null,
): string[] {
  return importsOf(files, (file, { specifier, line }) => {
    if (specifier === null || !isRelative(specifier)) return null
    const target = targetOf(file, specifier)
    const [from, to] = [layerOf(file.path), layerOf(target)]
    if (from === to || target.startsWith('../')) return null
    return check(from, to, `${file.path}:${line} imports ${target}`, target)
  })
}

function targetsOf(file: SourceFile): string[] {
  return file.imports
    .map(({ specifier }) => specifier)
    .filter((specifier) => specifier !== null && isRelative(specifier))
    .map((specifier) => targetOf(file, specifier ?? ''))
}

export function targetOf(file: SourceFile, specifier: string): string {
  return posix.join(posix.dirname(file.path), specifier)
}
