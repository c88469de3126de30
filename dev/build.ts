/**
 * Makes the publishable JavaScript and type declarations in dist/: Node.js strips types only outside node_modules, so
 * the package cannot ship its sources. `npm run build`, and `npm pack` by itself.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const root = join(import.meta.dirname, '..')
const source = join(root, 'src')
const output = join(root, 'dist')

/**
 * A built module with the files of its workers as they are called in dist/: the compiler rewrites the endings of
 * imports, and not those of `new URL('./worker.ts', import.meta.url)`.
 */
export function renameWorkers(script: string): string {
  return script.replace(/new URL\((['"])(\.{1,2}\/[^'"]+)\.ts\1, import\.meta\.url\)/g, (_, quote, path) => {
    return `new URL(${quote}${path}.js${quote}, import.meta.url)`
  })
}

function build(): number {
  rmSync(output, { recursive: true, force: true })
  const exitCode = compile()
  if (exitCode === 0) finish()
  return exitCode
}

function compile(): number {
  const require = createRequire(import.meta.url)
  const manifest = require.resolve('typescript/package.json')
  const compiler = join(dirname(manifest), require(manifest).bin.tsc)
  const run = spawnSync(process.execPath, [compiler, '--project', 'tsconfig.build.json'], {
    cwd: root,
    stdio: 'inherit',
  })
  return run.status ?? 1
}

function finish(): void {
  for (const name of globSync('**/*.js', { cwd: output })) {
    const path = join(output, name)
    const script = readFileSync(path, 'utf8')
    const renamed = renameWorkers(script)
    if (renamed !== script) writeFileSync(path, renamed)
  }
  // Files that are served as they are; the compiler leaves them behind.
  for (const folder of globSync('**/static', { cwd: source })) {
    cpSync(join(source, folder), join(output, folder), { recursive: true })
  }
  const command = join(output, 'bin.js')
  if (existsSync(command)) chmodSync(command, 0o755)
}

if (import.meta.main) process.exitCode = build()
