/** The manifest (rule R17): its literal text, and what a start makes of a file that is torn, damaged, newer or gone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32 } from 'node:zlib'
import { encodeSample, hasCode, messages, readMessages } from '../testing/sample-records.ts'
import { SEGMENT_HEADER_BYTES } from './frame.ts'
import { Manifest, type ManifestEdit, type ManifestState, parseManifest } from './manifest.ts'
import { TestDirectory } from './test-directory.ts'

const line = (value: unknown): string => {
  const json = JSON.stringify(value)
  return `${crc32(json).toString(16).padStart(8, '0')} ${json}\n`
}

const HEADER = line({ format: 'logcaster-manifest', version: 1, number: 1 })
const CHECKPOINT = line({ kind: 'checkpoint' })
const ADD = { kind: 'add', number: 1, salt: '00000002000000ff', firstId: 1 }
const SUMMARY = {
  bytes: 640,
  records: 3,
  firstId: 1,
  endId: 4,
  timeMsMin: -5,
  timeMsMax: 7,
  receivedMsMax: 9,
  keys: 0,
}

const NO_PARTS = {
  parts: [],
  keys: [],
  tasks: [],
  sealedThroughId: 0,
  highestPart: 0,
  highestFile: 0,
  dropped: { records: 0 },
}

/** What a start sees of this text. */
const parse = (text: string): ManifestState | null => parseManifest(text, 'manifest-000001')

test('a manifest is lines of JSON, each with its checksum in front', () => {
  const text = [
    'cd4886b5 {"format":"logcaster-manifest","version":1,"number":1}',
    'ca7a9ac4 [{"kind":"add","number":1,"salt":"00000002000000ff","firstId":1}]',
    '8600364f {"kind":"checkpoint"}',
    '',
  ].join('\n')
  assert.equal(HEADER + line([ADD]) + CHECKPOINT, text)
  assert.deepEqual(parse(text), {
    segments: [{ number: 1, salt: { high: 2, low: 255 }, firstId: 1, summary: null }],
    lost: [],
    highestSegment: 1,
    nextId: 1,
    stop: null,
    ...NO_PARTS,
  })
})

test('edits after the checkpoint change its state, in order', () => {
  const edits = [
    [
      { kind: 'close', number: 1, summary: SUMMARY },
      { ...ADD, number: 2, firstId: 4 },
    ],
    [{ kind: 'lost', range: { fromId: 2, toId: 3, reason: 'a hole' } }],
    [{ kind: 'remove', number: 1 }],
    [
      { kind: 'ids', nextId: 100 },
      { kind: 'stop', segment: 2, bytes: 64 },
    ],
  ]
  assert.deepEqual(parse(HEADER + line([ADD]) + CHECKPOINT + edits.map(line).join('')), {
    segments: [{ number: 2, salt: { high: 2, low: 255 }, firstId: 4, summary: null }],
    lost: [{ fromId: 2, toId: 3, reason: 'a hole' }],
    highestSegment: 2,
    nextId: 100,
    stop: { segment: 2, bytes: 64 },
    ...NO_PARTS,
  })
})

test('a checkpoint that is cut anywhere does not hold', () => {
  const text = HEADER + line([ADD]) + CHECKPOINT
  for (let end = 0; end < text.length; end++) assert.equal(parse(text.slice(0, end)), null, `cut at ${end}`)
})

test('an edit that is cut anywhere was never made', () => {
  const text = HEADER + line([ADD]) + CHECKPOINT
  const edit = line([{ kind: 'close', number: 1, summary: SUMMARY }])
  for (let end = 0; end < edit.length; end++) {
    assert.equal(parse(text + edit.slice(0, end))?.segments[0].summary, null, `cut at ${end}`)
  }
  assert.deepEqual(parse(text + edit)?.segments[0].summary, SUMMARY)
})

