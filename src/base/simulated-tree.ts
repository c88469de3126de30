/**
 * The names of the simulated disk: directories, what a process sees in them, and what the platter holds.
 *
 * Every create, rename and unlink is a pending change until its directory is synced (for a rename, either of its
 * directories). At a power cut each pending change happened or did not, whatever happened to the others; a rename
 * happens whole or not at all. A change that a failed sync covered stays pending for good, because no later sync of
 * the directory proves anything about it.
 *
 * Paths are absolute and have no `.` or `..`.
 */
import { assert } from './assert.ts'
import { systemError } from './errors.ts'
import type { SeededRandom } from './random.ts'
import { SimulatedFile } from './simulated-file.ts'

export class SimulatedDirectory {
  readonly kind = 'directory'
  live: Names = new Map()
  durable: Names = new Map()
}

export type SimulatedNode = SimulatedFile | SimulatedDirectory

type Names = Map<string, SimulatedNode>

/** One name, and where it leads after the change: null is nowhere. */
interface NameEffect {
  readonly directory: SimulatedDirectory
  readonly name: string
  readonly node: SimulatedNode | null
}

interface NameChange {
  readonly number: number
  readonly effects: readonly NameEffect[]
  readonly isDoubtful: boolean
}

/** The last name of a path and the directory that it is in. */
interface Place {
  readonly directory: SimulatedDirectory
  readonly name: string
}

export class SimulatedTree {
  root = new SimulatedDirectory()
  #changes: NameChange[] = []
  /** The number of the last change: what a directory sync that starts now will cover. */
  lastChange = 0

  find(path: string): SimulatedNode | null {
    let node: SimulatedNode | undefined = this.root
    for (const name of namesOf(path)) {
      if (node.kind !== 'directory') return null
      node = node.live.get(name)
      if (node === undefined) return null
    }
    return node
  }

  file(path: string): SimulatedFile {
    const { directory, name } = this.#place(path)
    const node = directory.live.get(name)
    if (node === undefined) throw systemError('ENOENT', `no such file '${path}'`)
    if (node.kind !== 'file') throw systemError('EISDIR', `a directory '${path}'`)
    return node
  }

  directory(path: string): SimulatedDirectory {
    return this.#walk(namesOf(path), path)
  }

  createFile(path: string): SimulatedFile {
    const { directory, name } = this.#place(path)
    if (directory.live.has(name)) throw systemError('EEXIST', `already there '${path}'`)
    const file = new SimulatedFile()
    this.#change([{ directory, name, node: file }])
    return file
  }

  /** Makes the directory and its missing parents; true when it made one. */
  makeDirectories(path: string): boolean {
    let directory = this.root
    let made = false
    for (const name of namesOf(path)) {
      let node = directory.live.get(name)
      if (node === undefined) {
        node = new SimulatedDirectory()
        this.#change([{ directory, name, node }])
        made = true
      }
      if (node.kind !== 'directory') throw systemError('EEXIST', `not a directory '${path}'`)
      directory = node
    }
    return made
  }

  /** Returns the file that lost its name to the renamed one, or null. */
  rename(from: string, to: string): SimulatedFile | null {
    const source = this.#place(from)
    const target = this.#place(to)
    const node = source.directory.live.get(source.name)
    if (node === undefined) throw systemError('ENOENT', `no such file '${from}'`)
    const replaced = target.directory.live.get(target.name)
    if (replaced === node) return null
    if (replaced !== undefined) checkReplaceable(node, replaced, to)
    this.#change([
      { ...source, node: null },
      { ...target, node },
    ])
    return replaced?.kind === 'file' ? replaced : null
  }

  unlink(path: string): SimulatedFile {
    const file = this.file(path)
    this.#change([{ ...this.#place(path), node: null }])
    return file
  }

  /** Makes the changes up to `lastChange` that touch the directory durable. */
  sync(directory: SimulatedDirectory, lastChange: number): void {
    const kept: NameChange[] = []
    for (const change of this.#changes) {
      if (change.isDoubtful || !isCovered(change, directory, lastChange)) kept.push(change)
      else makeDurable(change, kept)
    }
    this.#changes = kept.filter((change) => change.effects.length > 0)
  }

  failSync(directory: SimulatedDirectory, lastChange: number): void {
    this.#changes = this.#changes.map((change) =>
      isCovered(change, directory, lastChange) ? { ...change, isDoubtful: true } : change,
    )
  }

  /** The same tree on another disk, with its pending changes. */
  clone(): SimulatedTree {
    const copier = new NodeCopier((file) => file.clone())
    const copy = new SimulatedTree()
    copy.root = copier.directory(this.root)
    copy.#changes = this.#changes.map((change) => ({
      ...change,
      effects: change.effects.map((effect) => copier.effect(effect)),
    }))
    copy.lastChange = this.lastChange
    return copy
  }

  /** What the tree is after the power came back. */
  afterPowerCut(random: SeededRandom): SimulatedTree {
    const survivors = new Map<SimulatedDirectory, Names>()
    for (const change of survivingChanges(this.#changes, random)) {
      for (const { directory, name, node } of change.effects) {
        let names = survivors.get(directory)
        if (names === undefined) survivors.set(directory, (names = new Map(directory.durable)))
        enter(names, name, node)
      }
    }
    const namesOf = (directory: SimulatedDirectory) => survivors.get(directory) ?? directory.durable
    const tree = new SimulatedTree()
    tree.root = new NodeCopier((file) => file.afterPowerCut(random), namesOf).directory(this.root)
    return tree
  }

  /** Every file that has a name, with its path, in order of the paths' parts. */
  *files(directory = this.root, path = ''): Generator<[path: string, file: SimulatedFile]> {
    for (const name of [...directory.live.keys()].sort()) {
      const node = directory.live.get(name)!
      if (node.kind === 'file') yield [`${path}/${name}`, node]
      else yield* this.files(node, `${path}/${name}`)
    }
  }

  #place(path: string): Place {
    const names = namesOf(path)
    const name = names.pop()
    if (name === undefined) throw systemError('EISDIR', `a directory '${path}'`)
    return { directory: this.#walk(names, path), name }
  }

  #walk(names: readonly string[], path: string): SimulatedDirectory {
    let directory = this.root
    for (const name of names) {
      const node = directory.live.get(name)
      if (node === undefined) throw systemError('ENOENT', `no such file or directory '${path}'`)
      if (node.kind !== 'directory') throw systemError('ENOTDIR', `not a directory '${path}'`)
      directory = node
    }
    return directory
  }

  #change(effects: readonly NameEffect[]): void {
    for (const { directory, name, node } of effects) enter(directory.live, name, node)
    this.#changes.push({ number: ++this.lastChange, effects, isDoubtful: false })
  }
}

