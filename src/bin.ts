#!/usr/bin/env node
/**
 * The executable. Checks and sets what must be so before anything else is loaded, then hands over to the command line.
 *
 * The pool of libuv serves file and DNS calls; with its default of four threads a few slow ones would hold up every
 * sync of the log (reliability rule R7).
 *
 * The young generation stays small: chunks from sockets live for a moment, but their memory lies outside of the heap,
 * where V8 counts it as pressure. With its usual 16 MiB it collects the whole heap for every 20 MB that come in; kept
 * small, it frees them in passing, for half the CPU (bench/http-ndjson.ts with and without). Worker threads take no chunks:
 * theirs starts at 8 MiB, which takes a fifth off the CPU of searches (bench/storage.ts, queries).
 */
import { readFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { checkNodeVersion } from './base/base.ts'

const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
try {
  checkNodeVersion(process.versions.node, engines.node)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}
process.env.UV_THREADPOOL_SIZE ??= '16'
setFlagsFromString('--semi-space-growth-factor=1')
// This thread has its heap already: the next ones take note.
setFlagsFromString('--min-semi-space-size=8')

const { processIo, runCli } = await import('./cli/cli.ts')
// Not only `exitCode`: a second Ctrl+C must end at once, whatever connection is still open.
process.exit(await runCli(process.argv.slice(2), processIo()))