test('a damaged edit with whole edits behind it is damage, not the end', () => {
  const edit = line([{ kind: 'ids', nextId: 9 }])
  const text = HEADER + CHECKPOINT + edit + edit + edit
  for (let at = HEADER.length + CHECKPOINT.length; at < text.length - edit.length; at++) {
    if (text[at] === '\n') continue // Two lines become one; where that is the last, it looks torn.
    const damaged = `${text.slice(0, at)}#${text.slice(at + 1)}`
    assert.throws(() => parse(damaged), hasCode('MANIFEST_CORRUPT'), `byte ${at}`)
  }
})

test('lines that cannot be followed are refused', () => {
  const bad = [
    [{ kind: 'melt', number: 1 }],
    [{ kind: 'remove', number: 7 }],
    [{ kind: 'close', number: 7, summary: SUMMARY }],
    [{ kind: 'close', number: 1, summary: { ...SUMMARY, bytes: -1 } }],
    [{ kind: 'add', number: 2, salt: 'xyz', firstId: 1 }],
    [{ kind: 'ids', nextId: 2 ** 60 }],
    ['text'],
    [null],
    'text',
    7,
    null,
  ]
  for (const value of bad) {
    const text = HEADER + line([ADD]) + CHECKPOINT + line(value)
    assert.throws(() => parse(text), hasCode('MANIFEST_CORRUPT'), JSON.stringify(value))
  }
})

test('a file that is no manifest does not hold, whatever is in it', () => {
  for (const text of [
    '',
    '\n',
    'null\n',
    line(null),
    line([]),
    line({ format: 'other', version: 1 }),
    '\u0000'.repeat(99),
  ]) {
    assert.equal(parse(text + CHECKPOINT), null)
  }
})

test('a newer format is refused', () => {
  const text = line({ format: 'logcaster-manifest', version: 3, number: 1 }) + CHECKPOINT
  assert.throws(() => parse(text), hasCode('FORMAT_VERSION'))
})

// ---- in a directory -----------------------------------------------------------------------------------------

async function written(...texts: string[]): Promise<TestDirectory> {
  const directory = new TestDirectory()
  const store = await directory.open({ segmentBytesMax: 600 })
  for (const text of texts) await store.append(encodeSample(messages(text)))
  await store.close()
  return directory
}

test('a directory with segments whose manifests are all gone is refused, not taken for empty', async () => {
  const directory = await written('one', 'two')
  for (const name of directory.names('manifest')) await directory.remove(name)
  const before = directory.names()
  await assert.rejects(directory.open(), hasCode('MANIFEST_CORRUPT'))
  await assert.rejects(directory.open({ acceptLoss: true }), hasCode('MANIFEST_CORRUPT'))
  assert.deepEqual(directory.names(), before)
})

test('a directory whose manifests are all damaged is refused too', async () => {
  const directory = await written('one', 'two')
  for (const name of directory.names('manifest')) directory.damage(name, 5)
  await assert.rejects(directory.open(), hasCode('MANIFEST_CORRUPT'))
})

test('what is said of a store without a manifest names the directory, what is there, and what to do', async () => {
  const directory = await written('one', 'two')
  const [manifest] = directory.names('manifest')
  const advice = 'Restore a backup of the data directory: logcaster restore.'
  const refusesWith = (start: string): Promise<void> =>
    assert.rejects(directory.open(), ({ message }: Error) => {
      assert.equal(message, `${start} ${advice}`)
      return true
    })
  directory.damage(manifest, 5)
  const [segment] = directory.names('segment')
  await refusesWith(`No manifest in ${directory.path} can be read, but there is ${segment}.`)
  await directory.remove(manifest)
  await refusesWith(`There is no manifest in ${directory.path}, but there is ${segment}.`)
  await directory.write('keys-000001', new Uint8Array(100))
  await refusesWith(`There is no manifest in ${directory.path}, but there is keys-000001.`)
})

test('a newer version in the directory is refused', async () => {
  const directory = await written('one')
  const version3 = line({ format: 'logcaster-manifest', version: 3, number: 9 }) + CHECKPOINT
  await directory.write('manifest-000009', version3)
  await assert.rejects(directory.open(), hasCode('FORMAT_VERSION'))
})

