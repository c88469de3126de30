/**
 * The promises of the client, held against a server that dies, hangs, is full, and a network that breaks: whatever
 * happens, everything that was sent is stored in the end, exactly once, under the ids that were acknowledged.
 *
 *   clientFaultSuite('against a fake', openFakeServer)
 *
 * Any server will do that can be killed and started again on what it had stored. Seeds are printed; what is random
 * comes from them, the timing of the machine does not.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { SeededRandom, systemRandom } from '../base/base.ts'
import type { ClientOptions, LogClient } from './client.ts'
import { openClient } from './client.ts'
import { type ConnectionPlan, FaultProxy } from './test-fault-proxy.ts'

export interface FaultServer extends AsyncDisposable {
  /** Where it listens now; a restart may change it. */
  readonly address: { readonly host: string; readonly port: number }
  /** Ends it as a crash does; resolves when it is gone. */
  kill(): Promise<void>
  /** Starts it again on what it had stored; resolves when it listens. */
  restart(): Promise<void>
  /** It hangs: no connection closes, nothing is answered. */
  freeze(): void
  thaw(): void
  /** Makes the store refuse batches because it is full, and take them again. Left out where that cannot be done. */
  setFull?(isFull: boolean): void
  /** Everything that is stored. */
  stored(): Promise<readonly StoredMessage[]>
}

export interface StoredMessage {
  readonly id: number
  readonly message: string
}

/** Small pauses: the suite runs on the real clock. */
const FAST: ClientOptions = {
  retryMsMin: 2,
  retryMsMax: 20,
  connectMsMax: 1000,
  answerMsMax: 300,
  pingMs: 50,
  batchRecordsMax: 7,
  batchesInFlightMax: 4,
}
const SENDERS = 4
const SENDS = 25
/** Connections that a bad network spoils before it behaves. */
const BAD_CONNECTIONS = 8
const GARBAGE: readonly Uint8Array[] = [
  Buffer.from('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n'),
  Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0]),
  Buffer.from('\0\0\0\x02{}\0\0\0\x04null'),
  Buffer.from('\0\0\0\x1f{"type":"ack","correlation_id":2}'.slice(0, 35)),
]

/** `concurrency`: so many stories at once, where servers know nothing of each other. */
export function clientFaultSuite(
  name: string,
  openServer: () => Promise<FaultServer>,
  concurrency = 1,
): void {
  const run = (what: string, story: (run: FaultRun) => Promise<void>): void => {
    it(what, (t) => runStory(t, openServer, story))
  }

  describe(`the client, ${name}`, { concurrency }, () => {
    run('loses and doubles nothing when the server is killed and started again', async (run) => {
      await run.load(async () => {
        for (let round = 0; round < 4; round++) {
          await run.settled(run.random.below(run.all / 4))
          await run.server.kill()
          await run.server.restart()
        }
      })
    })

    run('loses and doubles nothing when the server freezes: it connects again', async (run) => {
      await run.load(async () => {
        await run.settled(run.all / 4)
        run.server.freeze()
        await run.problem('TIMED_OUT')
        run.server.thaw()
      })
    })

    run('loses and doubles nothing when nothing passes, and no connection closes', async (run) => {
      await run.load(async () => {
        await run.settled(run.all / 4)
        run.proxy.freeze()
        await run.problem('TIMED_OUT')
        run.proxy.thaw()
      })
    })

    run('loses and doubles nothing when connections are reset, at any byte of any direction', async (run) => {
      run.spoil(({ random }) =>
        random.chance(0.5) ? { cutAfterUp: 1 + random.below(3000) } : { cutAfterDown: 1 + random.below(600) },
      )
      await run.load(() => run.spoilt())
    })

    run('loses and doubles nothing when acknowledgements are lost behind what was stored', async (run) => {
      run.spoil(({ random }) => ({ cutAfterDown: 100 + random.below(200) }))
      await run.load(() => run.spoilt())
    })

    run('loses and doubles nothing when answers turn into garbage', async (run) => {
      // In the middle of a frame garbage may be the rest of it, and then it is only late: so once it comes first.
      let isFirst = true
      run.spoil(({ random }) => {
        const garbage = isFirst
          ? { afterDown: 0, bytes: GARBAGE[0] }
          : { afterDown: random.below(400), bytes: GARBAGE[random.below(GARBAGE.length)] }
        isFirst = false
        return { garbage }
      })
      await run.load(() => run.spoilt())
      assert.ok(run.problems.has('ANSWER_INVALID'), [...run.problems].join())
    })

    run('loses and doubles nothing over a connection that passes a few bytes at a time', async (run) => {
      run.proxy.plan = () => ({ dropBytes: 1 + run.random.below(3) })
      await run.load(async () => {})
    })

    run('waits for a store that is full', async (run) => {
      const { setFull } = run.server
      if (setFull === undefined) {
        run.skip('this server cannot be filled')
        return
      }
      setFull(true)
      await run.load(async () => {
        await run.problem('STORE_FULL')
        setFull(false)
      })
    })

    run('keeps what does not fit into memory, beyond its own end, and sends it once', async (run) => {
      await run.spilled()
    })

    run('loses and doubles nothing when all of it happens together', async (run) => {
      run.spoil(({ random }) => ({
        cutAfterUp: 500 + random.below(20_000),
        cutAfterDown: 200 + random.below(3000),
      }))
      await run.load(async () => {
        for (let round = 0; round < 3; round++) {
          await run.settled(run.random.below(run.all / 4))
          if (run.random.chance(0.5)) {
            await run.server.kill()
            await run.server.restart()
          } else {
            run.proxy.freeze()
            await run.problem('TIMED_OUT')
            run.proxy.thaw()
          }
        }
        await run.spoilt()
      })
    })
  })
}

