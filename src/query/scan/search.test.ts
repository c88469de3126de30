/** Blocks that turn out to be damaged while they are used, and the newest rows of large blocks. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CodedError, isCodedError, SeededRandom } from '../../base/base.ts'
import type { Block } from '../../record/record.ts'
import type { LostRange, ScannedBlock, ScanRequest } from '../../storage/storage.ts'
import { parseQuery } from '../syntax/parser.ts'
import { blockOf, FakeSnapshot, JudgingBlock, TEST_NOW_MS, type TestRecord } from '../test-blocks.ts'
import { newestRows } from './newest-rows.ts'
import { packedCount, unpackRows } from './packed-rows.ts'
import { FilterPlan } from './plan.ts'
import { type BlockSource, countIn, keysIn, rowsIn } from './search.ts'

const filterOf = (text: string) => parseQuery(text, { nowMs: TEST_NOW_MS }).filter
const noPause = async () => {}
const KEYS_MAX = 1 << 20

// ---- damage -------------------------------------------------------------------------------------------------

const unreadable = (): never => {
  throw new CodedError('PART_CORRUPT', 'the column is damaged')
}

/** The block, where asking for one thing fails, from the given time on that it is asked. */
function damagedAt(block: Block, accessor: string, from = 1): Block {
  let asked = 0
  return new Proxy(block, {
    get: (target, name) => {
      if (name === accessor && ++asked >= from) return unreadable()
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** Three blocks, of which the one in the middle is damaged, and says so as stored blocks do. */
class DamagedSource implements BlockSource {
  readonly damage: LostRange[] = []
  readonly #whole: FakeSnapshot
  readonly #damaged: Block
  readonly #middle: Block

  constructor(accessor: string, from?: number) {
    const blocks = [1, 11, 21].map((id) => blockOf([{ message: 'a', timeMs: id, fields: { f: 'x' } }], id))
    const judging = new JudgingBlock(blocks[1], accessor === 'countPassing')
    this.#middle = blocks[1]
    this.#damaged = damagedAt(judging, accessor, from)
    this.#whole = new FakeSnapshot(blocks)
  }

  async *scan(request?: ScanRequest): AsyncGenerator<ScannedBlock> {
    for await (const { block, restTimeMsMax } of this.#whole.scan({ ...request, skip: undefined })) {
      if (block !== this.#middle) yield { block, restTimeMsMax }
      else yield { block: this.#damaged, restTimeMsMax, damaged: (error) => this.#note(error) }
    }
  }

  #note(error: unknown): void {
    if (!isCodedError(error, 'PART_CORRUPT')) throw error
    this.damage.push({ fromId: 11, toId: 11, reason: error.message })
  }
}

describe('a block that is damaged', () => {
  for (const accessor of ['narrow', 'countPassing']) {
    it(`is left out of a count where ${accessor} fails`, async () => {
      const source = new DamagedSource(accessor)
      assert.equal(await countIn(source, filterOf('a'), Infinity), 2)
      assert.equal(source.damage.length, 1)
    })
  }

  for (const accessor of ['narrow', 'timesMs', 'timesNs', 'ids']) {
    it(`is left out of the newest rows where ${accessor} fails`, async () => {
      const source = new DamagedSource(accessor)
      const { ids } = await keysIn(source, filterOf('a'), Infinity, KEYS_MAX)
      assert.deepEqual([...ids], [1, 21])
      assert.equal(source.damage.length, 1)
    })
  }

  for (const accessor of ['ids', 'fieldsOf', 'timesMs', 'receivedNs', 'severities', 'messageOf']) {
    it(`is left out of rows where ${accessor} fails`, async () => {
      const source = new DamagedSource(accessor)
      const { rows, isDamaged } = await rowsIn(source, Float64Array.of(1, 11, 21), KEYS_MAX)
      assert.deepEqual(
        unpackRows(rows).map((row) => row.id),
        [1, 21],
      )
      assert.equal(source.damage.length, 1)
      assert.equal(isDamaged, true)
    })
  }

  it('gives no row when only the second one of it is damaged', async () => {
    const block = blockOf(Array.from({ length: 17 }, () => ({ message: 'a' })))
    let noted = 0
    const source: BlockSource = {
      damage: [],
      async *scan() {
        const damaged = (): void => void noted++
        yield { block: damagedAt(block, 'fieldsOf', 2), restTimeMsMax: -Infinity, damaged }
      },
    }
    const { rows } = await rowsIn(source, Float64Array.of(1, 2), KEYS_MAX)
    assert.equal(packedCount(rows), 0)
    assert.equal(noted, 1)
  })

  it('fails the query where it cannot be noted', async () => {
    const source: BlockSource = {
      damage: [],
      async *scan() {
        yield { block: damagedAt(blockOf([{}]), 'timesMs'), restTimeMsMax: -Infinity }
      },
    }
    const isCorrupt = (error: unknown) => isCodedError(error, 'PART_CORRUPT')
    await assert.rejects(keysIn(source, filterOf('*'), 9, KEYS_MAX), isCorrupt)
  })

  it('does not hide that a query is too large or cancelled', async () => {
    const source = new DamagedSource('narrow')
    const signal = AbortSignal.abort()
    const isCancelled = (error: unknown) => isCodedError(error, 'QUERY_CANCELLED')
    await assert.rejects(countIn(source, filterOf('a'), Infinity, signal), isCancelled)
  })
})

// ---- newest rows ----------------------------------------------------------------------------------------------

/** Counts the rows that it is asked about. */
class AskedBlock extends JudgingBlock {
  rowsAsked = 0

  override narrow(...[field, test, rows]: Parameters<JudgingBlock['narrow']>): void {
    this.rowsAsked += rows.count()
    super.narrow(field, test, rows)
  }
}

describe('the newest rows of a block', () => {
  it('are found without looking at all of it', async () => {
    const records = Array.from({ length: 5000 }, (_, at) => ({
      message: at % 2 === 0 ? 'a' : 'b',
      timeMs: 7,
      timeNs: at,
    }))
    const block = new AskedBlock(blockOf(records), false)
    const { ids } = await keysIn(new FakeSnapshot([block]), filterOf('a'), 100, KEYS_MAX)
    assert.deepEqual([ids[0], ids[99], ids.length], [4801, 4999, 100])
    assert.equal(block.rowsAsked, 256)
  })

  it('end where all that is left is older than what other blocks gave', async () => {
    const plan = new FilterPlan(filterOf('none'), { nowMs: () => 0 })
    const records = Array.from({ length: 5000 }, (_, timeMs) => ({ message: 'a', timeMs }))
    const block = new AskedBlock(blockOf(records), false)
    assert.ok((await newestRows(plan, block, { limit: 5, worstTimeMs: 4500 }, noPause)).isEmpty())
    assert.equal(block.rowsAsked, 256 + 1024)
  })

  it('are those of the whole block, however its times lie', async () => {
    for (let seed = 1; seed <= 60; seed++) await checkNewest(seed)
  })
})

function randomRecords(random: SeededRandom): TestRecord[] {
  let timeMs = 1000
  const disorder = [0, 0, 50, 3000][random.below(4)]
  const isOneMoment = random.chance(0.2)
  const share = [0.9, 0.2, 0.01][random.below(3)]
  return Array.from({ length: 300 + random.below(2500) }, () => {
    timeMs += isOneMoment ? 0 : random.below(3)
    return {
      message: random.chance(share) ? 'a' : 'b',
      timeMs: timeMs - (disorder > 0 ? random.below(disorder) : 0),
      timeNs: isOneMoment ? random.below(1000) : random.chance(0.001) ? 5 : 0,
    }
  })
}

async function checkNewest(seed: number): Promise<void> {
  const random = new SeededRandom(seed)
  const blocks = Array.from({ length: 1 + random.below(3) }, (_, at) => {
    const block = blockOf(randomRecords(random), 1 + at * 10_000)
    return random.chance(0.5) ? new JudgingBlock(block, false) : block
  })
  const source = new FakeSnapshot(blocks)
  const plan = new FilterPlan(filterOf('a'))
  const all: [number, number, number][] = []
  for (const block of blocks) {
    plan.match(block).forEach((row) => {
      all.push([block.timesMs[row], block.timesNs[row], block.ids[row]])
    })
  }
  all.sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2])
  for (const limit of [1, 7, 100, 700]) {
    const { ids } = await keysIn(source, filterOf('a'), limit, KEYS_MAX)
    assert.deepEqual(
      [...ids],
      all.slice(-limit).map(([, , id]) => id),
      `seed ${seed}, limit ${limit}`,
    )
  }
}
