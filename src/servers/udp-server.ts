/**
 * The log port over UDP: datagrams in, log lines to the store, framed JSON answered and nothing else. It listens on
 * the addresses and numbers that the port has over TCP.
 *
 * Invariants:
 *  - every datagram that was read is taken, or counted as a drop under a name (udp-drops.ts). Those that the kernel
 *    dropped before are counted where the kernel tells them.
 *  - what a datagram may do follows from the port's policy alone: there are no credentials over UDP.
 *
 * Not here: who may send (udp-admission.ts), how lines become records (udp-lines.ts), answers (udp-answers.ts).
 */
import type { RemoteInfo } from 'node:dgram'
import { assert, type Clock } from '../base/base.ts'
import { type DatagramProtocol, detectDatagram, type TextLogOptions } from '../ingest/ingest.ts'
import { type AccessPolicy, can } from './access.ts'
import type { ListenAddress, ListenerOptions } from './listener.ts'
import type { StoreGate } from './store-gate.ts'
import { UdpAdmission, type UdpLimits, type UdpSender } from './udp-admission.ts'
import { type AnswerDatagram, UdpAnswers } from './udp-answers.ts'
import { type UdpDrop, UdpDrops } from './udp-drops.ts'
import { kernelDrops, type ReadKernelTable } from './udp-kernel-drops.ts'
import { UdpLines, type UdpLinesStats } from './udp-lines.ts'
import { UdpSocket } from './udp-socket.ts'

export interface UdpServerOptions {
  /** IP addresses, and the numbers that TCP has in fact. */
  readonly listener: ListenerOptions
  /** The port's networks and rates. */
  readonly admission: UdpLimits
  readonly access: AccessPolicy
  readonly text: TextLogOptions
  /** Whether records keep their sender as `client.address` and `client.port`. */
  readonly clientFields: boolean
  /** Asked for each socket; the system may give less. */
  readonly receiveBufferBytes: number
  /** Answers framed JSON; without it, such datagrams are dropped as another protocol. */
  readonly answerDatagram?: AnswerDatagram
  /** What every datagram is, or `auto`: its first bytes decide. Default `auto`. */
  readonly pinned?: DatagramProtocol | 'auto'
  /** Bytes that wait for the store. Default 32 MiB. */
  readonly queueBytesMax?: number
  /** How long lines are gathered. Default 5 ms. */
  readonly gatherMs?: number
  /** The kernel's table of sockets. Default: there is none. */
  readonly readKernelTable?: ReadKernelTable
  /** Told what was dropped, at most once a minute. */
  readonly say?: (message: string) => void
  /** Told what went wrong. */
  readonly problem?: (message: string, error: unknown) => void
}

export interface UdpSocketStats extends ListenAddress {
  /** What the system gave; Linux shows twice what was asked for. */
  readonly receiveBufferBytes: number
  /** Datagrams that the kernel dropped; null where it does not tell. */
  readonly kernelDrops: number | null
  /** Errors of receiving and sending, by the system's name. */
  readonly errors: Readonly<Record<string, number>>
}

export interface UdpServerStats {
  readonly sockets: readonly UdpSocketStats[]
  /** Datagrams that were read, dropped ones included. */
  readonly datagrams: number
  readonly bytes: number
  /** Datagrams that were let in, by what they are. */
  readonly protocols: Readonly<Partial<Record<DatagramProtocol, number>>>
  readonly lines: UdpLinesStats
  readonly answers: number
  /** Over all sockets; null where the kernel does not tell. */
  readonly kernelDrops: number | null
  readonly dropped: Readonly<Record<Exclude<UdpDrop, 'gelf' | 'kernel'>, number>>
  readonly notBuilt: { readonly gelf: number }
}

