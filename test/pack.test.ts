/**
 * The package as its users get it: built and packed from a copy of this tree, installed into an empty folder, started
 * and imported there. The copy keeps a `dist/` of the developer's out of it, and ours out of his way.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { codeBlocks } from './markdown.ts'

const root = join(import.meta.dirname, '..')
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const NOT_COPIED = ['node_modules', '.git', 'dist', 'data', 'logcaster-data']

/** Every door but the one that the example goes through. */
const DOORS = `
import { type ClientOptions, openClient } from 'logcaster/client'
import { parseQuery, type Query } from 'logcaster/language'
import transport from 'logcaster/pino'
import 'logcaster/testing'
export const openQuietly = (options: ClientOptions) => openClient(options)
export const queryOf = (text: string): Query => parseQuery(text, { nowMs: Date.now() })
export { transport }
`

interface Outcome {
  readonly code: number | string
  readonly stdout: string
  readonly stderr: string
}

function run(command: string, args: readonly string[], cwd: string): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(command, args, { cwd, env: environment(), maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : (error.code ?? 1), stdout, stderr })
    })
  })
}

async function runWell(command: string, args: readonly string[], cwd: string): Promise<string> {
  const { code, stdout, stderr } = await run(command, args, cwd)
  assert.equal(code, 0, `${command} ${args.join(' ')}\n${stdout}\n${stderr}`)
  return stdout
}

/** The Node.js of this process first; nothing of an npm or test runner that this test runs in. */
function environment(): NodeJS.ProcessEnv {
  const path = [dirname(process.execPath), process.env['PATH']].join(delimiter)
  const { npm_config_local_prefix: _prefix, NODE_TEST_CONTEXT: _context, ...rest } = process.env
  return { ...rest, PATH: path }
}

