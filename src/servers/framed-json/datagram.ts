/**
 * Framed JSON over UDP: one datagram, one frame, and at most one answer.
 *
 * Invariants: only handlers that say so are asked; no answer has more than three times the bytes of its datagram, since
 * its sender's address may be forged: one that is too long is sent without sender and time, and else not at all. Who
 * gets no answer is counted under the reason.
 */
import { isCodedError } from '../../base/base.ts'
import { decodeJsonDatagram, type JsonMessage } from '../../wire/wire.ts'
import type { PeerAddress, SessionAccess } from '../access.ts'
import type { Action } from '../actions.ts'
import type { StoreGate } from '../store-gate.ts'
import type { JsonContext, JsonServices, LastingRequest } from './context.ts'
import type { JsonRegistry } from './registry.ts'
import { encodeBareReply, encodeReply, errorPayload } from './reply-frame.ts'

export interface DatagramCounters {
  datagrams: number
  answered: number
  /** No frame, or not exactly one. */
  bad: number
  /** Of a type that is not answered over UDP. */
  notForDatagrams: number
  /** Left out because as much is under way as may be: over UDP nobody can be asked to wait. */
  busy: number
  /** Answers that were too long. */
  tooLong: number
}

/** What datagrams need of the server. */
export interface DatagramSurroundings {
  readonly services: JsonServices
  readonly registry: JsonRegistry
  readonly gate: StoreGate
}

const GROWTH_MAX = 3
/** What fits into one datagram of IPv4. */
const ANSWER_BYTES_MAX = 65_507
const SECOND_MS = 1000

export class DatagramServer {
  readonly #around: DatagramSurroundings
  readonly #counters: DatagramCounters = {
    datagrams: 0,
    answered: 0,
    bad: 0,
    notForDatagrams: 0,
    busy: 0,
    tooLong: 0,
  }

  constructor(around: DatagramSurroundings) {
    this.#around = around
  }

  stats(): DatagramCounters {
    return { ...this.#counters }
  }

  async answer(bytes: Uint8Array, peer: PeerAddress, access: SessionAccess): Promise<Uint8Array | null> {
    this.#counters.datagrams++
    const frame = decodeJsonDatagram(bytes)
    if (frame.kind === 'bad') return this.#leaveOut('bad')
    const { type, handler } = this.#around.registry.find(frame.message.type)
    if (handler.isForDatagrams !== true) return this.#leaveOut('notForDatagrams')
    if (!this.#isGateOpen()) return this.#leaveOut('busy')
    const request = new DatagramRequest(this.#around.services, frame.message, {
      peer,
      access,
      type,
      action: handler.action,
    })
    this.#around.gate.take(bytes.length)
    try {
      await this.#around.registry.run(handler, request, frame.message)
    } catch (error) {
      if (!isCodedError(error)) this.#around.services.problem(`A datagram of type ${type} failed`, error)
      request.reply('error', errorPayload(error))
    } finally {
      this.#around.gate.give(bytes.length)
    }
    return this.#shortAnswer(request, bytes.length)
  }

  #shortAnswer(request: DatagramRequest, requestBytes: number): Uint8Array | null {
    const bytesMax = Math.min(requestBytes * GROWTH_MAX, ANSWER_BYTES_MAX)
    const answer = request.answers().find(({ length }) => length <= bytesMax)
    if (answer === undefined) return this.#leaveOut('tooLong')
    this.#counters.answered++
    return answer
  }

  #leaveOut(reason: 'bad' | 'notForDatagrams' | 'busy' | 'tooLong'): null {
    this.#counters[reason]++
    return null
  }

  #isGateOpen(): boolean {
    const isOpen = this.#around.gate.admits(NOBODY, 0)
    this.#around.gate.leave(NOBODY)
    return isOpen
  }
}

/** Nobody waits at the gate for a datagram. */
const NOBODY = { go: () => {} }

class DatagramRequest implements JsonContext {
  readonly services: JsonServices
  readonly peer: PeerAddress
  readonly access: SessionAccess
  readonly type: string
  readonly action: Action | null
  readonly isDatagram = true
  readonly receiver = null
  readonly hasRoom = true
  readonly #message: JsonMessage
  /** What the last reply was: there is one answer only. */
  #reply: { readonly type: string; readonly payloadJson: string } | null = null

  constructor(
    services: JsonServices,
    message: JsonMessage,
    about: Pick<JsonContext, 'peer' | 'access' | 'type' | 'action'>,
  ) {
    this.services = services
    this.#message = message
    this.peer = about.peer
    this.access = about.access
    this.type = about.type
    this.action = about.action
  }

  /** The answer in full, and bare. */
  answers(): Uint8Array[] {
    if (this.#reply === null) return []
    const { type, payloadJson } = this.#reply
    const { correlationId } = this.#message
    const { clock, serverName } = this.services
    const timestamp = clock.wallMs() / SECOND_MS
    return [
      encodeReply(type, payloadJson, { timestamp, senderId: serverName, correlationId }),
      encodeBareReply(type, payloadJson, correlationId),
    ]
  }

  reply(type: string, payload: unknown): void {
    this.replyJson(type, JSON.stringify(payload) ?? 'null')
  }

  replyJson(type: string, payloadJson: string): void {
    this.#reply = { type, payloadJson }
  }

  room(): Promise<void> {
    return Promise.resolve()
  }

  last(): LastingRequest {
    throw new Error('BUG: a datagram cannot last')
  }

  end(): number {
    return 0
  }

  sessionStats(): object {
    return {}
  }
}
