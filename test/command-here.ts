/**
 * `logcaster <args>` within the process of the test: the same command line, files and sockets, without the start of a
 * process, which takes longer than most commands. For tests of what commands ask of a server; those of the process itself,
 * of its signals, pipes and exit, take `runCommand`.
 */
import { Readable } from 'node:stream'
import { processIo, runCli } from '../src/cli/cli.ts'
import { CollectingStream } from '../src/cli/fake-io.ts'
import { environment, type Outcome, type SpawnOptions } from './child-program.ts'

export async function runCommandHere(
  args: readonly string[],
  { input, env }: SpawnOptions = {},
): Promise<Outcome> {
  const stdout = new CollectingStream(false)
  const stderr = new CollectingStream(false)
  const stdin = Readable.from(input === undefined ? [] : [input])
  const code = await runCli(args, {
    ...processIo(),
    stdin,
    stdout,
    stderr,
    env: { ...environment(), ...env },
  })
  return { code, signal: null, stdout: stdout.bytes, stderr: stderr.text }
}
