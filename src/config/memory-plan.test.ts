import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { lesserMemory } from '../base/machine-memory.ts'
import { checkConfig } from './config.ts'
import {
  leastMemory,
  type MemoryPlan,
  type MemoryWanted,
  planMemory,
  SHARED_OPTIONS,
  usualMemory,
} from './memory-plan.ts'
import { printShow } from './show.ts'

const MIB = 1024 * 1024
const GIB = 1024 * MIB

const wanted = (changes: Partial<MemoryWanted> = {}): MemoryWanted => ({
  bytesMax: 768 * MIB,
  stores: 1,
  processors: 2,
  stated: {},
  ...changes,
})

/** What a plan adds up to, counted apart from the planner. */
function sumOf(plan: MemoryPlan, { stores, processors }: MemoryWanted): number {
  const threads = Math.min(plan['query.threads'], processors)
  const ofStore =
    plan['storage.bufferBytesMax'] + plan['storage.gatherBytesMax'] + plan['storage.cacheBytesMax']
  const blocks = plan['storage.blockBytesMax'] * (9 + 2 * threads)
  const queries = plan['query.cacheBytesMax'] + plan['query.answersBytesMax'] + plan['memory.queriesBytesMax']
  const fixed = (112 + 16 * (1 + threads)) * MIB
  return fixed + stores * ofStore + blocks + queries + plan['memory.inputBytesMax']
}

function planOf(machineBytes: number): MemoryPlan {
  return planMemory(wanted({ bytesMax: usualMemory({ memoryBytes: machineBytes, processors: 2 }) }))
}

describe('the budget', () => {
  const machines = [
    ['256 MiB', 256 * MIB, 192],
    ['512 MiB', 512 * MIB, 192],
    ['1 GiB', GIB, 192],
    ['2 GiB', 2 * GIB, 256],
    ['4 GiB', 4 * GIB, 512],
    ['6 GiB', 6 * GIB, 768],
    ['8 GiB', 8 * GIB, 1024],
    ['64 GiB', 64 * GIB, 1792],
    ['1 TiB', 1024 * GIB, 1792],
  ] as const
  for (const [name, memoryBytes, mebibytes] of machines) {
    it(`of a machine with ${name} is ${mebibytes} MiB, and its parts fit into it`, () => {
      const bytesMax = usualMemory({ memoryBytes, processors: 2 })
      assert.equal(bytesMax, mebibytes * MIB)
      const budget = wanted({ bytesMax })
      const plan = planMemory(budget)
      const sum = sumOf(plan, budget)
      assert.ok(sum <= bytesMax, `the parts are ${sum / MIB} MiB`)
      assert.ok(sum >= 0.95 * bytesMax, `the parts are only ${sum / MIB} MiB`)
      for (const path of SHARED_OPTIONS) assert.ok(plan[path] > 0, path)
    })
  }

  const full = {
    'storage.bufferBytesMax': 96 * MIB,
    'storage.gatherBytesMax': 8 * MIB,
    'storage.blockBytesMax': 16 * MIB,
    'storage.cacheBytesMax': 16 * MIB,
    'query.memoryBytesMax': 64 * MIB,
    'query.cacheBytesMax': 64 * MIB,
    'query.answersBytesMax': 40 * MIB,
    'query.threads': 2,
    'memory.inputBytesMax': 48 * MIB,
    'memory.queriesBytesMax': 128 * MIB,
  }

  it('of a machine with 6 GiB gives every part what it was made for', () => {
    assert.deepEqual(planOf(6 * GIB), full)
  })

  it('gives queries what a larger machine has beyond that', () => {
    const withMore = (total: number, one: number, cache: number) => ({
      ...full,
      'memory.queriesBytesMax': total * MIB,
      'query.memoryBytesMax': one * MIB,
      'query.cacheBytesMax': cache * MIB,
    })
    assert.deepEqual(planOf(8 * GIB), withMore(336, 160, 112))
    assert.deepEqual(planOf(64 * GIB), withMore(960, 448, 256))
  })

  it('gives every part more where queries have as much as they can use', () => {
    const budget = wanted({ bytesMax: 4096 * MIB })
    const plan = planMemory(budget)
    assert.ok(sumOf(plan, budget) <= budget.bytesMax)
    assert.ok(plan['memory.queriesBytesMax'] > 960 * MIB && plan['storage.bufferBytesMax'] > 96 * MIB)
  })

  it('takes what is set from what queries have beyond their share, first', () => {
    const stated = { 'storage.bufferBytesMax': 608 * MIB, 'query.cacheBytesMax': 64 * MIB }
    const budget = wanted({ bytesMax: 1792 * MIB, stated })
    assert.equal(leastMemory(budget), leastMemory(wanted({ stated })))
    assert.deepEqual(planMemory(budget), {
      ...full,
      ...stated,
      'memory.queriesBytesMax': (128 + 1024 - 512) * MIB,
      'query.memoryBytesMax': (64 + 192) * MIB,
    })
    const queries = planMemory(
      wanted({ bytesMax: 1792 * MIB, stated: { 'memory.queriesBytesMax': 128 * MIB } }),
    )
    assert.ok(queries['storage.bufferBytesMax'] > 96 * MIB)
    assert.equal(queries['query.memoryBytesMax'], 64 * MIB)
  })

  it('never gives a part less where there is more', () => {
    let before = planMemory(wanted({ bytesMax: 320 * MIB }))
    for (let mebibytes = 330; mebibytes < 6000; mebibytes += 10) {
      const plan = planMemory(wanted({ bytesMax: mebibytes * MIB }))
      for (const path of SHARED_OPTIONS) assert.ok(plan[path] >= before[path], `${path} at ${mebibytes} MiB`)
      before = plan
    }
  })

  it('is shared by the stores', () => {
    const budget = wanted({ stores: 5 })
    const plan = planMemory(budget)
    assert.ok(sumOf(plan, budget) <= budget.bytesMax)
    assert.ok(plan['storage.bufferBytesMax'] < 96 * MIB)
    assert.ok(plan['storage.bufferBytesMax'] >= plan['storage.gatherBytesMax'])
  })

  it('keeps what is set, and takes it from the others', () => {
    const stated = { 'storage.bufferBytesMax': 256 * MIB, 'storage.gatherBytesMax': 200 * MIB }
    const budget = wanted({ stated })
    const plan = planMemory(budget)
    assert.equal(plan['storage.bufferBytesMax'], 256 * MIB)
    assert.ok(plan['memory.queriesBytesMax'] < 128 * MIB)
    assert.ok(sumOf(plan, budget) <= budget.bytesMax)
    const gathering = planMemory(wanted({ stated: { 'storage.gatherBytesMax': 100 * MIB } }))
    assert.equal(gathering['storage.bufferBytesMax'], 100 * MIB)
    const asking = planMemory(wanted({ stated: { 'query.memoryBytesMax': 200 * MIB } }))
    assert.ok(asking['memory.queriesBytesMax'] >= 200 * MIB)
  })

  it('does not count threads that are never started', () => {
    const stated = { 'query.threads': 200 }
    assert.equal(leastMemory(wanted({ stated })), leastMemory(wanted()))
    assert.ok(leastMemory(wanted({ stated, processors: 200 })) > 768 * MIB)
  })
})

