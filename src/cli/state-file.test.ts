import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SimulatedDisk } from '../base/base.ts'
import { readState, StateFile, stateDirectory } from './state-file.ts'

describe('StateFile', () => {
  it('keeps what was saved last, and a crash leaves one whole text', async () => {
    const disk = new SimulatedDisk()
    let place = 1
    const state = new StateFile(disk, '/state/deep/x.json', () => ({ place }))
    await state.save()
    place = 2
    await state.save()
    assert.deepEqual(await readState(disk, '/state/deep/x.json'), { place: 2 })
    assert.deepEqual(await disk.list('/state/deep'), ['x.json'])
  })

  it('writes once for all that ask while it writes, with what is true then', async () => {
    const disk = new SimulatedDisk()
    let asked = 0
    const state = new StateFile(disk, '/x.json', () => ++asked)
    await Promise.all([state.save(), state.save(), state.save()])
    assert.equal(await readState(disk, '/x.json'), 2)
  })

  it('replaces what a crash in the middle of a write left behind', async () => {
    const disk = new SimulatedDisk()
    await (await disk.open('/x.json.new', 'create')).close()
    await new StateFile(disk, '/x.json', () => 'fresh').save()
    assert.equal(await readState(disk, '/x.json'), 'fresh')
  })

  it('is undefined where there is none, and refuses what is no JSON', async () => {
    const disk = new SimulatedDisk()
    assert.equal(await readState(disk, '/x.json'), undefined)
    const file = await disk.open('/x.json', 'create')
    await file.write(Buffer.from('{"half'), 0)
    await assert.rejects(readState(disk, '/x.json'), {
      code: 'USAGE',
      message: /^\/x\.json is not a state file of this command; name another with --state/,
    })
  })

  it('lies where the service manager, the user or --state says', () => {
    assert.equal(stateDirectory({ STATE_DIRECTORY: '/var/lib/x:/b', HOME: '/home/a' }), '/var/lib/x')
    assert.equal(stateDirectory({ XDG_STATE_HOME: '/s', HOME: '/home/a' }), '/s/logcaster')
    assert.equal(stateDirectory({ HOME: '/home/a' }), '/home/a/.local/state/logcaster')
    assert.throws(() => stateDirectory({}), {
      code: 'USAGE',
      message: /HOME is not set; name a file with --state/,
    })
  })
})