test('a newest manifest that is torn in its checkpoint never held: the one before it does', async () => {
  const whole = await written('one', 'two')
  const text = whole.text(whole.newest('manifest'))
  const checkpoint = text.slice(0, text.indexOf('checkpoint') + 13)
  for (let end = 0; end < checkpoint.length; end += 7) {
    const directory = whole.copy()
    await directory.write('manifest-000099', checkpoint.slice(0, end))
    const store = await directory.open()
    assert.deepEqual(await readMessages(store), { 1: 'one', 2: 'two' })
    assert.equal(directory.newest('manifest'), 'manifest-000100')
  }
})

test('a torn last line is an edit that was never made, and a start writes a whole manifest', async () => {
  const directory = await written('one', 'two')
  const name = directory.newest('manifest')
  await directory.write(name, directory.text(name).slice(0, -10))
  const store = await directory.open()
  assert.deepEqual(await readMessages(store), { 1: 'one', 2: 'two' })
  assert.equal(store.stats().state, 'writable')
  assert.ok(parseManifest(directory.text(directory.newest('manifest')), 'the new one') !== null)
})

test('damage in the middle of a manifest is refused, with its place', async () => {
  const directory = await written('one', 'two', 'three', 'four', 'five', 'six', 'seven')
  const name = directory.newest('manifest')
  const text = directory.text(name)
  const lines = text.split('\n')
  const place = text.split('\n').findIndex((each) => each.includes('checkpoint')) + 1
  const offset = lines.slice(0, place).join('\n').length + 20
  directory.damage(name, offset)
  await assert.rejects(directory.open(), (error: Error) => {
    assert.ok(hasCode('MANIFEST_CORRUPT')(error))
    assert.equal(
      error.message,
      `${directory.path}/${name} is damaged at line ${place + 1}, with whole lines after it. ` +
        'Restore a backup of the data directory: logcaster restore.',
    )
    return true
  })
})

test('an older manifest that knows nothing of the newest segments does not hide them', async () => {
  const directory = await written('one', 'two')
  const old = directory.names('manifest').map((name) => [name, directory.bytes(name)] as const)
  const store = await directory.open({ segmentBytesMax: 600 })
  for (const text of ['three', 'four', 'five', 'six', 'seven', 'eight']) {
    await store.append(encodeSample(messages(text)))
  }
  await store.close()
  for (const name of directory.names('manifest')) await directory.remove(name)
  for (const [name, bytes] of old) await directory.write(name, bytes)
  await assert.rejects(directory.open({ acceptLoss: true }), (error: Error) => {
    assert.ok(hasCode('MANIFEST_CORRUPT')(error))
    assert.match(error.message, /: the manifest is older than this segment\. Restore a backup /)
    return true
  })
})

test('a copy of a segment is not put aside when it is all that is left of it', async () => {
  const directory = new TestDirectory()
  const store = await directory.open()
  await store.append(encodeSample(messages('one')))
  directory.kill()
  const old = directory.names('manifest').map((name) => [name, directory.bytes(name)] as const)
  await (await directory.open()).close()
  for (const name of directory.names('manifest')) await directory.remove(name)
  for (const [name, bytes] of old) await directory.write(name, bytes)
  assert.deepEqual(directory.names('segment'), ['segment-00000002'])
  await assert.rejects(directory.open({ acceptLoss: true }), hasCode('MANIFEST_CORRUPT'))
})

test('segments without frames are no reason to refuse an empty directory', async () => {
  const directory = await written('one')
  const segment = directory.bytes('segment-00000001').subarray(0, SEGMENT_HEADER_BYTES)
  for (const name of directory.names()) await directory.remove(name)
  await directory.write('segment-00000001', segment)
  const store = await directory.open()
  assert.deepEqual(await readMessages(store), {})
  assert.deepEqual([directory.names('quarantine/'), directory.names('segment')], [[], ['segment-00000001']])
})

