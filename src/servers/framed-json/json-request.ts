/** One message of a framed JSON session while it is answered. */
import type { JsonMessage } from '../../wire/wire.ts'
import type { PeerAddress, SessionAccess } from '../access.ts'
import type { Action } from '../actions.ts'
import type { BroadcastReceiver } from './broadcasts.ts'
import type { JsonContext, JsonServices, LastingOptions, LastingRequest } from './context.ts'
import { encodeReply, errorPayload } from './reply-frame.ts'

/** What a request needs of its session. */
export interface RequestHost extends BroadcastReceiver {
  readonly services: JsonServices
  readonly peer: PeerAddress
  readonly access: SessionAccess
  readonly hasRoom: boolean
  send(frame: Uint8Array): void
  room(signal: AbortSignal): Promise<void>
  last(options: LastingOptions, request: JsonRequest): LastingRequest
  end(endedBy: string, correlationId: JsonMessage['correlationId']): number
  sessionStats(): object
}

const SECOND_MS = 1000

export class JsonRequest implements JsonContext {
  readonly isDatagram = false
  readonly type: string
  readonly action: Action | null
  readonly message: JsonMessage
  /** Bytes of its frame. */
  readonly bytes: number
  /** Whether it counts among those that others wait for. */
  isHolding = true
  readonly #host: RequestHost

  constructor(
    host: RequestHost,
    message: JsonMessage,
    bytes: number,
    found: { readonly type: string; readonly action: Action | null },
  ) {
    this.#host = host
    this.message = message
    this.bytes = bytes
    this.type = found.type
    this.action = found.action
  }

  get services(): JsonServices {
    return this.#host.services
  }

  get peer(): PeerAddress {
    return this.#host.peer
  }

  get access(): SessionAccess {
    return this.#host.access
  }

  get receiver(): BroadcastReceiver {
    return this.#host
  }

  get hasRoom(): boolean {
    return this.#host.hasRoom
  }

  reply(type: string, payload: unknown): void {
    this.replyJson(type, JSON.stringify(payload) ?? 'null')
  }

  replyJson(type: string, payloadJson: string): void {
    const { clock, serverName } = this.services
    const { correlationId } = this.message
    const timestamp = clock.wallMs() / SECOND_MS
    this.#host.send(encodeReply(type, payloadJson, { timestamp, senderId: serverName, correlationId }))
  }

  /** The `error` frame for what was thrown. */
  refuse(error: unknown): void {
    this.reply('error', errorPayload(error))
  }

  room(signal: AbortSignal): Promise<void> {
    return this.#host.room(signal)
  }

  last(options: LastingOptions): LastingRequest {
    return this.#host.last(options, this)
  }

  end(endedBy: string): number {
    return this.#host.end(endedBy, this.message.correlationId)
  }

  sessionStats(): object {
    return this.#host.sessionStats()
  }
}
