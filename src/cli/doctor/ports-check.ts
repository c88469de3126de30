/** Each configured address: free, held by the LogCaster that uses this data directory, or by somebody else. */
import { type Address, PORT_NAMES, type PortName, printAddress } from '../../config/config.ts'
import { PingConnection } from '../ping-connection.ts'
import { type Check, type Finding, ok, type Patient, problem } from './check.ts'
import type { RunningProcess } from './machine.ts'

const PING_MS_MAX = 2000
const ROOT_PORT_MAX = 1023

export const portsCheck: Check = {
  name: 'ports',
  async look(patient) {
    const findings: Finding[] = []
    for (const name of PORT_NAMES) {
      for (const address of patient.config.ports[name].listen)
        findings.push(await lookAt(patient, name, address))
    }
    return findings.length === 0 ? [ok('every port is off')] : findings
  },
}

async function lookAt(patient: Patient, name: PortName, address: Address): Promise<Finding> {
  const shown = `${name}, ${printAddress(address)}`
  if (address.port === 0) return ok(`${shown}: any free port will do`)
  const code = await patient.machine.tryListen(address)
  if (code === null) return ok(`${shown}: free`)
  if (code === 'EADDRINUSE') return taken(patient, name, address, shown)
  const option = `ports.${name}.listen`
  if (code === 'EACCES' && address.port <= ROOT_PORT_MAX) {
    return problem(
      `${shown}: only root may listen on ports up to 1023`,
      `Choose a port above 1023 with ${option}.`,
    )
  }
  return problem(
    `${shown}: cannot be listened on (${code})`,
    `Name an address of this machine with ${option}.`,
  )
}

async function taken(patient: Patient, name: PortName, address: Address, shown: string): Promise<Finding> {
  const { machine, dataDir } = patient
  const holder = await machine.listenerOf(address)
  const user = await userOf(patient)
  const isOurs =
    user !== null && (holder === null ? await answers(patient, name, address) : holder.pid === user.pid)
  if (isOurs)
    return ok(`${shown}: held by the LogCaster that runs${user.pid === null ? '' : ` (process ${user.pid})`}`)
  const isLogCaster = await answers(patient, name, address)
  const who = isLogCaster ? `another LogCaster${processOf(holder)}` : programOf(holder)
  const remedy = isLogCaster
    ? `Stop it, or choose another port with ports.${name}.listen; this one has the data directory ${dataDir}.`
    : `Stop it, or choose another port with ports.${name}.listen.`
  return problem(`${shown}: taken by ${who}`, remedy)
}

async function userOf({ machine, dataDir }: Patient): Promise<{ readonly pid: number | null } | null> {
  const found = await machine.stat(dataDir).catch(() => null)
  return found?.isDirectory === true ? machine.userOfDirectory(dataDir).catch(() => null) : null
}

/** How a server that is asked over the text protocol of this port is named, for the client's messages. */
const TEXT_PORTS = { log: 'log-port', query: 'query-port' } as const

/** Whether who listens there answers as our text protocols do. The other ports are not asked. */
async function answers({ io }: Patient, name: PortName, { host, port }: Address): Promise<boolean> {
  if (name !== 'log' && name !== 'query') return false
  const target = { host: REACHABLE[host] ?? host, port, portOption: TEXT_PORTS[name] }
  try {
    using connection = await PingConnection.open(io, target, new AbortController().signal)
    await connection.ping(PING_MS_MAX)
    return true
  } catch {
    return false
  }
}

/** Where to connect for an address that means every one. */
const REACHABLE: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' }

const processOf = (holder: RunningProcess | null): string =>
  holder === null ? '' : ` (process ${holder.pid})`

function programOf(holder: RunningProcess | null): string {
  return holder === null
    ? "another program, not one of this user's"
    : `${holder.name} (process ${holder.pid})`
}
