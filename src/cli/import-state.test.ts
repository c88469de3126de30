import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SimulatedDisk } from '../base/base.ts'
import { type ImportBeginning, ImportState } from './import-state.ts'
import type { LineChunk } from './line-chunks.ts'

const PATH = '/state.json'
const FILE: ImportBeginning = { path: '/a.log', head: Buffer.from('one\n'), size: 30, compression: 'none' }

const open = (disk: SimulatedDisk, reading = 'lines?'): Promise<ImportState> =>
  ImportState.open({ disk, path: PATH, reading })

/** The n-th of chunks of ten bytes and two lines. */
function chunk(n: number): LineChunk {
  const offset = n * 10
  return { offset, end: offset + 10, line: n * 2 + 1, lines: 2, bytes: Buffer.alloc(10, n), isTooLong: false }
}

describe('ImportState', () => {
  it('goes on after the last chunk before which everything is acknowledged', async () => {
    const disk = new SimulatedDisk()
    const state = await open(disk)
    const turn = state.begin(FILE)
    const acknowledge = [0, 1, 2].map((n) => turn.begin(chunk(n)))
    acknowledge[1]()
    assert.deepEqual(turn.place, { offset: 0, lines: 0 })
    acknowledge[0]()
    assert.deepEqual(turn.place, { offset: 20, lines: 4 })
    await state.save()
    assert.deepEqual((await open(disk)).begin(FILE).place, { offset: 20, lines: 4 })
  })

  it('is done with a file when it has ended and all its chunks are acknowledged', async () => {
    const disk = new SimulatedDisk()
    const state = await open(disk)
    const turn = state.begin(FILE)
    const acknowledge = turn.begin(chunk(0))
    turn.end()
    assert.equal(turn.isDone, false)
    acknowledge()
    assert.equal(turn.isDone, true)
    await state.save()
    assert.equal((await open(disk)).begin(FILE).isDone, true)
    assert.equal((await open(disk)).begin({ ...FILE, size: 31 }).isDone, false)
  })

  it('starts anew where the beginning is another, or the file shorter than its place', async () => {
    const disk = new SimulatedDisk()
    const state = await open(disk)
    state.begin(FILE).begin(chunk(0))()
    await state.save()
    const begin = async (change: Partial<ImportBeginning>) =>
      (await open(disk)).begin({ ...FILE, ...change }).place.offset
    assert.equal(await begin({ head: Buffer.from('one\ntwo\n') }), 10)
    assert.equal(await begin({ head: Buffer.from('two\n') }), 0)
    assert.equal(await begin({ size: 9 }), 0)
    assert.equal(await begin({ size: 9, compression: 'gzip' }), 10)
  })

  it('makes keys of content, place and reading, not of the path; equal files of one run have their own', async () => {
    const disk = new SimulatedDisk()
    const keyOf = (state: ImportState, path: string, n = 0): string =>
      state.begin({ ...FILE, path }).keyOf(chunk(n))
    const first = keyOf(await open(disk), '/a.log')
    assert.match(first, /^import-[0-9a-f]{32}-0-[0-9a-f]{32}$/)
    assert.equal(keyOf(await open(disk), '/moved.log'), first)
    assert.notEqual(keyOf(await open(disk, 'ndjson?'), '/a.log'), first)
    assert.notEqual(keyOf(await open(disk), '/a.log', 1), first)
    const state = await open(disk)
    assert.notEqual(keyOf(state, '/a.log'), keyOf(state, '/b.log'))
  })

  it('refuses a state of another form', async () => {
    const disk = new SimulatedDisk()
    const file = await disk.open(PATH, 'create')
    await file.write(Buffer.from('{"version":1,"salt":"","files":{"/a.log":{"head":7}}}'), 0)
    await assert.rejects(open(disk), { code: 'USAGE', message: /is not a state file of this command/ })
  })
})
