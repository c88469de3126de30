/**
 * What a session may do: `can(subject, action, object)`. The port's policy grants to everybody, a login adds; no
 * session looks at its protocol or its port to decide.
 *
 * Not here: which networks may connect (listener.ts), and which action needs what (actions.ts).
 */
import { createHash } from 'node:crypto'
import { ACTIONS, type Action, type Capability } from './actions.ts'

export interface AccessPolicy {
  /** What a session may do without credentials. */
  readonly grant: readonly Capability[]
  /** What a token adds, or null when nobody has it. Without this function no token is known. */
  readonly authenticate?: Authenticate
  /** How much a session may send before it may do anything at all. Default 4 KiB. */
  readonly unknownBytesMax?: number
  /** How long it may take for that. Default 10,000 ms; 0: no limit. */
  readonly unknownMsMax?: number
}

export type Authenticate = (token: Uint8Array, peer: PeerAddress) => Promise<readonly Capability[] | null>

export interface PeerAddress {
  /** IPv4 or IPv6; an IPv4 address is never written as an IPv6 one. */
  readonly address: string
  readonly port: number
}

/** Who acts. */
export interface Subject {
  readonly granted: ReadonlySet<Capability>
}

/** What is acted on: a store, or the server itself. */
export type AccessObject = { readonly store: string } | 'server'

/**
 * The one question of access. A capability holds for every store of the server; a grant for some of them only is
 * decided here when there are accounts.
 */
export function can(subject: Subject, action: Action, _object: AccessObject = 'server'): boolean {
  const needed = ACTIONS[action]
  return needed === null || subject.granted.has(needed)
}

const UNKNOWN_BYTES_MAX = 4096
const UNKNOWN_MS_MAX = 10_000
const TOKEN_BYTES_MAX = 4096

export class SessionAccess implements Subject {
  readonly #policy: AccessPolicy
  readonly #peer: PeerAddress
  readonly #granted: Set<Capability>

  constructor(policy: AccessPolicy, peer: PeerAddress) {
    this.#policy = policy
    this.#peer = peer
    this.#granted = new Set(policy.grant)
  }

  get granted(): ReadonlySet<Capability> {
    return this.#granted
  }

  can(action: Action, object: AccessObject = 'server'): boolean {
    return can(this, action, object)
  }

  /** Whether the session may do nothing yet: then `unknownMsMax` and `unknownBytesMax` bound it. */
  get isUnknown(): boolean {
    return this.#granted.size === 0
  }

  get unknownMsMax(): number {
    return this.#policy.unknownMsMax ?? UNKNOWN_MS_MAX
  }

  get unknownBytesMax(): number {
    return this.#policy.unknownBytesMax ?? UNKNOWN_BYTES_MAX
  }

  /** A copy with nothing but the port's grant: for protocols that bring credentials with every request. */
  fresh(): SessionAccess {
    return new SessionAccess(this.#policy, this.#peer)
  }

  /** Whether somebody has this token; what it allows is added. */
  async login(token: Uint8Array): Promise<boolean> {
    if (this.#policy.authenticate === undefined || token.length > TOKEN_BYTES_MAX) return false
    const added = await this.#policy.authenticate(token, this.#peer)
    if (added === null) return false
    for (const capability of added) this.#granted.add(capability)
    return true
  }
}

export interface ConfiguredToken {
  readonly name: string
  readonly grant: readonly Capability[]
  /** SHA-256 of the token, as hexadecimal digits. */
  readonly hash: string
}

/**
 * Knows tokens by their hashes. A token is 256 random bits, so a fast hash is enough: there is nothing to guess, and
 * what a look-up by hash takes tells nothing of other tokens.
 */
export function authenticateBy(tokens: readonly ConfiguredToken[]): Authenticate {
  const byHash = new Map(tokens.map(({ hash, grant }) => [hash.toLowerCase(), grant]))
  return (token) => Promise.resolve(byHash.get(createHash('sha256').update(token).digest('hex')) ?? null)
}
