import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { diskContract } from '../testing/disk-contract.ts'
import { RealDisk } from './real-disk.ts'
import { SimulatedDisk, type SimulatedDiskOptions } from './simulated-disk.ts'

diskContract('real disk', async () => {
  const root = await mkdtemp(join(tmpdir(), 'logcaster-disk-'))
  return { disk: new RealDisk(), root, dispose: () => rm(root, { recursive: true }) }
})

function simulated(options: SimulatedDiskOptions) {
  return async () => {
    const disk = new SimulatedDisk(options)
    await disk.makeDirectory('/data')
    return { disk, root: '/data', dispose: async () => {} }
  }
}

diskContract('simulated disk', simulated({ seed: 1 }))
diskContract(
  'simulated disk, short and reordered',
  simulated({ seed: 2, shortReadChance: 0.5, shortWriteChance: 0.5, reorder: true }),
)
