/** Where the files of `logcaster tls` are: what --dir says, else `tls` in the data directory. */
import { join, resolve } from 'node:path'
import { loadConfig } from '../config/config.ts'
import type { CommandContext, OptionRow } from './command.ts'
import { CONFIG_OPTIONS, configInput } from './config-options.ts'

const USED = ['config', 'data-dir']

export const DIRECTORY_OPTIONS: readonly OptionRow[] = [
  {
    name: 'dir',
    kind: 'text',
    value: 'DIR',
    help: 'where the files are (default tls in the data directory)',
  },
  ...CONFIG_OPTIONS.filter(({ name }) => USED.includes(name)),
]

/** CONFIG_INVALID. */
export async function tlsDirectory({ io, args }: CommandContext): Promise<string> {
  const given = args.text('dir')
  if (given !== undefined) return resolve(io.cwd, given)
  // The configuration may already name the keys that are to be made here: they are not read.
  const input = { ...(await configInput(io, args)), readFile: () => 'not read' }
  return join(resolve(io.cwd, loadConfig(input).config.dataDir), 'tls')
}
