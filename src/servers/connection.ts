/**
 * One connection: bytes out in order and in pieces, idle time, and an end that loses no reply.
 *
 * Invariants:
 *  - unsent bytes wait here and are given to the socket a piece at a time, so that `unsentBytes` is exact.
 *  - a peer that takes nothing of what waits for it within `idleMsMax` is cut off (`stalled`).
 *  - a peer that says nothing within `idleMsMax`, while it is listened to and is owed nothing, is told to the session
 *    (`onIdle`), which ends it in its own words.
 *  - `finish` sends what waits, then the end, then listens on for a short while: a socket that is closed with unread
 *    bytes in it resets the connection, and a reset may destroy replies that the peer has not read yet.
 *  - what comes in faster than the meter allows waits in the socket, and so with the peer.
 *  - the bare stream can be taken back (`release`), as long as nothing was written.
 *
 * Not here: what the bytes mean. Reading is paused and resumed by the session.
 */
import type { Duplex } from 'node:stream'
import { assert, type Clock } from '../base/base.ts'

/** How fast bytes may come. Shared by connections of one address. */
export interface ByteMeter {
  /** Counts bytes that came; for how long to read nothing, ms. */
  take(byteCount: number): number
}

export interface ConnectionOptions {
  /** 0: no limit. */
  readonly idleMsMax: number
  /** More unsent bytes than this, and the session should wait for `onRoom`. */
  readonly unsentBytesMax: number
  /** How long a finished connection waits for the peer to close. */
  readonly lingerMsMax: number
  readonly meter?: ByteMeter
}

/** Why a connection is over: we finished it, the peer closed or broke it, it took no replies, or we cut it off. */
export type ConnectionEnd = 'finished' | 'broken' | 'stalled' | 'cut'

export interface ConnectionEvents {
  onChunk(chunk: Buffer): void
  /** The peer has sent everything; it may still read. */
  onEnd(): void
  onIdle(): void
  /** There is room for replies again. */
  onRoom(): void
  /** Once, last of all. */
  onClosed(end: ConnectionEnd): void
  /** Whether the peer is owed something: then its silence is not idleness. */
  isBusy(): boolean
}

const PIECE_BYTES = 64 * 1024

export class Connection {
  readonly #stream: Duplex
  readonly #clock: Clock
  readonly #options: ConnectionOptions
  readonly #events: ConnectionEvents
  #queue: Uint8Array[] = []
  #unsentBytes = 0
  #isWriting = false
  /** Wakes those who wait for room. */
  readonly #roomWaiters = new Set<() => void>()
  #isPaused = false
  /** The meter wants nothing to be read. */
  #isThrottled = false
  #bytesIn = 0
  #isFinishing = false
  #end: ConnectionEnd | null = null
  #isClosed = false
  #heardMs: number
  #takenMs: number
  #stopTimer: () => void = () => {}
  #stopLinger: () => void = () => {}
  #stopThrottle: () => void = () => {}

  readonly #onError = (): void => this.#broke()
  readonly #onClose = (): void => this.#closed()
  readonly #onEnd = (): void => {
    if (!this.#isFinishing) this.#events.onEnd()
  }
  readonly #onData = (chunk: Buffer): void => this.#heard(chunk)

