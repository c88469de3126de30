/**
 * One file of the simulated disk: what a process reads (`live`), what the platter holds (`durable`), and the changes
 * between the two that no datasync has covered yet.
 *
 * At a power cut an arbitrary part of those changes survives, by these rules:
 *  - the unit is a sector of 512 bytes, and a sector is whole: it shows the first k of the pending writes to it, for
 *    some k of its own. So writes may be lost, torn and reordered against each other.
 *  - sizes and truncates are journaled: the first k of them survive, independently of the data. So a file may be
 *    longer than its data (zeros), or shorter.
 *  - now and then a sector shows zeros where a pending write was.
 *  - bytes that were durable and that no pending change touches never change.
 *
 * After a failed datasync the changes that it covered are readable and never become durable, whatever a later
 * datasync says. That is what Linux does.
 */
import type { SeededRandom } from './random.ts'
import { SimulatedContent } from './simulated-content.ts'

const SECTOR_BYTES = 512

/** How much of the un-synced changes a datasync that failed had brought to the platter all the same. */
export type SyncReach = 'nothing' | 'some' | 'everything'

type Change =
  | { readonly kind: 'write'; readonly position: number; readonly bytes: Uint8Array }
  | { readonly kind: 'resize'; readonly length: number }

export class SimulatedFile {
  readonly kind = 'file'
  live = new SimulatedContent()
  /** Open handles, and whether a name leads here: together they say whether the file still takes space. */
  handles = 0
  named = true
  #durable = new SimulatedContent()
  #changes: Change[] = []
  /** Changes that left the list: `#gone + #changes.length` numbers the last change ever made. */
  #gone = 0
  /** The size that a failed datasync may or may not have brought to the platter. */
  #doubtfulLength = 0

  write(bytes: Uint8Array, position: number): void {
    this.#changes.push({ kind: 'write', position, bytes: bytes.slice() })
    this.live.write(bytes, position)
  }

  resize(length: number): void {
    this.#changes.push({ kind: 'resize', length })
    this.live.resize(length)
    this.#doubtfulLength = Math.min(this.#doubtfulLength, length)
  }

  /** The number of the last change: what a datasync that starts now will cover. */
  get lastChange(): number {
    return this.#gone + this.#changes.length
  }

