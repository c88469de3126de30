/** A port that speaks framed JSON, and peers that do, for the tests of this folder. */
import { EventEmitter } from 'node:events'
import { SimulatedClock } from '../../base/base.ts'
import { encodeJsonFrame, type JsonFrame, JsonFrameDecoder, type JsonMessage } from '../../wire/wire.ts'
import { FakeHub } from '../fake-hub.ts'
import { FramePeer, type FrontChanges, TestFront } from '../test-front.ts'
import type { ComputeWorker } from './compute-pool.ts'
import { type FramedJsonOptions, FramedJsonProtocol } from './framed-json-protocol.ts'

export type JsonChanges = Partial<FramedJsonOptions> & FrontChanges

export const WALL_MS = 1_718_000_000_250

/** A request as bytes. */
export function frame(
  type: string,
  payload: unknown = {},
  correlationId: JsonMessage['correlationId'] = null,
  senderId: string | null = null,
): Uint8Array {
  return encodeJsonFrame({ type, payload, timestamp: null, senderId, correlationId })
}

export class JsonPeer extends FramePeer<JsonFrame> {
  /** All that came so far, as `[type, payload, correlation id]`. */
  get answers(): (readonly [string, unknown, JsonMessage['correlationId']])[] {
    return this.replies.map((reply) => {
      if (reply.kind === 'bad') return ['bad', reply.reason, null]
      const { type, payload, correlationId } = reply.message
      return [type, payload, correlationId]
    })
  }

  /** Waits until so many came, all in all. */
  async answersUntil(count: number): Promise<JsonPeer['answers']> {
    await this.until(count)
    return this.answers
  }

  /** Asks one question and waits for one answer. */
  async ask(type: string, payload: unknown = {}): Promise<readonly [string, unknown]> {
    const { length } = this.replies
    this.send(frame(type, payload))
    const [answerType, answer] = (await this.answersUntil(length + 1))[length]
    return [answerType, answer]
  }
}

export class JsonFront {
  readonly hub: FakeHub
  readonly clock = new SimulatedClock({ wallMs: WALL_MS })
  readonly problems: string[] = []
  readonly front: TestFront<FramedJsonProtocol>

  private constructor(changes: JsonChanges, hub: FakeHub) {
    this.hub = hub
    this.front = new TestFront(hub, this.clock, changes, (gate) => {
      return new FramedJsonProtocol(hub, gate, this.clock, {
        recordBytesMax: 1000,
        batchBytesMax: 1 << 20,
        unackedBytesMax: 4 << 20,
        rowsMax: 100,
        queryMsMax: 30_000,
        problem: (message) => this.problems.push(message),
        ...changes,
      })
    })
  }

  static async open(changes: JsonChanges = {}, hub = new FakeHub()): Promise<JsonFront> {
    const front = new JsonFront(changes, hub)
    await front.front.port.open()
    return front
  }

  get store(): FakeHub['logs'] {
    return this.hub.logs
  }

  get protocol(): FramedJsonProtocol {
    return this.front.protocol
  }

  async peer(): Promise<JsonPeer> {
    return new JsonPeer(await this.front.peer(), new JsonFrameDecoder())
  }

  async close(): Promise<void> {
    this.store.accept()
    this.store.release()
    await this.front.close()
    await this.protocol.close()
  }
}

/** A worker on this thread that answers at once, unless the test wants it to be silent. */
export class FakeWorker extends EventEmitter implements ComputeWorker {
  readonly asked: number[][] = []
  isSilent = false
  isTerminated = false

  postMessage(numbers: Float64Array): void {
    this.asked.push([...numbers])
    if (!this.isSilent)
      queueMicrotask(() =>
        this.emit(
          'message',
          numbers.reduce((sum, each) => sum + each, 0),
        ),
      )
  }

  unref(): void {}

  terminate(): void {
    this.isTerminated = true
    this.emit('exit', 1)
  }
}