function copyTree(target: string): void {
  mkdirSync(target)
  for (const name of readdirSync(root)) {
    if (!NOT_COPIED.includes(name)) cpSync(join(root, name), join(target, name), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(target, 'node_modules'), 'dir')
}

/** Installs as a user would, or without a network from what is installed here. */
async function install(tarball: string, folder: string): Promise<void> {
  const args = ['install', tarball, '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund']
  const { code, stderr } = await run('npm', [...args, '--fetch-retries=0'], folder)
  if (code === 0) return
  assert.match(stderr, /ENOTFOUND|ECONNREFUSED|EAI_AGAIN|ETIMEDOUT|ENETUNREACH|ECONNRESET/, stderr)
  await lockToInstalled(folder)
  await runWell('npm', [...args, '--offline'], folder)
}

/** A lock file that takes the packages that users get from our node_modules, each packed again. */
async function lockToInstalled(folder: string): Promise<void> {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  const entries = Object.entries<LockEntry>(lock.packages).filter(([path, entry]) => isForUsers(path, entry))
  const installed = entries.map(([path]) => join(root, path))
  const json = await runWell('npm', ['pack', '--json', '--ignore-scripts', ...installed], folder)
  const files: string[] = JSON.parse(json).map(({ filename }: { filename: string }) => filename)
  const packages = Object.fromEntries(
    entries.map(([path, { integrity: _, ...entry }], index) => [
      path,
      { ...entry, resolved: `file:${files[index]}` },
    ]),
  )
  const text = JSON.stringify({ lockfileVersion: 3, requires: true, packages: { '': {}, ...packages } })
  writeFileSync(join(folder, 'package-lock.json'), text)
}

interface LockEntry {
  readonly dev?: boolean
  readonly devOptional?: boolean
  readonly link?: boolean
  readonly integrity?: string
}

function isForUsers(path: string, entry: LockEntry): boolean {
  return path.startsWith('node_modules/') && !entry.dev && !entry.devOptional && !entry.link
}

describe('the package', () => {
  const work = mkdtempSync(join(tmpdir(), 'logcaster-pack-'))
  const source = join(work, 'source')
  const user = join(work, 'user')
  let packed: string[] = []

  before(async () => {
    copyTree(source)
    await runWell('npm', ['run', 'build'], source)
    const json = await runWell(
      'npm',
      ['pack', '--json', '--ignore-scripts', '--pack-destination', work],
      source,
    )
    const [{ filename, files }] = JSON.parse(json)
    packed = files.map(({ path }: { path: string }) => path)
    mkdirSync(user)
    writeFileSync(join(user, 'package.json'), '{ "private": true, "type": "module" }')
    await install(join(work, filename), user)
  })

  after(() => rmSync(work, { recursive: true, force: true }))

  it('holds built JavaScript, declarations, the pages for users and the licence, and nothing else', () => {
    const expected =
      /^(package\.json|LICENSE|README\.md|README\.ko\.md|CHANGELOG\.md|dist\/.*\.(js|d\.ts)|dist\/servers\/http\/static\/.*)$/
    assert.deepEqual(
      packed.filter((path) => !expected.test(path) || /\.test\.|\/test\//.test(path)),
      [],
    )
    for (const path of [
      'LICENSE',
      'README.md',
      'dist/bin.js',
      'dist/main.js',
      'dist/main.d.ts',
      'dist/servers/http/static/page.css',
    ]) {
      assert.ok(packed.includes(path), `${path} is in the package`)
    }
  })

  it('builds itself when it is packed', () => {
    assert.equal(manifest.scripts.prepack, manifest.scripts.build)
  })

  it('brings its dependencies, and neither our Node.js nor any tool of ours', () => {
    const installed = Object.keys(
      JSON.parse(readFileSync(join(user, 'package-lock.json'), 'utf8')).packages,
    ).map((path) => path.replace(/^.*node_modules\//, ''))
    const missing = Object.keys(manifest.dependencies).filter((name) => !installed.includes(name))
    assert.deepEqual(missing, [])
    const tools = installed.filter(
      (name) => name in manifest.devDependencies || /^node-(linux|darwin|win|bin)/.test(name),
    )
    assert.deepEqual(tools, [])
    assert.equal(existsSync(join(user, 'node_modules/.bin/node')), false)
  })

  it('starts as `npx logcaster`', async () => {
    const stdout = await runWell('npx', ['logcaster', '--version'], user)
    assert.match(stdout, new RegExp(`\\b${manifest.version.replaceAll('.', '\\.')}\\b`))
  })

  it('runs the example of README.md', async () => {
    writeFileSync(join(user, 'example.js'), example())
    assert.equal(await runWell(process.execPath, ['example.js'], user), 'hello\n')
  })

  it('has doors that open', async () => {
    const script = Object.keys(manifest.exports)
      .map((door) => join('logcaster', door))
      .map((door) => `console.log('${door}', Object.keys(await import('${door}')).length > 0)\n`)
    writeFileSync(join(user, 'doors.js'), script.join(''))
    const stdout = await runWell(process.execPath, ['doors.js'], user)
    const doors = ['', '/client', '/language', '/pino', '/testing'].map((door) => `logcaster${door}`)
    assert.equal(stdout, doors.map((door) => `${door} true\n`).join(''))
  })

  it('has declarations that a strict TypeScript project accepts', async () => {
    writeFileSync(join(user, 'example.ts'), `${DOORS}\n${example()}`)
    const config = {
      compilerOptions: {
        target: 'es2024',
        lib: ['es2024', 'esnext.disposable'],
        module: 'nodenext',
        strict: true,
        skipLibCheck: false,
        noEmit: true,
        types: ['node'],
        typeRoots: [join(root, 'node_modules/@types')],
      },
      files: ['example.ts'],
    }
    writeFileSync(join(user, 'tsconfig.json'), JSON.stringify(config))
    await runWell(join(root, 'node_modules/.bin/tsc'), ['--project', '.'], user)
  })
})

/** The program that README.md shows. */
function example(): string {
  const blocks = codeBlocks(readFileSync(join(root, 'README.md'), 'utf8'))
  const found = blocks.find(({ text }) => text.includes(`from 'logcaster'`))
  assert.ok(found, 'README.md has an example')
  return found.text
}
