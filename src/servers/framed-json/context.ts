/** What a handler of framed JSON is given: who asks, how to reply, and what the server has to answer with. */
import type { Clock } from '../../base/base.ts'
import type { Hub } from '../../hub/hub.ts'
import type { PeerAddress, SessionAccess } from '../access.ts'
import type { Action } from '../actions.ts'
import type { BroadcastReceiver, Broadcasts } from './broadcasts.ts'
import type { ComputePool } from './compute-pool.ts'
import type { JsonLogWriter } from './log-writer.ts'

/** One request. */
export interface JsonContext {
  readonly services: JsonServices
  readonly peer: PeerAddress
  readonly access: SessionAccess
  readonly isDatagram: boolean
  /** The peer's session, which gets no broadcasts of its own; null where there is no session. */
  readonly receiver: BroadcastReceiver | null
  /** The type that its handler is registered under. */
  readonly type: string
  /** What its handler needs. */
  readonly action: Action | null
  /** Sends a frame with the request's correlation id. FRAME_TOO_LARGE. */
  reply(type: string, payload: unknown): void
  /** The same with a payload that is JSON text already. */
  replyJson(type: string, payloadJson: string): void
  /** Whether the peer takes what it is sent. A handler with many replies awaits `room` when it does not. */
  readonly hasRoom: boolean
  /** Resolves when the peer has taken enough, or when the signal aborts. */
  room(signal: AbortSignal): Promise<void>
  /**
   * Says that this request goes on for long: others need not wait for it, and messages of the type `endedBy` with the
   * same correlation id end it. To be disposed of. SERVER_BUSY when the session has too many already.
   */
  last(options: LastingOptions): LastingRequest
  /** Ends lasting requests that messages of this type end, with this correlation id; how many there were. */
  end(endedBy: string): number
  /** Counters of the peer's session. */
  sessionStats(): object
}

export interface LastingOptions {
  readonly endedBy: string
  /** Whether it never ends by itself: then it is ended when the peer says that it will send nothing more. */
  readonly isEndless: boolean
}

export interface LastingRequest extends Disposable {
  /** Aborts when it is to end, for whatever reason. */
  readonly signal: AbortSignal
  /** Whether the peer asked for that. */
  readonly isEndedByPeer: boolean
}

/** What all requests of a server share. */
export interface JsonServices {
  readonly hub: Hub
  readonly clock: Clock
  /** The store that is asked; undefined: the default. */
  readonly store: string | undefined
  /** `sender_id` of replies. */
  readonly serverName: string
  readonly rowsMax: number
  /** 0: no limit. */
  readonly queryMsMax: number
  readonly logs: JsonLogWriter
  readonly broadcasts: Broadcasts
  readonly compute: ComputePool
  readonly serverStats: () => unknown
  /** Told what our own log should say. */
  readonly problem: (message: string, error: unknown) => void
}
