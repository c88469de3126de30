/**
 * Crash runs: a store on a simulated disk, several senders, a power cut or a kill at a chosen disk call, and the
 * questions that matter afterwards. Deterministic from a seed, so a failure is replayed by its seed alone.
 *
 *   Every acknowledged record is there once, byte for byte. No id is there twice. What was not acknowledged is there
 *   whole or not at all. The store takes new records, with ids above all that were given out.
 */
import { strict as assert } from 'node:assert'
import { type Clock, isCodedError, SeededRandom, type SimulatedDisk } from '../base/base.ts'
import { BatchEncoder } from '../record/record.ts'
import { openStore, type Store, type StoreOptions } from '../storage/storage.ts'

const CRASH_DIRECTORY = '/data/stores/logs'

/** Small sizes, so that a short run rolls segments, splits groups and evicts chunks. */
const CRASH_OPTIONS: Partial<StoreOptions> = {
  sealing: false,
  segmentBytesMax: 4096,
  bufferBytesMax: 8192,
  groupBytesMax: 1024,
  gatherBytesMax: 4096,
  freeBytesMin: 0,
}

/** Wall time that stands still but for what a test adds; timers never fire. */
export class StillClock implements Clock {
  nowMs = 1_800_000_000_000
  wallMs(): number {
    return this.nowMs
  }
  monotonicMs(): number {
    return this.nowMs
  }
  after(): () => void {
    return () => {}
  }
}

/** What was sent, and what of it was acknowledged with which id. */
export class Oracle {
  readonly sent = new Set<string>()
  readonly acknowledged = new Map<number, string>()
  /** Messages whose batch carried this key, with the first id that was acknowledged. */
  readonly keys = new Map<string, number>()

  clone(): Oracle {
    const copy = new Oracle()
    for (const message of this.sent) copy.sent.add(message)
    for (const [id, message] of this.acknowledged) copy.acknowledged.set(id, message)
    for (const [key, id] of this.keys) copy.keys.set(key, id)
    return copy
  }
}

const utf8 = new TextEncoder()

/** One batch of `messages`, with an idempotency key if given. */
export function encodeMessages(messages: readonly string[], clock: Clock, key?: string): Uint8Array {
  const encoder = new BatchEncoder()
  encoder.reset(Math.floor(clock.wallMs()), 0)
  if (key !== undefined) encoder.setKey(utf8.encode(key))
  encoder.shareField('client.address', '127.0.0.1')
  for (const message of messages) {
    const bytes = utf8.encode(message)
    encoder.beginRecord()
    encoder.putMessage(bytes, 0, bytes.length)
    encoder.endRecord(9, 0, Math.floor(clock.wallMs()), 0)
  }
  return encoder.finish().slice()
}

export function openCrashStore(
  disk: SimulatedDisk,
  seed: number,
  options: Partial<StoreOptions> = {},
): Promise<Store> {
  return openStore({
    disk,
    directory: CRASH_DIRECTORY,
    clock: new StillClock(),
    random: new SeededRandom(seed),
    options: { ...CRASH_OPTIONS, ...options },
  })
}

/** One sender: batch after batch, each awaited, until the disk is gone or `batches` are through. */
async function send(
  store: Store,
  oracle: Oracle,
  name: string,
  batches: number,
  random: SeededRandom,
): Promise<void> {
  const clock = new StillClock()
  for (let index = 0; index < batches; index++) {
    const count = 1 + random.below(4)
    const messages = Array.from(
      { length: count },
      (_, at) => `${name}-${index}-${at} ${'x'.repeat(random.below(200))}`,
    )
    for (const message of messages) oracle.sent.add(message)
    const key = random.chance(0.3) ? `${name}:${index}` : undefined
    let firstId: number
    try {
      firstId = await store.append(encodeMessages(messages, clock, key))
    } catch (error) {
      assert(isCodedError(error), `append threw ${error}`)
      continue
    }
    for (const [at, message] of messages.entries()) {
      assert(!oracle.acknowledged.has(firstId + at), `id ${firstId + at} was given twice`)
      oracle.acknowledged.set(firstId + at, message)
    }
    if (key !== undefined) oracle.keys.set(key, firstId)
  }
}

export interface LoadOptions {
  readonly senders?: number
  readonly batches?: number
  readonly prefix?: string
}

/** Several senders at once. */
export async function load(
  store: Store,
  oracle: Oracle,
  seed: number,
  options: LoadOptions = {},
): Promise<void> {
  const { senders = 3, batches = 6, prefix = 's' } = options
  const runs = Array.from({ length: senders }, (_, at) =>
    send(store, oracle, `${prefix}${seed}.${at}`, batches, new SeededRandom(seed * 31 + at)),
  )
  await Promise.all(runs)
}

/** Everything in the store, by id. */
export async function readAll(store: Store): Promise<Map<number, string>> {
  const found = new Map<number, string>()
  using snapshot = store.snapshot()
  for await (const { block } of snapshot.scan()) {
    for (let row = 0; row < block.rowCount; row++) {
      const { data, starts, lengths } = block.message
      const message = Buffer.from(data.subarray(starts[row], starts[row] + lengths[row])).toString()
      assert(!found.has(block.ids[row]), `id ${block.ids[row]} is there twice`)
      found.set(block.ids[row], message)
    }
  }
  return found
}

/** Opens what a crash left, asks the questions, and closes. */
export async function checkSurvivors(disk: SimulatedDisk, oracle: Oracle, seed: number): Promise<void> {
  const store = await openCrashStore(disk, seed)
  const stats = store.stats()
  assert.equal(stats.state, 'writable', `after the crash: ${stats.reason}`)
  const found = await readAll(store)
  assert.deepEqual(store.stats().damaged, [])
  for (const [id, message] of oracle.acknowledged) {
    assert.equal(found.get(id), message, `acknowledged record ${id}`)
  }
  const seen = new Set<string>()
  for (const [id, message] of found) {
    assert(oracle.sent.has(message), `record ${id} was never sent: ${message}`)
    assert(!seen.has(message), `record ${id} is stored twice: ${message}`)
    seen.add(message)
  }
  const before = Math.max(0, ...found.keys(), ...oracle.acknowledged.keys())
  const firstId = await store.append(encodeMessages(['after the crash'], new StillClock()))
  assert(firstId > before, `id ${firstId} after ${before}`)
  for (const [key, id] of oracle.keys) {
    const again = await store.append(encodeMessages(['again'], new StillClock(), key))
    assert.equal(again, id, `key ${key}`)
  }
  await store.close()
}
