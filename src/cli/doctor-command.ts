/** The row of `logcaster doctor`; what it does is in doctor/. Its options are those of `serve`. */
import type { Command } from './command.ts'
import { CONFIG_OPTIONS } from './config-options.ts'

export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'look for what is wrong here, and say how to mend it',
  examples: [
    { line: 'logcaster doctor', what: 'what a server without options would meet' },
    { line: 'logcaster doctor --config lan.yaml', what: 'what one with this file would meet' },
    { line: 'logcaster doctor --json', what: 'for a program; exit code 1 when there is a problem' },
  ],
  notes: [
    'Looked at are the configuration, ports, the data directory and its disk, permissions, the clock, open files, ' +
      'memory and certificates. A server may be running meanwhile. Nothing is changed; for the time of the disk a ' +
      'small file is written and removed.',
    'Further options are those of the configuration: see logcaster config reference.',
  ],
  uses: ['output'],
  options: CONFIG_OPTIONS,
  positionals: [],
  async run(context) {
    const [{ runDoctor }, { realMachine }] = await Promise.all([
      import('./doctor/doctor.ts'),
      import('./doctor/real-machine.ts'),
    ])
    return runDoctor(context, realMachine(context.io.clock))
  },
}
