/**
 * Messages from one framed JSON session to all others that may read. Nobody waits for a slow one: a session whose
 * replies wait already does not get the message, and that is counted.
 */
export interface BroadcastReceiver {
  /** Whether it may get messages at all. */
  readonly mayReceive: boolean
  /** False when it has no room. */
  deliver(frame: Uint8Array): boolean
}

export class Broadcasts {
  readonly #receivers = new Set<BroadcastReceiver>()
  /** Messages sent. */
  sent = 0
  /** Copies of them that reached a session. */
  delivered = 0
  /** Copies that were left out because their session was slow. */
  dropped = 0

  enter(receiver: BroadcastReceiver): void {
    this.#receivers.add(receiver)
  }

  leave(receiver: BroadcastReceiver): void {
    this.#receivers.delete(receiver)
  }

  /** How many sessions got it. `from` is none of them. */
  send(frame: Uint8Array, from: BroadcastReceiver | null): number {
    this.sent++
    let recipients = 0
    for (const receiver of this.#receivers) {
      if (receiver === from || !receiver.mayReceive) continue
      if (receiver.deliver(frame)) recipients++
      else this.dropped++
    }
    this.delivered += recipients
    return recipients
  }

  stats(): { readonly sent: number; readonly delivered: number; readonly dropped: number } {
    return { sent: this.sent, delivered: this.delivered, dropped: this.dropped }
  }
}
