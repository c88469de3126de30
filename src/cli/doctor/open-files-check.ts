/** Open files that the system allows, against the connections that are configured: each takes one. */
import { PORT_NAMES } from '../../config/config.ts'
import { OPEN_FILES_RESERVED } from '../../program/program.ts'
import { type Check, ok, problem, warning } from './check.ts'

/** With fewer, a server is of no use. */
const USEFUL_MIN = 2 * OPEN_FILES_RESERVED

export const openFilesCheck: Check = {
  name: 'open files',
  async look({ config, machine }) {
    const most = machine.openFilesMax()
    if (most === null) return [ok('the system tells no limit')]
    const open = PORT_NAMES.map((name) => config.ports[name]).filter(({ listen }) => listen.length > 0)
    const connections = open.reduce((sum, port) => sum + port.connectionsMax, 0)
    const needed = connections + OPEN_FILES_RESERVED
    const seen = `${most} may be open at once; ${connections} connections on all ports need ${needed}`
    const remedy = `Raise the limit (ulimit -n, LimitNOFILE of systemd) to ${needed}, or lower connectionsMax of the ports.`
    if (most >= needed) return [ok(seen)]
    return [most < USEFUL_MIN ? problem(seen, remedy) : warning(seen, remedy)]
  },
}
