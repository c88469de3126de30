import assert from 'node:assert/strict'
import { it } from 'node:test'
import { optionsOf } from './arguments.ts'
import { COMMANDS } from './commands.ts'
import { CLI_VARIABLES } from './config-options.ts'

it('knows the variables of every command, so that a server does not take them for misspelt options', () => {
  const own = COMMANDS.flatMap((command) => optionsOf(command).flatMap(({ env }) => env ?? []))
  const ours = own.filter((name) => name.startsWith('LOGCASTER_'))
  assert.deepEqual(
    ours.filter((name) => !CLI_VARIABLES.includes(name)),
    [],
  )
})