describe('the memory of the machine', () => {
  it('is that of the container, where it has less', () => {
    assert.equal(lesserMemory(8 * GIB, 512 * MIB), 512 * MIB)
    assert.equal(lesserMemory(8 * GIB, 0), 8 * GIB)
    assert.equal(lesserMemory(8 * GIB, 2 ** 63), 8 * GIB)
  })
})

describe('options that are shares', () => {
  const machine = { memoryBytes: 4 * GIB, processors: 2 }
  const check = (flags: Readonly<Record<string, string>>) =>
    checkConfig({ env: {}, flags, machine, readFile: () => '' })
  const problemsOf = (flags: Readonly<Record<string, string>>): string[] =>
    check(flags).problems.map(({ text }) => text)

  it('follow from the machine, and are shown with what they follow from', () => {
    const { loaded } = check({})
    assert.ok(loaded !== null)
    assert.equal(loaded.config.memory.bytesMax, 512 * MIB)
    const shown = printShow(loaded)
    assert.match(shown, /bytesMax: 512MiB +# default, of the memory of the machine\n/)
    assert.match(shown, /bufferBytesMax: \d+MiB +# default, of memory\.bytesMax\n/)
  })

  it('follow from the budget where it is set', () => {
    const { loaded } = check({ 'memory-bytes-max': '768MiB' })
    assert.equal(loaded?.config.storage.bufferBytesMax, 96 * MIB)
    assert.equal(loaded?.origins.get('memory.bytesMax')?.from, 'flag')
  })

  it('are refused where they do not fit, and told what would', () => {
    assert.deepEqual(problemsOf({ 'storage-buffer-bytes-max': '1GiB' }), [
      '--storage-buffer-bytes-max: does not fit into memory.bytesMax (512MiB) beside the rest; ' +
        'write at most 312MiB, or raise memory.bytesMax to at least 1224MiB',
    ])
    assert.deepEqual(problemsOf({ 'storage-buffer-bytes-max': '312MiB' }), [])
    assert.deepEqual(problemsOf({ 'storage-buffer-bytes-max': '1GiB', 'memory-bytes-max': '1224MiB' }), [])
  })

  it('are refused where there are too many stores, and where the budget is too small for anything', () => {
    const stores = Array.from({ length: 20 }, (_, n) => `s${n}`).join(',')
    assert.deepEqual(problemsOf({ stores, 'memory-bytes-max': '300MiB' }), [
      '--memory-bytes-max: is too small for 21 stores (300MiB); write at least 450MiB, or name fewer stores',
    ])
    assert.equal(problemsOf({ 'memory-bytes-max': '100MiB' }).length, 1)
  })
})
