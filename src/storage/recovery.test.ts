/** What a start makes of what it finds (rules R12-R14, R17): each damage with its literal outcome. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32 } from 'node:zlib'
import { SimulatedDisk } from '../base/base.ts'
import { appendSample, encodeSample, hasCode, messages, readMessages } from '../testing/sample-records.ts'
import { countUp } from '../testing/test-length.ts'
import { SEGMENT_HEADER_BYTES } from './frame.ts'
import type { Store } from './store.ts'
import type { StoreOptions } from './store-options.ts'
import { SharedTasks, TestDirectory } from './test-directory.ts'

const SAMPLE_STEP = 4

/** A directory with these messages, each a batch and a frame of its own, as a kill leaves it; ids count from 1. */
async function killed(
  texts: readonly string[],
  options: Partial<StoreOptions> = {},
  directory = new TestDirectory(),
): Promise<TestDirectory> {
  const store = await directory.open(options)
  for (const text of texts) await append(store, text)
  directory.kill()
  return directory
}

/** The same, with the store closed. */
async function closed(texts: readonly string[], options: Partial<StoreOptions> = {}): Promise<TestDirectory> {
  const directory = new TestDirectory()
  const store = await directory.open(options)
  for (const text of texts) await store.append(encodeSample(messages(text)))
  await store.close()
  return directory
}

/** A segment for each message. */
const ONE_EACH: Partial<StoreOptions> = { segmentBytesMax: SEGMENT_HEADER_BYTES + 1 }

const append = (store: Store, text: string): Promise<number> => store.append(encodeSample(messages(text)))

async function assertWritable(store: Store): Promise<void> {
  const { state, reason } = store.stats()
  assert.deepEqual({ state, reason }, { state: 'writable', reason: null })
  const before = Object.keys(await readMessages(store)).map(Number)
  const id = await append(store, 'after it all')
  assert.ok(id > Math.max(0, ...before))
}

// ---- the tail -----------------------------------------------------------------------------------------------

test('a last frame that is cut at any byte after a kill was never acknowledged: it is left out', async () => {
  const whole = await killed(['one', 'two', 'torn'])
  const name = whole.newest('segment')
  const bytes = whole.bytes(name)
  const last = whole.frames(name)[2]
  for (let end = last.offset; end < bytes.length; end++) {
    const directory = whole.copy()
    await directory.write(name, bytes.subarray(0, end))
    const store = await directory.open()
    assert.deepEqual(await readMessages(store), { 1: 'one', 2: 'two' }, `cut at ${end}`)
    assert.deepEqual(store.stats().lost, [])
    await assertWritable(store)
  }
})

test('a last frame with any byte changed after a kill is left out too', async () => {
  const whole = await killed(['one', 'torn'])
  const name = whole.newest('segment')
  const last = whole.frames(name)[1]
  for (let offset = last.offset; offset < last.offset + last.length; offset++) {
    const directory = whole.copy()
    directory.damage(name, offset)
    const store = await directory.open()
    assert.deepEqual(await readMessages(store), { 1: 'one' }, `byte ${offset}`)
    await assertWritable(store)
  }
})

test('zeros behind the last frame, as a power cut leaves them, are a torn tail', async () => {
  const directory = await killed(['one', 'two'])
  const name = directory.newest('segment')
  await directory.write(name, Uint8Array.from([...directory.bytes(name), ...new Uint8Array(5000)]))
  const store = await directory.open()
  assert.deepEqual(await readMessages(store), { 1: 'one', 2: 'two' })
  await assertWritable(store)
})

test('a segment that is shorter than at its clean stop lost acknowledged records', async () => {
  const directory = await closed(['one', 'two', 'three'])
  const name = directory.newest('segment')
  const [, second] = directory.frames(name)
  await directory.write(name, directory.bytes(name).subarray(0, second.offset))
  const store = await directory.open()
  assert.equal(store.stats().state, 'readOnly')
  assert.match(store.stats().reason ?? '', /ids 2-3 .*segment-00000001/)
  assert.deepEqual(await readMessages(store), { 1: 'one' })
  await assert.rejects(append(store, 'refused'), hasCode('STORE_READ_ONLY'))
  await store.close()

  const accepted = await directory.open({ acceptLoss: true })
  assert.deepEqual(ranges(accepted.stats().lost), [[2, 3]])
  assert.deepEqual(await readMessages(accepted), { 1: 'one' })
  await assertWritable(accepted)
})

