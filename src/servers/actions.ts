/**
 * What can be done over the network, whatever the protocol, and the capability that each action needs
 * (PROTOCOLS.md §6, "What each action needs"). One row an action; `can` (access.ts) is the only reader.
 */
export type Capability = 'write' | 'read' | 'chat' | 'admin'

export const CAPABILITIES: readonly Capability[] = ['write', 'read', 'chat', 'admin']

/** null: any session that the port's policy lets in. */
export const ACTIONS = {
  ping: null,
  help: null,
  login: null,
  /** Counters of one's own connection. */
  'stats.connection': null,
  echo: null,
  compute: null,
  /** Pages and routes that tell nothing of what is stored: `/`, `/health`, `/ready`, `/api/status`, `/static/*`. */
  page: null,
  /** What stores nothing and gives back what it got: `/api/echo`, `/api/data`. */
  'data.echo': null,
  /** Sending records, and having them acknowledged. */
  'record.write': 'write',
  query: 'read',
  tail: 'read',
  'stats.server': 'read',
  metrics: 'read',
  /** What the files of a store hold, and whether they are whole. */
  'storage.read': 'read',
  'broadcast.receive': 'read',
  'broadcast.send': 'chat',
  /** IRC registration and everything after it. */
  chat: 'chat',
  /** Changing the server or what it holds: flush, merge, backup, export and import of parts. */
  'server.change': 'admin',
  /** Deleting records by filter, seeing what work in the background there is, and ending it. */
  delete: 'admin',
} as const satisfies Record<string, Capability | null>

export type Action = keyof typeof ACTIONS
