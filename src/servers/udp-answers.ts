/**
 * Framed JSON over UDP: the only datagrams that are answered. What a request means is the framed JSON protocol's;
 * here its answer is kept to what a datagram may cause.
 *
 * Invariants: no answer is longer than three times its request, since the sender's address may be forged; at most
 * REQUESTS_MAX requests are under way.
 */
import type { RemoteInfo } from 'node:dgram'
import { AssertionError } from '../base/base.ts'
import { type AccessPolicy, type PeerAddress, SessionAccess } from './access.ts'
import type { UdpDrops } from './udp-drops.ts'
import type { UdpSocket } from './udp-socket.ts'

/** Answers one datagram, or does not: null. */
export type AnswerDatagram = (
  bytes: Uint8Array,
  peer: PeerAddress,
  access: SessionAccess,
) => Promise<Uint8Array | null>

const REQUESTS_MAX = 1024
/** No answer is longer than this many times its request. */
const AMPLIFICATION_MAX = 3

export class UdpAnswers {
  readonly #answer: AnswerDatagram
  readonly #policy: AccessPolicy
  readonly #drops: UdpDrops
  readonly #problem: (message: string, error: unknown) => void
  readonly #underWay = new Set<Promise<void>>()
  #sent = 0

  constructor(
    answer: AnswerDatagram,
    policy: AccessPolicy,
    drops: UdpDrops,
    problem: (message: string, error: unknown) => void,
  ) {
    this.#answer = answer
    this.#policy = policy
    this.#drops = drops
    this.#problem = problem
  }

  /** Answers sent. */
  get sent(): number {
    return this.#sent
  }

  take(bytes: Uint8Array, from: RemoteInfo, peer: PeerAddress, socket: UdpSocket): void {
    if (this.#underWay.size >= REQUESTS_MAX) {
      this.#drops.count('answersFull')
      return
    }
    const answering: Promise<void> = this.#answerOne(bytes, from, peer, socket).finally(() =>
      this.#underWay.delete(answering),
    )
    this.#underWay.add(answering)
  }

  /** Resolves when all requests that were taken are answered. */
  async settle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
  }

  async #answerOne(bytes: Uint8Array, from: RemoteInfo, peer: PeerAddress, socket: UdpSocket): Promise<void> {
    const answer = await this.#answerTo(bytes, peer)
    if (answer === null) return
    if (answer.length > bytes.length * AMPLIFICATION_MAX) this.#drops.count('answerTooLong')
    else if (await socket.send(answer, from)) this.#sent++
    else this.#drops.count('answerFailed')
  }

  async #answerTo(bytes: Uint8Array, peer: PeerAddress): Promise<Uint8Array | null> {
    try {
      return await this.#answer(bytes, peer, new SessionAccess(this.#policy, peer))
    } catch (error) {
      if (error instanceof AssertionError) throw error
      this.#problem('A datagram could not be answered', error)
      this.#drops.count('answerFailed')
      return null
    }
  }
}
