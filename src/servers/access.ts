/**
 * What a session may do: the capabilities that its port grants to everybody, and those that a token adds.
 *
 * Every action of every protocol asks `can`; no session looks at its protocol or port to decide. A login only adds.
 * Not here: which networks may connect (listener.ts), and where tokens are kept.
 */
export type Capability = 'write' | 'read' | 'chat' | 'admin'

export interface AccessPolicy {
  /** What a session may do without credentials. */
  readonly grant: readonly Capability[]
  /** What a token adds, or null when nobody has it. Without this function no token is known. */
  readonly authenticate?: (token: Uint8Array, peer: PeerAddress) => Promise<readonly Capability[] | null>
  /** How much a session may send before it may do anything at all. Default 4 KiB. */
  readonly unknownBytesMax?: number
  /** How long it may take for that. Default 10,000 ms; 0: no limit. */
  readonly unknownMsMax?: number
}

export interface PeerAddress {
  /** IPv4 or IPv6; an IPv4 address is never written as an IPv6 one. */
  readonly address: string
  readonly port: number
}

const UNKNOWN_BYTES_MAX = 4096
const UNKNOWN_MS_MAX = 10_000
const TOKEN_BYTES_MAX = 4096

export class SessionAccess {
  readonly #policy: AccessPolicy
  readonly #peer: PeerAddress
  readonly #granted: Set<Capability>

  constructor(policy: AccessPolicy, peer: PeerAddress) {
    this.#policy = policy
    this.#peer = peer
    this.#granted = new Set(policy.grant)
  }

  can(capability: Capability): boolean {
    return this.#granted.has(capability)
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

  /** Whether somebody has this token; what it allows is added. */
  async login(token: Uint8Array): Promise<boolean> {
    if (this.#policy.authenticate === undefined || token.length > TOKEN_BYTES_MAX) return false
    const added = await this.#policy.authenticate(token, this.#peer)
    if (added === null) return false
    for (const capability of added) this.#granted.add(capability)
    return true
  }
}
