/** The door of cli/: one command line. */
export { processIo } from './process-io.ts'
export { printCliReference } from './reference.ts'
export { runCli } from './run.ts'
