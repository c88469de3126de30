/**
 * Rules between options: what no single value can break. A rule is silent while an option that it reads is
 * already reported, so that one mistake gives one problem. Each rule is a function in RULES; adding one is
 * adding it there.
 */
import { printBytes } from './kinds.ts'
import { leastMemory, type MemoryWanted, SHARED_OPTIONS, whatFits } from './memory-plan.ts'
import { nearestName } from './nearest-name.ts'
import { type Address, isLoopback, isWildcard, printAddress } from './network.ts'
import { type Config, PORT_NAMES, type PortName } from './options.ts'
import { type Origin, quoted } from './problem.ts'

export interface RuleContext {
  readonly config: Config
  /** Names of protocols that a port can be pinned to; undefined when the caller does not know them. */
  readonly protocols: readonly string[] | undefined
  /** What the memory is divided by. */
  readonly memory: MemoryWanted
  originOf(path: string): Origin
  /** True when none of the options has a problem of its own. */
  isSound(...paths: string[]): boolean
  report(path: string, what: string, hint: string): void
}

type Rule = (context: RuleContext) => void
type PortRule = (context: RuleContext, name: PortName, path: (option: string) => string) => void

export function checkRules(context: RuleContext): void {
  for (const rule of RULES) rule(context)
}

const onEachPort =
  (rule: PortRule): Rule =>
  (context) => {
    for (const name of PORT_NAMES) rule(context, name, (option) => `ports.${name}.${option}`)
  }

/**
 * Whoever opens a port to other machines says who may come in: neither the default nor silence says it for
 * them.
 */
const openPortStatesPolicy: PortRule = (context, name, path) => {
  if (!context.isSound('profile', path('listen'))) return
  const open = context.config.ports[name].listen.find(({ host }) => !isLoopback(host))
  if (open === undefined) return
  const missing = ['allow', 'auth'].filter((option) => context.originOf(path(option)).from === 'default')
  if (missing.length === 0 || !context.isSound(path('allow'), path('auth'))) return
  const what = `other machines can reach ${printAddress(open)}, so it must be stated who may connect`
  const advice = {
    allow: 'allow (the networks that may connect, such as 192.168.0.0/16)',
    auth: 'auth (none or required)',
  }
  const hint = missing.map((option) => advice[option as keyof typeof advice]).join(' and ')
  context.report(path('listen'), what, `write ${hint} beside it, or listen on 127.0.0.1`)
}

const grantFitsAuth: PortRule = (context, name, path) => {
  if (!context.isSound(path('auth'), path('grant'))) return
  const { auth, grant } = context.config.ports[name]
  if (grant.includes('admin')) {
    const what = 'admin cannot be granted to everybody who connects'
    context.report(path('grant'), what, 'leave it out: over the network only a credential gives it')
  }
  const isStated = context.originOf(path('grant')).from !== 'default'
  if (auth === 'required' && isStated && grant.length > 0) {
    const what = 'with auth: required, nothing is granted without credentials'
    context.report(path('grant'), what, 'leave grant out, or write auth: none')
  }
}

const tlsHasBothFiles: PortRule = (context, name, path) => {
  if (!context.isSound(path('tls.cert'), path('tls.key'))) return
  const { cert, key } = context.config.ports[name].tls
  if (cert !== undefined && key === undefined) {
    context.report(
      path('tls.cert'),
      'the certificate has no private key',
      'write key: {file: PATH} beside it',
    )
  }
  if (cert === undefined && key !== undefined) {
    context.report(path('tls.key'), 'the private key has no certificate', 'write cert: PATH beside it')
  }
}

const tlsOnlyHasTls: PortRule = (context, name, path) => {
  if (!context.isSound(path('tls.cert'), path('tls.only'), path('tls.clientCertificate'))) return
  const { cert, only, clientCertificate } = context.config.ports[name].tls
  if (!only || cert !== undefined || clientCertificate === 'require') return
  context.report(
    path('tls.only'),
    'without a certificate nothing can come over TLS',
    'write cert: PATH and key: {file: PATH} beside it',
  )
}

const clientCertificateHasItsFiles: PortRule = (context, name, path) => {
  if (!context.isSound(path('tls.cert'), path('tls.clientCa'), path('tls.clientCertificate'))) return
  const { cert, clientCa, clientCertificate } = context.config.ports[name].tls
  if (clientCertificate === 'off') {
    if (clientCa === undefined) return
    const what = 'nothing is checked against it while clientCertificate is off'
    context.report(path('tls.clientCa'), what, 'write clientCertificate: require (or request) beside it')
    return
  }
  const place = path('tls.clientCertificate')
  if (cert === undefined) {
    const what = 'without TLS no client can show a certificate'
    context.report(place, what, 'write cert: PATH and key: {file: PATH} beside it')
  }
  if (clientCa === undefined) {
    const what = 'it is not stated who may issue client certificates'
    context.report(place, what, 'write clientCa: PATH beside it')
  }
}

