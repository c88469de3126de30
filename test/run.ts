/**
 * What `npm test` runs: every test file, by Node's own test runner, in processes of the Node.js that runs this file.
 *
 *   npm test                             everything
 *   npm test -- wal query/               files whose path contains one of these
 *   npm test -- --test-name-pattern=torn options go to the test runner as they are
 *
 * The exit code is that of the test runner.
 */
import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const TEST_MS_MAX = 300_000
/** Sources without their types, for every process of the tests: a test file and the programs that it starts. */
const COMPILED = join(root, 'node_modules/.cache/compiled')
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

const options = process.argv.slice(2).filter((argument) => argument.startsWith('-'))
const parts = process.argv.slice(2).filter((argument) => !argument.startsWith('-'))
const files = chooseFiles(parts)
if (files.length === 0) {
  console.error(`No test file has ${parts.map((part) => `"${part}"`).join(' or ')} in its path.`)
  process.exitCode = 1
} else {
  runTests(files)
}

function chooseFiles(wanted: readonly string[]): string[] {
  const all = globSync(['src/**/*.test.ts', 'test/**/*.test.ts'], { cwd: root }).sort()
  return wanted.length === 0 ? all : all.filter((file) => wanted.some((part) => file.includes(part)))
}

function runTests(testFiles: readonly string[]): void {
  const reporter = join(root, 'test/reporter.ts')
  const runner = spawn(
    process.execPath,
    [
      '--test',
      // The runner's own choice leaves one processor idle, which on two of them doubles the time.
      `--test-concurrency=${availableParallelism()}`,
      `--test-timeout=${TEST_MS_MAX}`,
      `--test-reporter=${reporter}`,
      '--test-reporter-destination=stdout',
      ...options,
      ...testFiles,
    ],
    { cwd: root, stdio: 'inherit', env: { ...process.env, NODE_COMPILE_CACHE: COMPILED } },
  )
  for (const signal of SIGNALS) process.on(signal, () => runner.kill(signal))
  runner.on('exit', (code, signal) => {
    if (signal !== null) console.error(`The test runner was ended by ${signal}.`)
    process.exitCode = code ?? 1
  })
}