/** Kept as lines; syslog and JSON until their own decoders come. */
const LINES: ReadonlySet<DatagramProtocol> = new Set(['syslog', 'json', 'text'])
export const UDP_QUEUE_BYTES_MAX = 32 * 1024 * 1024
export const UDP_GATHER_MS = 5
const KERNEL_LOOK_MS = 5000

export class UdpServer {
  readonly #clock: Clock
  readonly #options: UdpServerOptions
  readonly #admission: UdpAdmission
  readonly #drops: UdpDrops
  readonly #lines: UdpLines
  readonly #answers: UdpAnswers | null
  readonly #mayWrite: boolean
  readonly #pinned: DatagramProtocol | null
  readonly #sockets: UdpSocket[] = []
  readonly #protocols: Partial<Record<DatagramProtocol, number>> = {}
  #datagrams = 0
  #bytes = 0
  #isStopping = false
  /** By socket, as the kernel told last. */
  #kernelDrops: readonly (number | null)[] = []
  #stopLooking: () => void = () => {}

  constructor(gate: StoreGate, clock: Clock, options: UdpServerOptions) {
    const problem = options.problem ?? (() => {})
    this.#clock = clock
    this.#options = options
    this.#admission = new UdpAdmission(options.admission, clock)
    this.#drops = new UdpDrops(clock, options.say ?? (() => {}))
    const { queueBytesMax = UDP_QUEUE_BYTES_MAX, gatherMs = UDP_GATHER_MS, answerDatagram } = options
    this.#lines = new UdpLines(gate, clock, { ...options, queueBytesMax, gatherMs, problem }, this.#drops)
    this.#answers =
      answerDatagram === undefined
        ? null
        : new UdpAnswers(answerDatagram, options.access, this.#drops, problem)
    this.#mayWrite = can({ granted: new Set(options.access.grant) }, 'record.write')
    this.#pinned = options.pinned === undefined || options.pinned === 'auto' ? null : options.pinned
  }

  /** Binds all addresses, or none of them. PORT_TAKEN, ADDRESS_UNUSABLE. */
  async open(): Promise<void> {
    const { listener, receiveBufferBytes } = this.#options
    assert(this.#sockets.length === 0, 'a server is opened once')
    try {
      for (const address of listener.listen) {
        const take = this.#take.bind(this)
        this.#sockets.push(await UdpSocket.open(address, listener, receiveBufferBytes, take))
      }
    } catch (error) {
      await this.#closeSockets()
      throw error
    }
    this.#watchKernel()
  }

  /** Where it listens, with the ports that it has in fact. */
  get addresses(): readonly ListenAddress[] {
    return this.#sockets.map((socket) => socket.address)
  }

  /**
   * Reads what the kernel holds already, answers and stores what was read, and closes; how many records could not be
   * stored before the deadline.
   */
  async drain(deadlineMs: number): Promise<number> {
    let isLate = false
    const late = new Promise<void>((resolve) => {
      const stop = this.#clock.after(deadlineMs, () => {
        isLate = true
        resolve()
      })
      void this.#settle().then(stop).then(resolve)
    })
    await late
    const givenUp = isLate ? this.#lines.giveUp() : 0
    this.#stopLooking()
    this.#lookAtKernel()
    await this.#closeSockets()
    this.#drops.close()
    return givenUp
  }

  stats(): UdpServerStats {
    this.#lookAtKernel()
    const { gelf, kernel, ...dropped } = this.#drops.counts
    return {
      sockets: this.#sockets.map((socket, index) => this.#socketStats(socket, index)),
      datagrams: this.#datagrams,
      bytes: this.#bytes,
      protocols: { ...this.#protocols },
      lines: this.#lines.stats(),
      answers: this.#answers?.sent ?? 0,
      kernelDrops: this.#kernelDrops.some((count) => count !== null) ? kernel : null,
      dropped,
      notBuilt: { gelf },
    }
  }

  #socketStats({ address, receiveBufferBytes, errors }: UdpSocket, index: number): UdpSocketStats {
    return { ...address, receiveBufferBytes, kernelDrops: this.#kernelDrops[index] ?? null, errors }
  }

  // ---- datagrams ----------------------------------------------------------------------------------------------

  #take(bytes: Buffer, from: RemoteInfo, socket: UdpSocket): void {
    this.#datagrams++
    this.#bytes += bytes.length
    if (this.#isStopping) {
      this.#drops.count('stopping')
      return
    }
    const sender = this.#admission.senderOf(from.address)
    const drop =
      this.#admission.refusalOf(sender, bytes.length) ?? this.#takeAdmitted(bytes, from, sender, socket)
    if (drop !== null) this.#drops.count(drop)
  }

