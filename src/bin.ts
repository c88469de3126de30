#!/usr/bin/env node
/**
 * The executable. Sets what must be set before anything else runs, then hands over to the command line.
 *
 * The pool of libuv serves file and DNS calls; with its default of four threads a few slow ones would hold up every
 * sync of the log (reliability rule R7).
 */
process.env.UV_THREADPOOL_SIZE ??= '16'

const { processIo, runCli } = await import('./cli/cli.ts')
process.exitCode = await runCli(process.argv.slice(2), processIo())