const ranges = (lost: readonly { fromId: number; toId: number }[]): number[][] =>
  lost.map(({ fromId, toId }) => [fromId, toId])

// ---- a hole -------------------------------------------------------------------------------------------------

test('a hole in the active segment makes the store read-only, names the ids and serves the rest', async () => {
  const whole = await killed(['one', 'two', 'three', 'four'])
  const name = whole.newest('segment')
  const second = whole.frames(name)[1]
  for (let offset = second.offset; offset < second.offset + second.length; offset++) {
    const directory = whole.copy()
    directory.damage(name, offset)
    const store = await directory.open()
    const { state, reason } = store.stats()
    assert.equal(state, 'readOnly', `byte ${offset}`)
    const place = `${second.length} bad bytes in segment-00000001 at ${second.offset}`
    assert.equal(reason, `Acknowledged records are missing: ids 2-2 (${place}).`)
    assert.deepEqual(await readMessages(store), { 1: 'one', 3: 'three', 4: 'four' })
    await assert.rejects(append(store, 'refused'), hasCode('STORE_READ_ONLY'))
    await assert.rejects(store.writable(), hasCode('STORE_READ_ONLY'))
  }
})

test('a read-only start changes nothing on disk', async () => {
  const directory = await killed(['one', 'two', 'three'])
  directory.damage(directory.newest('segment'), directory.frames(directory.newest('segment'))[1].offset)
  await directory.write('stray', 'a file of somebody else')
  const before = directory.names().map((name) => [name, directory.bytes(name)])
  await (await directory.open()).close()
  assert.deepEqual(
    directory.names().map((name) => [name, directory.bytes(name)]),
    before,
  )
})

test('a scan of a segment with a hole says that its answer is partial', async () => {
  const directory = await killed(['one', 'two', 'three'])
  directory.damage(directory.newest('segment'), directory.frames(directory.newest('segment'))[1].offset)
  const store = await directory.open()
  for (let round = 0; round < 2; round++) {
    using snapshot = store.snapshot()
    for await (const _ of snapshot.scan());
    assert.deepEqual(ranges(snapshot.damage), [[2, 2]])
  }
})

test('with acceptLoss the hole is recorded for ever, the file put aside, and the store writable', async () => {
  const directory = await killed(['one', 'two', 'three'])
  const name = directory.newest('segment')
  const bytes = directory.bytes(name)
  const second = directory.frames(name)[1]
  directory.damage(name, second.offset + 10)
  const store = await directory.open({ acceptLoss: true })
  assert.deepEqual(ranges(store.stats().lost), [[2, 2]])
  assert.deepEqual(await readMessages(store), { 1: 'one', 3: 'three' })
  const [aside] = directory.names('quarantine/')
  assert.equal(aside, `quarantine/segment-00000001.${directory.clock.wallMs()}`)
  assert.equal(directory.bytes(aside).length, bytes.length)
  assert.deepEqual(store.stats().quarantinedFiles, [`segment-00000001.${directory.clock.wallMs()}`])
  await assertWritable(store)
  await assertUndamaged(store)
  await store.close()

  const later = await directory.open()
  assert.deepEqual(ranges(later.stats().lost), [[2, 2]])
  assert.equal(later.stats().state, 'writable')
  await assertUndamaged(later)
})

/** A loss that was accepted is no damage: answers are whole, as far as they can be. */
async function assertUndamaged(store: Store): Promise<void> {
  using snapshot = store.snapshot()
  for await (const _ of snapshot.scan());
  assert.deepEqual(snapshot.damage, [])
}

test('ids that were lost are not given again', async () => {
  const directory = await killed(['one', 'two', 'three'])
  await directory.remove(directory.newest('segment'))
  const store = await directory.open({ acceptLoss: true })
  assert.deepEqual(await readMessages(store), {})
  // More than the smallest records of a whole segment could have been.
  assert.ok((await append(store, 'later')) > (64 * 1024 * 1024) / 28)
})

test('a damaged header of the active segment is an alarm, whatever lies behind it', async () => {
  for (const texts of [['one', 'two'], []]) {
    const directory = await killed(texts)
    directory.damage(directory.newest('segment'), 20)
    const store = await directory.open()
    assert.match(store.stats().reason ?? '', /segment-00000001: segment header checksum/)
    assert.equal(store.stats().records, texts.length)
    await store.close()
    const accepted = await directory.open({ acceptLoss: true })
    assert.equal(accepted.stats().records, texts.length)
    assert.equal(directory.names('quarantine/').length, 1)
    await assertWritable(accepted)
  }
})

