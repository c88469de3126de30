#!/usr/bin/env node
/**
 * The executable. Checks and sets what must be so before anything else is loaded, then hands over to the command line.
 *
 * The pool of libuv serves file and DNS calls; with its default of four threads a few slow ones would hold up every
 * sync of the log (reliability rule R7).
 */
import { readFileSync } from 'node:fs'
import { checkNodeVersion, setServerHeap } from './base/base.ts'

const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
try {
  checkNodeVersion(process.versions.node, engines.node)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}
process.env.UV_THREADPOOL_SIZE ??= '16'
setServerHeap()

const { processIo, runCli } = await import('./cli/cli.ts')
// Not only `exitCode`: a second Ctrl+C must end at once, whatever connection is still open.
process.exit(await runCli(process.argv.slice(2), processIo()))