const protocolIsKnown: PortRule = (context, name, path) => {
  const { protocol } = context.config.ports[name]
  if (context.protocols === undefined || protocol === 'auto' || !context.isSound(path('protocol'))) return
  if (context.protocols.includes(protocol)) return
  const near = nearestName(protocol, context.protocols)
  const hint = near === null ? `the protocols are ${context.protocols.join(', ')}` : `did you mean ${near}?`
  context.report(path('protocol'), `${quoted(protocol)} is not a protocol that can be pinned`, hint)
}

const addressesDiffer: Rule = (context) => {
  const taken: { name: PortName; address: Address }[] = []
  for (const name of PORT_NAMES) {
    const path = `ports.${name}.listen`
    if (!context.isSound(path)) continue
    for (const address of context.config.ports[name].listen) {
      const other = taken.find((earlier) => overlaps(earlier.address, address))
      taken.push({ name, address })
      if (other === undefined) continue
      const what = `${printAddress(address)} is taken by ports.${other.name} (${printAddress(other.address)})`
      context.report(path, what, 'give each port its own number')
    }
  }
}

function overlaps(a: Address, b: Address): boolean {
  if (a.port !== b.port || a.port === 0) return false
  if (a.host.toLowerCase() === b.host.toLowerCase()) return true
  const sameFamily = a.host.includes(':') === b.host.includes(':')
  return (isWildcard(a.host) || isWildcard(b.host)) && sameFamily
}

/** The first must hold at least the second (and a little more for what stands around it). */
const HOLDS: readonly [
  outer: string,
  inner: string,
  roomBytes: number,
  read: (c: Config) => [number, number],
][] = [
  [
    'storage.batchBytesMax',
    'record.bytesMax',
    64 * 1024,
    ({ storage, record }) => [storage.batchBytesMax, record.bytesMax],
  ],
  [
    'connection.unackedBytesMax',
    'record.bytesMax',
    64 * 1024,
    ({ connection, record }) => [connection.unackedBytesMax, record.bytesMax],
  ],
  [
    'storage.segmentBytesMax',
    'storage.batchBytesMax',
    64 * 1024,
    ({ storage }) => [storage.segmentBytesMax, storage.batchBytesMax],
  ],
  [
    'storage.gatherBytesMax',
    'storage.batchBytesMax',
    0,
    ({ storage }) => [storage.gatherBytesMax, storage.batchBytesMax],
  ],
  [
    'storage.bufferBytesMax',
    'storage.gatherBytesMax',
    0,
    ({ storage }) => [storage.bufferBytesMax, storage.gatherBytesMax],
  ],
]

const sizesFit: Rule = (context) => {
  for (const [outer, inner, roomBytes, read] of HOLDS) {
    const [outerBytes, innerBytes] = read(context.config)
    if (!context.isSound(outer, inner) || outerBytes >= innerBytes + roomBytes) continue
    const isOuterStated = context.originOf(outer).from !== 'default'
    const what = isOuterStated ? `is too small for ${inner}` : `is too large for ${outer}`
    const hint = isOuterStated
      ? `write at least ${printBytes(innerBytes + roomBytes)}`
      : `write at most ${printBytes(outerBytes - roomBytes)}, or raise ${outer}`
    context.report(
      isOuterStated ? outer : inner,
      `${what} (${printBytes(isOuterStated ? innerBytes : outerBytes)})`,
      hint,
    )
  }
}

const MIB = 1024 * 1024

/** What is set leaves enough of the budget for the rest. */
const memoryFits: Rule = ({ memory, isSound, report }) => {
  if (!isSound('memory.bytesMax', 'stores', ...SHARED_OPTIONS)) return
  const leastBytes = leastMemory(memory)
  if (leastBytes <= memory.bytesMax) return
  const raised = printBytes(Math.ceil(leastBytes / MIB) * MIB)
  const budget = printBytes(memory.bytesMax)
  const largest = whatFits(memory)
  if (largest === null) {
    const what = `is too small for ${memory.stores} stores (${budget})`
    return report('memory.bytesMax', what, `write at least ${raised}, or name fewer stores`)
  }
  const raise = `raise memory.bytesMax to at least ${raised}`
  const mostMebibytes = Math.floor(largest.max / MIB)
  const hint = mostMebibytes > 0 ? `write at most ${mostMebibytes}MiB, or ${raise}` : raise
  report(largest.option, `does not fit into memory.bytesMax (${budget}) beside the rest`, hint)
}

const RULES: readonly Rule[] = [
  onEachPort(openPortStatesPolicy),
  onEachPort(grantFitsAuth),
  onEachPort(tlsHasBothFiles),
  onEachPort(tlsOnlyHasTls),
  onEachPort(clientCertificateHasItsFiles),
  onEachPort(protocolIsKnown),
  addressesDiffer,
  sizesFit,
  memoryFits,
]