test('three files are kept, and a long list of edits goes into a new one', async () => {
  const directory = new TestDirectory()
  await (await directory.open()).close()
  const manifest = await Manifest.read(directory.disk, directory.path)
  await manifest.checkpoint()
  const edits: ManifestEdit[] = [{ kind: 'ids', nextId: 5 }]
  for (let at = 0; at < 4500; at++) await manifest.append(edits)
  assert.equal(directory.newest('manifest'), 'manifest-000003')
  assert.ok(directory.bytes('manifest-000003').length < directory.bytes('manifest-000002').length)
  await manifest.checkpoint()
  await manifest.close()
  assert.deepEqual(directory.names('manifest'), ['manifest-000002', 'manifest-000003', 'manifest-000004'])
  const again = await Manifest.read(directory.disk, directory.path)
  assert.deepEqual(again.state, { ...manifest.state })
})

test('an edit that cannot be written goes into a new file, and the old one is never written or synced again', async () => {
  for (const operation of ['write', 'datasync'] as const) {
    const directory = new TestDirectory()
    await (await directory.open()).close()
    const manifest = await Manifest.read(directory.disk, directory.path)
    await manifest.checkpoint()
    const old = directory.newest('manifest')
    const calls: string[] = []
    directory.disk.onCall = (call, path) => {
      if (['write', 'datasync', 'truncate'].includes(call))
        calls.push(`${call} ${path.slice(path.lastIndexOf('/') + 1)}`)
    }
    directory.disk.failCall(1, { operation, code: 'EIO' })
    await manifest.append([{ kind: 'ids', nextId: 7 }])
    assert.equal(manifest.isDoubtful, false)
    await manifest.append([{ kind: 'ids', nextId: 8 }])
    const last = calls.findLastIndex((call) => call.endsWith(old))
    assert.equal(calls[last], `${operation} ${old}`)
    assert.ok(calls.slice(last + 1).every((call) => call.endsWith(directory.newest('manifest'))))
    assert.equal((await Manifest.read(directory.disk, directory.path)).state.nextId, 8)
  }
})

test('a change that fails altogether leaves the state as it was, and says whether the disk may have it', async () => {
  const directory = new TestDirectory()
  await (await directory.open()).close()
  const manifest = await Manifest.read(directory.disk, directory.path)
  directory.disk.failCall(1, { operation: 'datasync', code: 'EIO', persistent: true })
  await assert.rejects(manifest.checkpoint([{ kind: 'ids', nextId: 7 }]))
  assert.equal(manifest.state.nextId, 1)
  assert.equal(manifest.isDoubtful, false)
  directory.disk.failCall(1, { operation: 'unlink', code: 'EIO' })
  await assert.rejects(manifest.checkpoint([{ kind: 'ids', nextId: 7 }]))
  assert.equal(manifest.isDoubtful, true)
  directory.disk.heal()
  await manifest.append([{ kind: 'ids', nextId: 9 }])
  assert.equal(manifest.isDoubtful, false)
  assert.equal((await Manifest.read(directory.disk, directory.path)).state.nextId, 9)
})

test('old files that cannot be removed or listed are no reason to fail', async () => {
  for (const operation of ['unlink', 'list'] as const) {
    const directory = new TestDirectory()
    await (await directory.open()).close()
    const manifest = await Manifest.read(directory.disk, directory.path)
    directory.disk.failCall(1, { operation, code: 'EIO', persistent: true })
    for (let nextId = 2; nextId < 10; nextId++) await manifest.checkpoint([{ kind: 'ids', nextId }])
    assert.equal(manifest.state.nextId, 9)
  }
})

// ---- parts, keys, tasks -------------------------------------------------------------------------------------

const PART = {
  bytes: 900,
  sha256: '0123456789abcdef'.repeat(4),
  records: 3,
  firstId: 1,
  endId: 9,
  timeMsMin: -5,
  timeMsMax: 7,
  receivedMsMin: 1,
  receivedMsMax: 9,
  day: null,
  level: 0,
  compression: 3,
}
const TASK = { number: 6, kind: 'delete', text: '{"filter":"\u2028\ud800\\n"}', endId: 9, progress: '' }
const SEAL: ManifestEdit[] = [
  { kind: 'addPart', number: 4, summary: PART },
  { kind: 'addPart', number: 2, summary: { ...PART, day: -3, endId: 20 } },
  { kind: 'addKeys', number: 5, keys: 1, receivedMsMax: 9, bytes: 70 },
  { kind: 'sealed', throughId: 30 },
  { kind: 'deletes', part: 4, number: 7, records: 2 },
  { kind: 'task', task: TASK },
  { kind: 'dropped', records: 4 },
]