function namesOf(path: string): string[] {
  assert(path.startsWith('/'), `a path on the simulated disk is absolute, not '${path}'`)
  const names = path.split('/').filter((name) => name !== '')
  assert(!names.includes('.') && !names.includes('..'), `'.' or '..' in '${path}'`)
  return names
}

function checkReplaceable(node: SimulatedNode, replaced: SimulatedNode, path: string): void {
  if (replaced.kind === 'file') {
    if (node.kind === 'directory') throw systemError('ENOTDIR', `not a directory '${path}'`)
    return
  }
  if (node.kind === 'file') throw systemError('EISDIR', `a directory '${path}'`)
  if (replaced.live.size > 0) throw systemError('ENOTEMPTY', `directory not empty '${path}'`)
}

function enter(names: Names, name: string, node: SimulatedNode | null): void {
  if (node === null) names.delete(name)
  else names.set(name, node)
}

function isCovered(change: NameChange, directory: SimulatedDirectory, lastChange: number): boolean {
  return change.number <= lastChange && change.effects.some((effect) => effect.directory === directory)
}

/** Enters the change into the platter; what earlier pending changes did to its names is over. */
function makeDurable(change: NameChange, earlier: NameChange[]): void {
  for (const { directory, name, node } of change.effects) {
    enter(directory.durable, name, node)
    earlier.forEach((pending, index) => {
      const effects = pending.effects.filter(
        (effect) => effect.directory !== directory || effect.name !== name,
      )
      if (effects.length < pending.effects.length) earlier[index] = { ...pending, effects }
    })
  }
}

/** Some of the changes, in their order: none, all, the first ones, or any. */
function survivingChanges(changes: readonly NameChange[], random: SeededRandom): readonly NameChange[] {
  switch (random.below(5)) {
    case 0:
      return []
    case 1:
      return changes
    case 2:
      return changes.slice(0, random.below(changes.length + 1))
    default:
      return changes.filter(() => random.chance(0.5))
  }
}

/** Copies nodes so that what was one node stays one. With `survivors`, those are all the names that the copy has. */
class NodeCopier {
  readonly #copies = new Map<SimulatedNode, SimulatedNode>()
  readonly #copyFile: (file: SimulatedFile) => SimulatedFile
  readonly #survivors: ((directory: SimulatedDirectory) => Names) | undefined

  constructor(
    copyFile: (file: SimulatedFile) => SimulatedFile,
    survivors?: (directory: SimulatedDirectory) => Names,
  ) {
    this.#copyFile = copyFile
    this.#survivors = survivors
  }

  directory(directory: SimulatedDirectory): SimulatedDirectory {
    const known = this.#copies.get(directory)
    if (known?.kind === 'directory') return known
    const copy = new SimulatedDirectory()
    this.#copies.set(directory, copy)
    const survivors = this.#survivors?.(directory)
    copy.live = this.#names(survivors ?? directory.live)
    copy.durable = survivors === undefined ? this.#names(directory.durable) : new Map(copy.live)
    return copy
  }

  effect(effect: NameEffect): NameEffect {
    const node = effect.node === null ? null : this.#node(effect.node)
    return { directory: this.directory(effect.directory), name: effect.name, node }
  }

  #names(names: Names): Names {
    const copy: Names = new Map()
    for (const [name, node] of names) copy.set(name, this.#node(node))
    return copy
  }

  #node(node: SimulatedNode): SimulatedNode {
    if (node.kind === 'directory') return this.directory(node)
    const known = this.#copies.get(node)
    if (known !== undefined) return known
    const copy = this.#copyFile(node)
    this.#copies.set(node, copy)
    return copy
  }
}