async function runStory(
  t: TestContext,
  openServer: () => Promise<FaultServer>,
  story: (run: FaultRun) => Promise<void>,
): Promise<void> {
  const seed = systemRandom.uint32()
  t.diagnostic(`seed ${seed}`)
  await using server = await openServer()
  await using proxy = await FaultProxy.open(() => server.address)
  await story(new FaultRun(t, server, proxy, new SeededRandom(seed)))
}

class FaultRun {
  readonly server: FaultServer
  readonly proxy: FaultProxy
  readonly random: SeededRandom
  /** Sends of `load`. */
  readonly all = SENDERS * SENDS
  /** Codes of problems that the client told of. */
  readonly problems = new Set<string>()
  readonly #acknowledged = new Map<string, number>()
  readonly #t: TestContext
  #settled = 0
  #watchers: (() => void)[] = []

  constructor(t: TestContext, server: FaultServer, proxy: FaultProxy, random: SeededRandom) {
    this.#t = t
    this.server = server
    this.proxy = proxy
    this.random = random
  }

  skip(reason: string): void {
    this.#t.skip(reason)
  }

  /** Sends from several sides while `trouble` goes on, until all is acknowledged; then everything is stored once. */
  async load(trouble: () => Promise<void>): Promise<void> {
    const client = await this.#open()
    const senders = Array.from({ length: SENDERS }, (_, sender) => this.#send(client, sender))
    await Promise.all([...senders, trouble()])
    const { acknowledged, unacknowledged, heldBytes } = client.stats()
    assert.deepEqual(await client.close(), { unacknowledged: 0, spilled: 0 })
    const messages = [...this.#acknowledged.keys()]
    assert.deepEqual([acknowledged, unacknowledged, heldBytes], [messages.length, 0, 0])
    await this.#check(messages)
  }

  /** A client ends while the server is away; the next one sends what it left. */
  async spilled(): Promise<void> {
    const spillDirectory = mkdtempSync(join(tmpdir(), 'logcaster-spill-'))
    const options: ClientOptions = { overflow: 'spill', spillDirectory, memoryBytesMax: 2000 }
    const messages = Array.from({ length: 200 }, (_, number) => `spilled ${number}`)
    try {
      await this.server.kill()
      const first = await this.#open(options)
      const sends = messages.map((message) => first.send({ message }))
      const { unacknowledged, spilled } = await first.close({ flushMsMax: 20 })
      assert.deepEqual([unacknowledged, spilled], [0, messages.length])
      await Promise.all(sends)
      await this.server.restart()
      this.spoil(({ random }) => ({ cutAfterDown: random.below(800) }))
      const second = await this.#open(options)
      assert.deepEqual(await second.close({ flushMsMax: 60_000 }), { unacknowledged: 0, spilled: 0 })
      await this.#check(messages)
    } finally {
      rmSync(spillDirectory, { recursive: true, force: true })
    }
  }

  /** The next connections are spoilt by this plan, later ones are good. */
  spoil(plan: (run: FaultRun) => ConnectionPlan): void {
    this.proxy.plan = () => (this.proxy.connections <= BAD_CONNECTIONS ? plan(this) : {})
  }

  /** Resolves when so many further sends are settled, or all. */
  settled(further: number): Promise<void> {
    const count = Math.min(this.all, this.#settled + further)
    return this.#until(() => this.#settled >= count)
  }

  /** Resolves when the network has done its worst, or when there is nothing left to send. */
  spoilt(): Promise<void> {
    return this.#until(() => this.proxy.faults > 0 || this.#settled === this.all)
  }

  /** Resolves when the client tells of such a problem from now on. */
  problem(code: string): Promise<void> {
    this.problems.delete(code)
    return this.#until(() => this.problems.has(code) || this.#settled === this.all)
  }

  #until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (condition()) resolve()
        else this.#watchers.push(look)
      }
      look()
    })
  }

  #changed(): void {
    for (const look of this.#watchers.splice(0)) look()
  }

  async #open(options: ClientOptions = {}): Promise<LogClient> {
    const client = await openClient({ ...this.proxy.address, ...FAST, ...options })
    client.on('problem', ({ code }) => {
      this.problems.add(code)
      this.#changed()
    })
    return client
  }

  async #send(client: LogClient, sender: number): Promise<void> {
    for (let send = 0; send < SENDS; send++) {
      const records = Array.from({ length: 1 + this.random.below(12) }, (_, index) => ({
        message: `${sender}/${send}/${index} ${'x'.repeat(this.random.below(100))}`,
        level: 'info',
      }))
      const ids = await client.send(records)
      records.forEach(({ message }, index) => {
        assert.ok(ids[index] !== null, 'an id')
        this.#acknowledged.set(message, ids[index])
      })
      this.#settled++
      this.#changed()
    }
  }

  async #check(messages: readonly string[]): Promise<void> {
    const stored = await this.server.stored()
    const found = new Map(stored.map(({ id, message }) => [message, id]))
    assert.equal(found.size, stored.length, 'nothing is stored twice')
    assert.deepEqual(
      [...found.keys()].sort(),
      [...messages].sort(),
      'all that was sent is stored, and nothing else',
    )
    for (const [message, id] of this.#acknowledged) assert.equal(found.get(message), id, message)
  }
}
