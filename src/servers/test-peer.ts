/** The other end of a connection in the tests of servers, and how tests wait: for conditions, never for time. */
import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { systemErrorCode } from '../base/base.ts'
import type { AdmissionLimits } from './admission.ts'
import type { ListenerOptions } from './listener.ts'
import type { AllowedNetwork } from './peer-address.ts'
import type { PortServerOptions } from './port-server.ts'

const TURNS_MAX = 200_000

/** Resolves when the condition holds, and fails when it does not after very many turns of the event loop. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  for (let turn = 0; turn < TURNS_MAX; turn++) {
    if (condition()) return
    await turnOfLoop()
  }
  assert.fail(`waited in vain for: ${what}`)
}

/** Some turns of the event loop, for what must not happen. */
export async function turns(count = 50): Promise<void> {
  for (let turn = 0; turn < count; turn++) await turnOfLoop()
}

function turnOfLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

export const LOOPBACK: readonly AllowedNetwork[] = [
  { address: '127.0.0.0', prefixBits: 8, family: 'ipv4' },
  { address: '::1', prefixBits: 128, family: 'ipv6' },
]

/** What tests say about a port, as if it were one object. */
export type PortChanges = Partial<Omit<PortServerOptions, 'admission' | 'listener'>> &
  Partial<AdmissionLimits> &
  Partial<ListenerOptions>

/** One free port of this machine, without limits, that grants `write`. */
export function portOptions(changes: PortChanges = {}): PortServerOptions {
  const { listen, allow, ...others } = changes
  return {
    listener: { listen: listen ?? [{ host: '127.0.0.1', port: 0 }], option: 'ports.test.listen' },
    admission: {
      allow: allow ?? LOOPBACK,
      connectionsMax: 0,
      connectionsPerAddressMax: 0,
      connectionsPerSecondMax: 0,
      connectionsPerWindowMax: 0,
      windowMs: 60_000,
      ...others,
    },
    access: { grant: ['write'] },
    connection: { idleMsMax: 60_000, unsentBytesMax: 256 * 1024, lingerMsMax: 1000 },
    ...others,
  }
}

export class TestPeer {
  readonly socket: Socket
  received = ''
  receivedBytes = 0
  isEnded = false
  isClosed = false
  /** `ECONNRESET` and the like. */
  errorCode: string | null = null

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.receivedBytes += chunk.length
      this.received += chunk.toString('latin1')
    })
    socket.on('end', () => {
      this.isEnded = true
    })
    socket.on('close', () => {
      this.isClosed = true
    })
    socket.on('error', (error) => {
      this.errorCode = systemErrorCode(error) ?? error.message
    })
  }

  static async open(address: { readonly host: string; readonly port: number }): Promise<TestPeer> {
    const socket = connect({ ...address, allowHalfOpen: true })
    const peer = new TestPeer(socket)
    await new Promise((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
    })
    return peer
  }

  send(text: string): void {
    this.socket.write(text, 'latin1')
  }

  /** Ends our side; the other may go on. */
  end(text = ''): void {
    this.socket.end(text, 'latin1')
  }

  /** Waits until exactly this was received, all in all. */
  async expect(text: string): Promise<void> {
    await until(
      () => this.received.length >= text.length || this.isClosed,
      `${JSON.stringify(text)}, got ${JSON.stringify(this.received)}`,
    )
    assert.equal(this.received, text)
  }

  async ended(): Promise<void> {
    await until(() => this.isEnded || this.isClosed, 'the end of the connection')
  }

  destroy(): void {
    this.socket.destroy()
  }
}