test('a state with parts, keys and tasks is the same after it was written and read, torn or by checkpoint', async () => {
  const directory = new TestDirectory()
  await (await directory.open()).close()
  const manifest = await Manifest.read(directory.disk, directory.path)
  await manifest.checkpoint()
  const before = directory.text(directory.newest('manifest'))
  await Promise.all([manifest.append(SEAL), manifest.append([{ kind: 'dropped', records: 3 }])])
  await manifest.append([
    { kind: 'removePart', number: 4 },
    { kind: 'task', task: { ...TASK, progress: '5' } },
  ])
  const text = directory.text(directory.newest('manifest'))
  const { state } = manifest
  assert.deepEqual(
    [state.nextId, state.sealedThroughId, state.highestPart, state.highestFile],
    [31, 30, 4, 7],
  )
  assert.deepEqual([state.parts.length, state.dropped, state.tasks[0].progress], [1, { records: 7 }, '5'])
  assert.deepEqual(parse(text), { ...state })
  await manifest.checkpoint()
  assert.deepEqual((await Manifest.read(directory.disk, directory.path)).state, { ...state })
  const seal = text.slice(before.length, text.indexOf('\n', before.length))
  for (let end = 0; end < seal.length; end++) assert.deepEqual(parse(before + seal.slice(0, end))?.parts, [])
})

test('edits of parts, keys and tasks that contradict the state or their ranges are refused, and never written', async () => {
  const bad: unknown[] = [
    { kind: 'addPart', number: 4, summary: PART },
    { kind: 'removePart', number: 3 },
    { kind: 'removeKeys', number: 4 },
    { kind: 'removeTask', number: 5 },
    { kind: 'addKeys', number: 5, keys: 1, receivedMsMax: 9, bytes: 70 },
    { kind: 'deletes', part: 3, number: 8, records: 1 },
    { kind: 'deletes', part: 2, number: 7, records: 1 },
    { kind: 'deletes', part: 4, number: 8, records: 4 },
    { kind: 'dropped', records: Number.MAX_SAFE_INTEGER },
  ]
  const outOfRange: unknown[] = [
    ...[
      { bytes: 0 },
      { sha256: 'A'.repeat(64) },
      { endId: 3 },
      { timeMsMin: 8 },
      { day: 0.5 },
      { level: -1 },
    ].map((field) => ({ kind: 'addPart', number: 9, summary: { ...PART, ...field } })),
    { kind: 'task', task: { ...TASK, text: null } },
    { kind: 'sealed', throughId: Number.MAX_SAFE_INTEGER },
    { kind: 'toString' },
  ]
  const head = HEADER + CHECKPOINT + line(SEAL)
  assert.notEqual(parse(head), null)
  for (const edit of [...bad, ...outOfRange])
    assert.throws(() => parse(head + line([edit])), hasCode('MANIFEST_CORRUPT'), JSON.stringify(edit))
  const directory = new TestDirectory()
  await directory.disk.makeDirectory(directory.path)
  const manifest = await Manifest.read(directory.disk, directory.path)
  await manifest.checkpoint(SEAL)
  const text = directory.text('manifest-000001')
  for (const edit of bad)
    await assert.rejects(manifest.append([edit as ManifestEdit]), hasCode('MANIFEST_CORRUPT'))
  for (const edit of outOfRange.slice(0, -1))
    await assert.rejects(manifest.append([edit as ManifestEdit]), /BUG/)
  assert.equal(directory.text('manifest-000001'), text)
  assert.deepEqual(parse(text), { ...manifest.state })
})
