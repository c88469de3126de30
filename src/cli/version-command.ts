/** `logcaster version`. */
import { packageVersion } from '../base/base.ts'
import type { Command } from './command.ts'
import { EXIT_DONE } from './exit-codes.ts'
import { isJsonWanted } from './row-output.ts'

export const versionCommand: Command = {
  name: 'version',
  summary: 'show the version of LogCaster and of Node.js',
  examples: [
    { line: 'logcaster version', what: 'for a bug report' },
    { line: 'logcaster version --json', what: 'the same as JSON' },
  ],
  uses: ['output'],
  options: [],
  positionals: [],
  async run({ args, out }) {
    const versions = { logcaster: packageVersion(), node: process.versions.node, platform: process.platform }
    const isJson = isJsonWanted(args)
    const text = `logcaster ${versions.logcaster}\nnode ${versions.node}\nplatform ${versions.platform}`
    await out.write(isJson ? `${JSON.stringify(versions)}\n` : `${text}\n`)
    return EXIT_DONE
  },
}