test('an active segment of a newer format is refused, not taken for an empty one', async () => {
  const directory = await killed(['one'])
  const name = directory.newest('segment')
  const bytes = Buffer.from(directory.bytes(name))
  bytes.writeUInt16LE(2, 8)
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 60)), 60)
  await directory.write(name, bytes)
  await assert.rejects(directory.open(), hasCode('FORMAT_VERSION'))
  await assert.rejects(directory.open({ acceptLoss: true }), hasCode('FORMAT_VERSION'))
})

// ---- closed segments ----------------------------------------------------------------------------------------

test('damage in a closed segment is found by the scan, which names the ids and serves the rest', async () => {
  const directory = await closed(['one', 'two', 'three', 'four', 'five'], { segmentBytesMax: 600 })
  assert.equal(directory.frames('segment-00000001').length, 3)
  const second = directory.frames('segment-00000001')[1]
  directory.damage('segment-00000001', second.offset + 100)
  const store = await directory.open({ segmentBytesMax: 600 })
  assert.equal(store.stats().state, 'writable')
  for (let round = 0; round < 3; round++) {
    using snapshot = store.snapshot()
    const found: number[] = []
    for await (const { block } of snapshot.scan()) found.push(...block.ids)
    assert.deepEqual(found, [1, 3, 4, 5])
    assert.deepEqual(snapshot.damage, [{ fromId: 2, toId: 2, reason: 'segment-00000001: bad bytes' }])
  }
  assert.deepEqual(store.stats().damaged, [{ fromId: 2, toId: 2, reason: 'segment-00000001: bad bytes' }])
  await assertWritable(store)
})

test('damage that comes while the store is open is found as well, and a scan that never meets it stays silent', async () => {
  const directory = await closed(['one', 'two', 'three', 'four'], { segmentBytesMax: 600 })
  const store = await directory.open()
  assert.equal(Object.keys(await readMessages(store)).length, 4)
  const [first, second] = directory.frames('segment-00000001')
  directory.damage('segment-00000001', first.offset)
  directory.damage('segment-00000001', second.offset + second.length - 1)
  assert.deepEqual(await readMessages(store), { 3: 'three', 4: 'four' })
  assert.deepEqual(ranges(store.stats().damaged), [[1, 2]])
  using snapshot = store.snapshot()
  for await (const _ of snapshot.scan({ idMin: 4 }));
  assert.deepEqual(snapshot.damage, [])
})

test('a closed segment that is cut at a frame while the store is open is not taken for whole', async () => {
  const directory = await closed(['one', 'two', 'three', 'four'], { segmentBytesMax: 600 })
  const store = await directory.open()
  assert.equal(Object.keys(await readMessages(store)).length, 4)
  const third = directory.frames('segment-00000001')[2]
  await directory.write('segment-00000001', directory.bytes('segment-00000001').subarray(0, third.offset))
  assert.deepEqual(await readMessages(store), { 1: 'one', 2: 'two', 4: 'four' })
  assert.deepEqual(ranges(store.stats().damaged), [[3, 3]])
})

test('a closed segment that is missing makes the store read-only and names its ids', async () => {
  const directory = await closed(['one', 'two', 'three'], ONE_EACH)
  await directory.remove('segment-00000002')
  const store = await directory.open(ONE_EACH)
  assert.equal(
    store.stats().reason,
    'Acknowledged records are missing: ids 2-2 (segment-00000002 is missing).',
  )
  assert.deepEqual(await readMessages(store), { 1: 'one', 3: 'three' })
  assert.equal(store.stats().damaged.length, 1)
  await store.close()

  const accepted = await directory.open({ ...ONE_EACH, acceptLoss: true })
  await assertWritable(accepted)
  assert.deepEqual(ranges(accepted.stats().lost), [[2, 2]])
  await accepted.close()
  const later = await directory.open(ONE_EACH)
  assert.equal(later.stats().state, 'writable')
  assert.deepEqual(ranges(later.stats().lost), [[2, 2]])
})