  constructor(stream: Duplex, clock: Clock, options: ConnectionOptions, events: ConnectionEvents) {
    this.#stream = stream
    this.#clock = clock
    this.#options = options
    this.#events = events
    this.#heardMs = this.#takenMs = clock.monotonicMs()
    stream.on('error', this.#onError)
    stream.on('close', this.#onClose)
    stream.on('end', this.#onEnd)
    stream.on('data', this.#onData)
    this.#watch(options.idleMsMax)
  }

  /**
   * Gives the stream back, with `bytes` to be read again first, and is of no use any more. The caller listens to its
   * errors from now on, and resumes it. Only before anything was written.
   */
  release(bytes: Uint8Array): Duplex {
    assert(this.#unsentBytes === 0 && !this.#isFinishing, 'nothing was written before a release')
    const stream = this.#stream
    stream.pause()
    stream.off('error', this.#onError)
    stream.off('close', this.#onClose)
    stream.off('end', this.#onEnd)
    stream.off('data', this.#onData)
    this.#stopTimer()
    this.#stopThrottle()
    this.#isClosed = true
    if (bytes.length > 0) stream.unshift(bytes)
    return stream
  }

  get bytesIn(): number {
    return this.#bytesIn
  }

  get unsentBytes(): number {
    return this.#unsentBytes
  }

  get hasRoom(): boolean {
    return this.#isClosed || this.#unsentBytes <= this.#options.unsentBytesMax
  }

  /** Resolves when there is room for more, when the connection is closed, or when the signal aborts. */
  room(signal?: AbortSignal): Promise<void> {
    if (this.hasRoom || signal?.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#roomWaiters.delete(wake)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      this.#roomWaiters.add(wake)
      signal?.addEventListener('abort', wake)
    })
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  pauseReading(): void {
    if (this.#isPaused || this.#isFinishing) return
    this.#isPaused = true
    this.#stream.pause()
  }

  resumeReading(): void {
    if (!this.#isPaused || this.#isFinishing) return
    this.#isPaused = false
    this.#heardMs = this.#clock.monotonicMs()
    if (!this.#isThrottled) this.#stream.resume()
  }

  /** Sends bytes behind all that were given before. They must not change any more. */
  write(bytes: Uint8Array): void {
    if (this.#isClosed || this.#isFinishing || bytes.length === 0) return
    if (this.#unsentBytes === 0) this.#takenMs = this.#clock.monotonicMs()
    this.#queue.push(bytes)
    this.#unsentBytes += bytes.length
    if (!this.#isWriting) this.#writePiece()
  }

  /** Ends the connection behind what was written. */
  finish(): void {
    if (this.#isFinishing || this.#isClosed) return
    this.#isFinishing = true
    if (this.#unsentBytes === 0) this.#sendEnd()
  }

  /** Ends it now, whatever waits. */
  cut(): void {
    this.#destroy('cut')
  }

  // ---- in -----------------------------------------------------------------------------------------------------

  #heard(chunk: Buffer): void {
    this.#heardMs = this.#clock.monotonicMs()
    this.#bytesIn += chunk.length
    if (this.#isFinishing) return
    const waitMs = this.#options.meter?.take(chunk.length) ?? 0
    if (waitMs > 0) this.#throttle(waitMs)
    this.#events.onChunk(chunk)
  }

  #throttle(waitMs: number): void {
    this.#isThrottled = true
    this.#stream.pause()
    this.#stopThrottle()
    this.#stopThrottle = this.#clock.after(waitMs, () => {
      this.#isThrottled = false
      if (!this.#isPaused || this.#isFinishing) this.#stream.resume()
    })
  }

  #broke(): void {
    this.#end ??= 'broken'
  }

  #closed(): void {
    this.#isClosed = true
    this.#stopTimer()
    this.#stopLinger()
    this.#stopThrottle()
    this.#queue = []
    this.#unsentBytes = 0
    this.#wakeWaiters()
    this.#events.onClosed(this.#end ?? (this.#isFinishing ? 'finished' : 'broken'))
  }

  // ---- out ----------------------------------------------------------------------------------------------------

  #writePiece(): void {
    const piece = this.#takePiece()
    this.#isWriting = true
    this.#stream.write(piece, (error) => {
      if (error === null || error === undefined) this.#taken(piece.length)
    })
  }

  /** The next bytes, many small pieces as one. */
  #takePiece(): Uint8Array {
    const first = this.#queue[0]
    if (first.length > PIECE_BYTES) {
      this.#queue[0] = first.subarray(PIECE_BYTES)
      return first.subarray(0, PIECE_BYTES)
    }
    let count = 0
    let length = 0
    while (count < this.#queue.length && length + this.#queue[count].length <= PIECE_BYTES) {
      length += this.#queue[count++].length
    }
    const pieces = this.#queue.splice(0, count)
    return pieces.length === 1 ? first : Buffer.concat(pieces, length)
  }

  #taken(byteCount: number): void {
    this.#isWriting = false
    if (this.#isClosed) return
    const hadRoom = this.hasRoom
    this.#unsentBytes -= byteCount
    this.#takenMs = this.#clock.monotonicMs()
    if (this.#queue.length > 0) this.#writePiece()
    else if (this.#isFinishing) this.#sendEnd()
    if (hadRoom || !this.hasRoom) return
    this.#wakeWaiters()
    this.#events.onRoom()
  }

  #wakeWaiters(): void {
    for (const wake of [...this.#roomWaiters]) wake()
  }

  #sendEnd(): void {
    this.#stream.end()
    this.#isPaused = false
    this.#stream.resume()
    this.#stopLinger = this.#clock.after(this.#options.lingerMsMax, () => this.#destroy('finished'))
  }

  #destroy(end: ConnectionEnd): void {
    this.#end ??= end
    this.#stream.destroy()
  }

  // ---- idle time ------------------------------------------------------------------------------------------------

  /** One timer a connection, set anew only when it is due. */
  #watch(delayMs: number): void {
    if (this.#options.idleMsMax === 0) return
    this.#stopTimer = this.#clock.after(delayMs, () => this.#check())
  }

  #check(): void {
    if (this.#isClosed) return
    const idleMsMax = this.#options.idleMsMax
    if (this.#unsentBytes > 0) {
      const restMs = this.#restMs(this.#takenMs)
      if (restMs > 0) this.#watch(restMs)
      else this.#destroy('stalled')
      return
    }
    const isListening = !this.#isPaused && !this.#isThrottled && !this.#isFinishing && !this.#events.isBusy()
    const restMs = isListening ? this.#restMs(Math.max(this.#heardMs, this.#takenMs)) : idleMsMax
    this.#watch(restMs > 0 ? restMs : idleMsMax)
    if (restMs <= 0) this.#events.onIdle()
  }

  #restMs(sinceMs: number): number {
    return sinceMs + this.#options.idleMsMax - this.#clock.monotonicMs()
  }
}