  sync(lastChange: number): void {
    for (const change of this.#take(lastChange)) apply(this.#durable, change)
  }

  failSync(lastChange: number, reach: SyncReach, random: SeededRandom): void {
    const changes = this.#take(lastChange)
    if (changes.length === 0) return
    if (reach === 'some') applySurvivors(this.#durable, changes, random)
    if (reach === 'everything') for (const change of changes) apply(this.#durable, change)
    this.#doubtfulLength = Math.max(this.#doubtfulLength, this.live.length)
  }

  /** The same file on another disk, with its pending changes. */
  clone(): SimulatedFile {
    const copy = new SimulatedFile()
    copy.live = this.live.share()
    copy.#durable = this.#durable.share()
    copy.#changes = this.#changes.slice()
    copy.#doubtfulLength = this.#doubtfulLength
    return copy
  }

  /** What the file is after the power came back. */
  afterPowerCut(random: SeededRandom): SimulatedFile {
    const content = this.#durable.share()
    if (this.#changes.length > 0) applySurvivors(content, this.#changes, random)
    if (this.#doubtfulLength > content.length && random.chance(0.5)) content.resize(this.#doubtfulLength)
    const copy = new SimulatedFile()
    copy.live = content
    copy.#durable = content.share()
    return copy
  }

  /** Changes bytes behind everybody's back, on the platter too. */
  damage(bytes: Uint8Array, position: number): void {
    this.live.write(bytes, position)
    this.#durable.write(bytes, position)
  }

  #take(lastChange: number): Change[] {
    const taken = this.#changes.splice(0, Math.max(0, lastChange - this.#gone))
    this.#gone += taken.length
    return taken
  }
}

function apply(content: SimulatedContent, change: Change): void {
  if (change.kind === 'resize') content.resize(change.length)
  else content.write(change.bytes, change.position)
}

/** What of a list of changes survives a power cut. */
interface Survival {
  /** This many changes, from the first, survive in the size of the file. */
  readonly sizes: number
  /** Whether the sector shows neither this change nor any later one. */
  stops(index: number, sector: number): boolean
}

type SurvivalStyle = (changes: readonly Change[], random: SeededRandom) => Survival

/** Purely random sectors would almost never make the shapes that real disks make: so some are drawn on purpose. */
const SURVIVAL_STYLES: readonly SurvivalStyle[] = [
  loseEverything,
  keepEverything,
  keepPrefix,
  keepPrefix,
  keepAllButOne,
  keepScattered,
  keepScattered,
  keepScattered,
]

function loseEverything(): Survival {
  return { sizes: 0, stops: () => true }
}

function keepEverything(changes: readonly Change[]): Survival {
  return { sizes: changes.length, stops: () => false }
}

/** The first changes survive whole, the next one is torn, the rest is lost. */
function keepPrefix(changes: readonly Change[], random: SeededRandom): Survival {
  const torn = random.below(changes.length)
  const end = tornSector(changes[torn], random)
  const sizes = torn + random.below(2)
  return { sizes, stops: (index, sector) => index > torn || (index === torn && sector >= end) }
}

/** Everything survives but some sectors of one write. */
function keepAllButOne(changes: readonly Change[], random: SeededRandom): Survival {
  const holed = random.below(changes.length)
  const from = random.chance(0.5) ? 0 : tornSector(changes[holed], random)
  const stops = (index: number, sector: number) => index === holed && sector >= from
  return { sizes: changes.length, stops }
}

/** Each sector decides for itself. */
function keepScattered(changes: readonly Change[], random: SeededRandom): Survival {
  const lossChance = [0, 0.1, 0.5, 0.9, 1][random.below(5)]
  const sizes = random.chance(0.5) ? changes.length : random.below(changes.length + 1)
  return { sizes, stops: () => random.chance(lossChance) }
}

function tornSector(change: Change, random: SeededRandom): number {
  if (change.kind === 'resize') return 0
  const first = Math.floor(change.position / SECTOR_BYTES)
  const last = Math.floor((change.position + change.bytes.length - 1) / SECTOR_BYTES)
  return first + random.below(last - first + 1)
}

const ZEROS_CHANCE = 0.02

function applySurvivors(content: SimulatedContent, changes: readonly Change[], random: SeededRandom): void {
  const style = SURVIVAL_STYLES[random.below(SURVIVAL_STYLES.length)]
  const survival = style(changes, random)
  const stopped = new Set<number>()
  let length = content.length
  changes.forEach((change, index) => {
    const isSized = index < survival.sizes
    if (change.kind === 'resize') {
      if (isSized) content.resize((length = change.length))
      return
    }
    applySectors(content, change, (sector) => survival.stops(index, sector), stopped, random)
    if (isSized) length = Math.max(length, change.position + change.bytes.length)
  })
  content.resize(length)
}

/** Writes the sectors of one change that survive. A sector that is in `stopped` shows no more changes. */
function applySectors(
  content: SimulatedContent,
  { position, bytes }: Change & { readonly kind: 'write' },
  stops: (sector: number) => boolean,
  stopped: Set<number>,
  random: SeededRandom,
): void {
  const hasZeros = random.chance(ZEROS_CHANCE)
  forEachSector(position, bytes.length, (sector, from, to) => {
    if (stopped.has(sector)) return
    if (stops(sector)) {
      stopped.add(sector)
    } else if (hasZeros && random.chance(0.5)) {
      stopped.add(sector)
      content.zero(from, to)
    } else {
      content.write(bytes.subarray(from - position, to - position), from)
    }
  })
}

function forEachSector(
  position: number,
  length: number,
  visit: (sector: number, from: number, to: number) => void,
): void {
  const end = position + length
  for (let from = position; from < end; ) {
    const sector = Math.floor(from / SECTOR_BYTES)
    const to = Math.min(end, (sector + 1) * SECTOR_BYTES)
    visit(sector, from, to)
    from = to
  }
}
