/** The statistics of the whole server, as far as HTTP shows them. Whoever puts the program together provides them. */
import type { HubStats } from '../../hub/hub.ts'
import type { PortServerStats } from '../port-server.ts'

export interface ServerStats {
  readonly hub: HubStats
  /** By the name of the port. */
  readonly ports: Readonly<Record<string, PortServerStats>>
  /** What each protocol's `stats()` gives, by the name of the protocol. */
  readonly protocols: Readonly<Record<string, object>>
  /** By the name of the port that shows it. */
  readonly certificates?: Readonly<Record<string, { readonly expiresMs: number }>>
}

/** Connections that are open, on all ports. */
export function openConnections({ ports }: ServerStats): number {
  return sumOf(Object.values(ports), 'connections')
}

/** The sum of a counter over all that have it. */
export function sumOf(parts: readonly object[], name: string): number {
  return parts.reduce((sum, part) => sum + counterOf(part, name), 0)
}

/** A number of some statistics, 0 where they do not count it. */
export function counterOf(stats: object, name: string): number {
  const value: unknown = Reflect.get(stats, name)
  return typeof value === 'number' ? value : 0
}

/** What was refused: a number, or numbers by reason. */
export function refusedOf(stats: object): number {
  const refused: unknown = Reflect.get(stats, 'refused')
  if (typeof refused !== 'object' || refused === null) return counterOf(stats, 'refused')
  return sumOfValues(refused)
}

function sumOfValues(counts: object): number {
  return Object.values(counts).reduce<number>(
    (sum, count: unknown) => sum + (typeof count === 'number' ? count : 0),
    0,
  )
}