test('a closed segment that is too short loses what is cut off, and nothing else', async () => {
  const directory = await closed(['one', 'two', 'three', 'four'], { segmentBytesMax: 600 })
  const name = 'segment-00000001'
  const [, second] = directory.frames(name)
  await directory.write(name, directory.bytes(name).subarray(0, second.offset + second.length - 1))
  const store = await directory.open()
  assert.match(
    store.stats().reason ?? '',
    /^Acknowledged records are missing: ids 2-3 \(segment-00000001 has/,
  )
  assert.deepEqual(await readMessages(store), { 1: 'one', 4: 'four' })
  await store.close()
  const accepted = await directory.open({ acceptLoss: true })
  assert.deepEqual(ranges(accepted.stats().lost), [[2, 3]])
  assert.deepEqual(await readMessages(accepted), { 1: 'one', 4: 'four' })
  await assertWritable(accepted)
})

test('a loss that was accepted costs the next starts nothing', async () => {
  const directory = await closed(['one', 'two', 'three'], ONE_EACH)
  await directory.remove('segment-00000001')
  await (await directory.open({ ...ONE_EACH, acceptLoss: true })).close()
  const names = directory.names('segment')
  const store = await directory.open(ONE_EACH)
  const { nextId } = store.stats()
  await store.close()
  assert.deepEqual(directory.names('segment'), names)
  assert.equal((await directory.open(ONE_EACH)).stats().nextId, nextId)
})

// ---- re-homing and strangers --------------------------------------------------------------------------------

test('after a kill the active segment is rewritten under another number and salt; after a clean stop it is not', async () => {
  const directory = await killed(['one', 'two'])
  const before = directory.bytes('segment-00000001')
  const store = await directory.open()
  assert.deepEqual(directory.names('segment'), ['segment-00000002'])
  const after = directory.bytes('segment-00000002')
  assert.equal(after.length, before.length)
  assert.notDeepEqual(after.subarray(16, 24), before.subarray(16, 24))
  assert.deepEqual(after.subarray(40, 44), Uint8Array.of(1, 0, 0, 0))
  assert.deepEqual(await readMessages(store), { 1: 'one', 2: 'two' })
  assert.equal(await append(store, 'three'), 65_536)
  await store.close()
  const later = await directory.open()
  assert.deepEqual(directory.names('segment'), ['segment-00000002'])
  assert.equal(await append(later, 'four'), 65_537)
})

test('files that nobody knows are put aside, whatever they are called, and never replace each other', async () => {
  const directory = await closed(['one'])
  for (let round = 0; round < 2; round++) {
    await directory.write('notes.txt', `round ${round}`)
    await directory.write('segment-00000001.old', 'x')
    const store = await directory.open()
    assert.equal(store.stats().quarantinedFiles.length, 2)
    await store.close()
  }
  const asides = directory.names('quarantine/')
  assert.equal(asides.length, 4)
  assert.deepEqual(
    asides.filter((name) => name.includes('notes')).map((name) => directory.text(name)),
    ['round 0', 'round 1'],
  )
  assert.deepEqual(
    directory.names().filter((name) => !/^(quarantine|manifest|segment-\d+$)/.test(name)),
    [],
  )
})

test('an old segment whose unlink did not last is removed, and nothing of it is read', async () => {
  const directory = await killed(['one', 'two'])
  const old = directory.bytes('segment-00000001')
  const store = await directory.open()
  await append(store, 'three')
  await store.close()
  await directory.write('segment-00000001', old)
  const later = await directory.open()
  assert.deepEqual(Object.values(await readMessages(later)), ['one', 'two', 'three'])
  assert.deepEqual(directory.names('segment'), ['segment-00000002'])
  assert.deepEqual(later.stats().quarantinedFiles, [])
})

test('a copy that an interrupted start left is removed', async () => {
  const directory = await killed(['one', 'two'])
  const copy = directory.copy()
  await copy.open()
  await directory.write('segment-00000002', copy.bytes('segment-00000002'))
  const store = await directory.open()
  assert.deepEqual(await readMessages(store), { 1: 'one', 2: 'two' })
  assert.deepEqual(directory.names('segment').length, 1)
  assert.deepEqual(directory.names('quarantine/'), [])
})

test('a frame of another segment, whole as it is, does not pass for one of this', async () => {
  const directory = await killed(['one', 'two'])
  const name = 'segment-00000001'
  const other = await killed(['x', 'y', 'z'])
  const [, , stale] = other.frames(name)
  const bytes = other.bytes(name).slice()
  bytes[20] ^= 1
  const store = await directory.open()
  await append(store, 'three')
  directory.kill()
  const second = directory.newest('segment')
  await directory.write(
    second,
    Uint8Array.from([
      ...directory.bytes(second),
      ...bytes.subarray(stale.offset, stale.offset + stale.length),
    ]),
  )
  assert.deepEqual(Object.values(await readMessages(await directory.open())), ['one', 'two', 'three'])
})

test('frames of this segment that somebody sent as messages are messages, also where the bytes around them are bad', async () => {
  const name = 'segment-00000001'
  // Equal seeds give equal salts, so the bytes are known before they are sent.
  const frames = (await killed(['one', 'two'])).bytes(name).subarray(SEGMENT_HEADER_BYTES)
  const whole = new TestDirectory()
  const first = await whole.open()
  for (const text of ['one', 'two']) await append(first, text)
  assert.deepEqual(whole.bytes(name).subarray(SEGMENT_HEADER_BYTES), frames)
  await first.append(encodeSample({ records: [{ message: frames }] }))
  const third = whole.frames(name)[2]

  const torn = whole.copy()
  torn.damage(name, third.offset)
  const reopened = await torn.open()
  assert.deepEqual(await readMessages(reopened), { 1: 'one', 2: 'two' })
  await assertWritable(reopened)

  await append(first, 'four')
  const holed = whole.copy()
  holed.damage(name, third.offset)
  const readOnly = await holed.open()
  assert.match(readOnly.stats().reason ?? '', /^Acknowledged records are missing: ids 3-3 /)
  assert.deepEqual(await readMessages(readOnly), { 1: 'one', 2: 'two', 4: 'four' })

  await first.close()
  const later = await whole.open()
  whole.damage(name, third.offset)
  assert.deepEqual(await readMessages(later), { 1: 'one', 2: 'two', 4: 'four' })
  assert.deepEqual(ranges(later.stats().damaged), [[3, 3]])
})

test('frames and holes that are larger than what is read at once are found all the same', async () => {
  const long = 'x'.repeat(1_500_000)
  const directory = await killed(['one', long, long, 'four', long, 'six'])
  const name = directory.newest('segment')
  const [, second, third] = directory.frames(name)
  directory.damage(name, second.offset)
  directory.damage(name, third.offset + 1_000_000, 100_000)
  // Many places where a frame might begin.
  await directory.write(name, fillWithMagic(directory.bytes(name), second.offset + 100, 200_000))
  const store = await directory.open()
  assert.match(store.stats().reason ?? '', /^Acknowledged records are missing: ids 2-3 /)
  assert.deepEqual(await readMessages(store), { 1: 'one', 4: 'four', 5: long, 6: 'six' })
})

function fillWithMagic(bytes: Uint8Array, offset: number, length: number): Uint8Array {
  bytes.set(Buffer.alloc(length, 'LCFR'), offset)
  return bytes
}

// ---- starts that fail ---------------------------------------------------------------------------------------

/** In the short form a quarter of the numbers of each kind of fault, others for each. */
test('when the n-th disk call of an unclean start fails, for every n, the next start has everything', async () => {
  const tasks = new SharedTasks()
  let turn = 0
  for (const code of ['EIO', 'ENOSPC']) {
    for (const operation of [undefined, 'datasync', 'syncDirectory', 'write'] as const) {
      for (const persistent of [false, true]) await sweepStart(tasks, code, operation, persistent, turn++)
    }
  }
})

test('a copy stays when a manifest that names it may be on disk', async () => {
  const directory = await killed(['one', 'two'])
  const manifests = { pathIncludes: 'manifest', code: 'EIO', persistent: true }
  directory.disk.failCall(1, { ...manifests, operation: 'datasync', reach: 'everything' })
  directory.disk.failCall(1, { ...manifests, operation: 'unlink' })
  await assert.rejects(directory.open(), hasCode('DIRECTORY_UNUSABLE'))
  directory.disk.heal()
  directory.kill()
  const store = await directory.open()
  assert.deepEqual(await readMessages(store), { 1: 'one', 2: 'two' })
  await assertWritable(store)
})

async function sweepStart(
  tasks: SharedTasks,
  code: string,
  operation: 'datasync' | 'syncDirectory' | 'write' | undefined,
  persistent: boolean,
  turn: number,
): Promise<void> {
  const base = await killed(['one', 'two', 'three'], ONE_EACH, new TestDirectory(undefined, tasks))
  const isOver = async (n: number): Promise<boolean> => {
    const directory = base.copy()
    const before = operation === undefined ? directory.disk.calls : directory.disk.callsOf(operation)
    directory.disk.failCall(n, { code, operation, persistent })
    const store = await directory.open(ONE_EACH).catch(() => null)
    const calls =
      (operation === undefined ? directory.disk.calls : directory.disk.callsOf(operation)) - before
    const given: Record<number, string> = {}
    if (store !== null)
      await append(store, 'four').then(
        (id) => (given[id] = 'four'),
        () => {},
      )
    directory.disk.heal()
    directory.kill()
    const label = `${code} at ${operation ?? 'call'} ${n}${persistent ? ' and after' : ''}`
    await assertSurvives(directory.copy(), given, label)
    await assertSurvives(directory.on(directory.disk.powerCut(n)), given, `${label}, power cut`)
    return calls < n
  }
  await countUp(isOver, { step: SAMPLE_STEP, turn, most: 100 })
}

async function assertSurvives(
  directory: TestDirectory,
  given: Record<number, string>,
  label: string,
): Promise<void> {
  const store = await directory.open(ONE_EACH)
  assert.equal(store.stats().reason, null, label)
  const found = await readMessages(store)
  assert.deepEqual({ ...found, ...given }, found, label)
  assert.deepEqual([found[1], found[2], found[3]], ['one', 'two', 'three'], label)
  assert.deepEqual(store.stats().damaged, [], label)
  await assertWritable(store)
}

test('a start on a full disk serves reads, and takes records when there is room', async () => {
  const directory = await killed(['one', 'two'])
  const used = directory.names().reduce((sum, name) => sum + directory.bytes(name).length, 0)
  directory.disk.setCapacity(used)
  const store = await directory.open()
  assert.equal(store.stats().state, 'full')
  assert.deepEqual(await readMessages(store), { 1: 'one', 2: 'two' })
  await assert.rejects(append(store, 'refused'), hasCode('STORE_FULL'))
  directory.disk.setCapacity(used + 10_000_000)
  directory.clock.advance(1000)
  await store.writable()
  await append(store, 'three')
  assert.deepEqual(Object.values(await readMessages(store)), ['one', 'two', 'three'])
  await store.close()
  assert.deepEqual(Object.values(await readMessages(await directory.open())), ['one', 'two', 'three'])
})

test('a scan goes on unharmed while the segment it reads is rewritten', async () => {
  const directory = await killed(['one', 'two'])
  directory.disk.setCapacity(directory.names().reduce((sum, name) => sum + directory.bytes(name).length, 0))
  for (const moment of ['open', 'read', 'size'] as const) {
    const here = directory.copy()
    const store = await here.open()
    assert.equal(store.stats().state, 'full')
    here.disk.setCapacity(10_000_000)
    here.clock.advance(1000)
    await store.writable()
    let hasRun = false
    here.disk.onCall = async (operation) => {
      if (operation !== moment || hasRun) return
      hasRun = true
      await append(store, 'three')
    }
    using snapshot = store.snapshot()
    const found: number[] = []
    for await (const { block } of snapshot.scan()) found.push(...block.ids)
    assert.deepEqual(found, [1, 2], moment)
    assert.deepEqual(snapshot.damage, [], moment)
  }
})

test('times, keys and counts of closed segments come from the manifest: a start does not read them', async () => {
  const directory = new TestDirectory(new SimulatedDisk({ seed: 2 }))
  const store = await directory.open({ segmentBytesMax: 4096 })
  for (let at = 0; at < 100; at++) await appendSample(store, messages(`${at} ${'x'.repeat(1000)}`))
  await store.close()
  const paths = new Set<string>()
  directory.disk.onCall = (operation, path) => {
    if (operation === 'read' && path.includes('segment')) paths.add(path)
  }
  const reopened = await directory.open({ segmentBytesMax: 4096 })
  assert.deepEqual([...paths], [`${directory.path}/${directory.newest('segment')}`])
  assert.equal(reopened.stats().records, 100)
  assert.equal(reopened.stats().bufferBytes, 0)
})