  /** Why the datagram is dropped, or null. */
  #takeAdmitted(bytes: Buffer, from: RemoteInfo, sender: UdpSender, socket: UdpSocket): UdpDrop | null {
    const protocol = this.#protocolOf(bytes)
    if (protocol === null) return 'otherProtocol'
    this.#protocols[protocol] = (this.#protocols[protocol] ?? 0) + 1
    switch (protocol) {
      case 'framedJson':
        return this.#takeFrame(bytes, from, sender, socket)
      case 'gelf':
        return 'gelf'
      default:
        if (!this.#mayWrite) return 'notGranted'
        return this.#lines.push(bytes, sender.address, from.port) ? null : 'queueFull'
    }
  }

  #takeFrame(bytes: Buffer, from: RemoteInfo, sender: UdpSender, socket: UdpSocket): UdpDrop | null {
    if (this.#answers === null) return 'otherProtocol'
    this.#answers.take(bytes, from, { address: sender.address, port: from.port }, socket)
    return null
  }

  /** Null when it is not what the port is pinned to. Lines may be anything. */
  #protocolOf(bytes: Buffer): DatagramProtocol | null {
    const pinned = this.#pinned
    if (pinned !== null && LINES.has(pinned)) return pinned
    const detected = detectDatagram(bytes)
    return pinned === null || pinned === detected ? detected : null
  }

  // ---- the end ------------------------------------------------------------------------------------------------

  async #settle(): Promise<void> {
    await this.#readWhatIsThere()
    this.#isStopping = true
    await Promise.all([this.#answers?.settle(), this.#lines.settle()])
  }

  /** Until a turn of the event loop brings nothing, or as much was read as receive buffers hold. */
  async #readWhatIsThere(): Promise<void> {
    const bytesMax = this.#sockets.reduce((sum, { receiveBufferBytes }) => sum + receiveBufferBytes, 0)
    const bytesBefore = this.#bytes
    for (let before = -1; before !== this.#datagrams && this.#bytes - bytesBefore < bytesMax; ) {
      before = this.#datagrams
      // The events of a turn come between two of these.
      await turnOfLoop()
      await turnOfLoop()
    }
  }

  async #closeSockets(): Promise<void> {
    await Promise.all(this.#sockets.splice(0).map((socket) => socket.close()))
  }

  // ---- the kernel ---------------------------------------------------------------------------------------------

  #watchKernel(): void {
    this.#lookAtKernel()
    this.#stopLooking = this.#clock.after(KERNEL_LOOK_MS, () => this.#watchKernel())
  }

  #lookAtKernel(): void {
    const { readKernelTable } = this.#options
    if (readKernelTable === undefined || this.#sockets.length === 0) return
    const counts = kernelDrops(this.addresses, readKernelTable)
    const news = counts.reduce<number>((sum, count, index) => sum + this.#newDrops(count, index), 0)
    if (news > 0) this.#drops.count('kernel', news)
    this.#kernelDrops = counts.map((count, index) => count ?? this.#kernelDrops[index] ?? null)
  }

  #newDrops(count: number | null, index: number): number {
    return count === null ? 0 : Math.max(0, count - (this.#kernelDrops[index] ?? 0))
  }
}

function turnOfLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
