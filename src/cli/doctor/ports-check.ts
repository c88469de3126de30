/** Each configured address: free, held by the LogCaster that uses this data directory, or by somebody else. */
import { type Address, type Config, PORT_NAMES, type PortName, printAddress } from '../../config/config.ts'
import { takesDatagrams } from '../../program/program.ts'
import type { ServerTarget } from '../connection.ts'
import { PingConnection } from '../ping-connection.ts'
import { type Check, type Finding, ok, type Patient, problem } from './check.ts'
import type { RunningProcess, Transport } from './machine.ts'

const PING_MS_MAX = 2000
const ROOT_PORT_MAX = 1023

export const portsCheck: Check = {
  name: 'ports',
  async look(patient) {
    const findings: Finding[] = []
    for (const place of placesOf(patient.config)) findings.push(await lookAt(patient, place))
    return findings.length === 0 ? [ok('every port is off')] : findings
  },
}

/** One socket that a server would have. */
interface Place {
  readonly name: PortName
  readonly address: Address
  readonly transport: Transport
  readonly shown: string
}

function placesOf(config: Config): Place[] {
  return PORT_NAMES.flatMap((name) => {
    const hasUdp = name === 'log' && takesDatagrams(config)
    return config.ports[name].listen.flatMap((address) => {
      const shown = `${name}, ${printAddress(address)}`
      const tcp: Place = { name, address, transport: 'tcp', shown }
      return hasUdp && address.port !== 0
        ? [tcp, { ...tcp, transport: 'udp', shown: `${shown} (UDP)` }]
        : [tcp]
    })
  })
}

async function lookAt(patient: Patient, place: Place): Promise<Finding> {
  const { name, address, transport, shown } = place
  if (address.port === 0) return ok(`${shown}: any free port will do`)
  const code = await patient.machine.tryListen(address, transport)
  if (code === null) return ok(`${shown}: free`)
  if (code === 'EADDRINUSE') return taken(patient, place)
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

async function taken(patient: Patient, place: Place): Promise<Finding> {
  const { machine, dataDir } = patient
  const { name, address, transport, shown } = place
  const holder = await machine.listenerOf(address, transport)
  const user = await userOf(patient)
  const isOurs = user !== null && (holder === null ? await answers(patient, place) : holder.pid === user.pid)
  if (isOurs)
    return ok(`${shown}: held by the LogCaster that runs${user.pid === null ? '' : ` (process ${user.pid})`}`)
  const isLogCaster = await answers(patient, place)
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

/**
 * Whether who listens there answers as our text protocols do; for a socket of UDP, who listens beside it. The other
 * ports are not asked. Whose certificate it is does not matter here: no token is sent, and nothing is believed.
 */
async function answers({ io, config }: Patient, { name, address }: Place): Promise<boolean> {
  if (name !== 'log' && name !== 'query') return false
  const { host, port } = address
  const target: ServerTarget = {
    host: REACHABLE[host] ?? host,
    port,
    portOption: TEXT_PORTS[name],
    tls: config.ports[name].tls.only ? { trustsAnybody: true } : null,
    token: undefined,
  }
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
