/** What the tests of the client share: a client whose clock, network and disk are simulated, and how they wait. */
import assert from 'node:assert/strict'
import { type CodedError, SeededRandom, SimulatedClock } from '../base/base.ts'
import type { ClientOptions, LogClient, RefusedRecord } from './client.ts'
import { openClient } from './client.ts'
import { FakeLogServer } from './fake-log-server.ts'

const TURNS_MAX = 10_000
/** Two clients with equal numbers would give their batches equal ids. */
let lastSeed = 0

/** Some turns of the event loop, for what must not happen, and for what is under way. */
export async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** Resolves when the condition holds, and fails when it does not after very many turns of the event loop. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  for (let turn = 0; turn < TURNS_MAX; turn++) {
    if (condition()) return
    await turns(1)
  }
  assert.fail(`waited in vain for: ${what}`)
}

export class Bench implements AsyncDisposable {
  readonly server: FakeLogServer
  readonly clock: SimulatedClock
  readonly client: LogClient
  readonly states: string[] = []
  readonly problems: CodedError[] = []
  readonly refused: RefusedRecord[] = []

  private constructor(server: FakeLogServer, clock: SimulatedClock, client: LogClient) {
    this.server = server
    this.clock = clock
    this.client = client
    client.on('state', ({ state }) => this.states.push(state))
    client.on('problem', (error) => this.problems.push(error))
    client.on('refused', (refused) => this.refused.push(refused))
  }

  static async open(options: ClientOptions = {}, server = new FakeLogServer()): Promise<Bench> {
    const clock = new SimulatedClock()
    const random = new SeededRandom(++lastSeed)
    return new Bench(server, clock, await openClient({ clock, random, connect: server.connect, ...options }))
  }

  /** Lets the clock run from timer to timer until the condition holds. */
  async run(condition: () => boolean, what: string): Promise<void> {
    for (let step = 0; step < 1000; step++) {
      await turns(5)
      if (condition()) return
      this.clock.advance(this.clock.nextTimerMs ?? 0)
    }
    assert.fail(`let time pass in vain for: ${what}`)
  }

  connected(): Promise<void> {
    return until(() => this.client.state.state === 'connected', 'the connection')
  }

  get problemCodes(): string[] {
    return this.problems.map(({ code }) => code)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close({ flushMsMax: 0 })
  }
}

/** The error with which a promise rejects. */
export async function rejection(promise: Promise<unknown>): Promise<CodedError> {
  try {
    await promise
  } catch (error) {
    return error as CodedError
  }
  return assert.fail('it did not reject')
}
