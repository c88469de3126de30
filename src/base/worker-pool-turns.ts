/**
 * Whose turn it is: what waits, in one line per share, taken from the lines in turn. A share with a thousand waiting
 * things gets as many turns as one with two. Every step takes the same time, however much waits.
 *
 * Invariant: a line has a turn exactly while something waits in it and its share may run more.
 */

interface Node<T> {
  readonly value: T
  before: Node<T> | null
  after: Node<T> | null
}

/** A doubly linked list: a Set or an array taken from its front would walk over what was taken before. */
class List<T> {
  first: Node<T> | null = null
  #last: Node<T> | null = null

  add(value: T): Node<T> {
    const node: Node<T> = { value, before: this.#last, after: null }
    if (this.#last === null) this.first = node
    else this.#last.after = node
    this.#last = node
    return node
  }

  remove(node: Node<T>): void {
    if (node.before === null) this.first = node.after
    else node.before.after = node.after
    if (node.after === null) this.#last = node.before
    else node.after.before = node.before
  }
}

interface Line<T> {
  readonly share: string
  readonly things: List<T>
  running: number
  turn: Node<Line<T>> | null
}

export class Turns<T extends { readonly share: string }> {
  readonly #runningMax: number
  readonly #lines = new Map<string, Line<T>>()
  readonly #turns = new List<Line<T>>()
  readonly #places = new Map<T, Node<T>>()

  /** `runningMax`: how many things of one share may run at once. */
  constructor(runningMax: number) {
    this.#runningMax = runningMax
  }

  get waiting(): number {
    return this.#places.size
  }

  add(thing: T): void {
    const line = this.#line(thing.share)
    this.#places.set(thing, line.things.add(thing))
    this.#settle(line)
  }

  /** The next thing, which runs until it is released; null when nothing may run. */
  take(): T | null {
    const turn = this.#turns.first
    const node = turn?.value.things.first ?? null
    if (turn === null || node === null) return null
    const line = turn.value
    this.#turns.remove(turn)
    line.turn = null
    line.running++
    this.#drop(line, node)
    return node.value
  }

  /** Something of this share runs no more. */
  release(share: string): void {
    const line = this.#line(share)
    line.running--
    this.#settle(line)
  }

  /** Takes a thing out of its line. False when it does not wait. */
  remove(thing: T): boolean {
    const node = this.#places.get(thing)
    if (node === undefined) return false
    this.#drop(this.#line(thing.share), node)
    return true
  }

  /** Takes everything that waits, whoever's turn it is. */
  removeAll(): T[] {
    const things = [...this.#places.keys()]
    for (const thing of things) this.remove(thing)
    return things
  }

  #line(share: string): Line<T> {
    const known = this.#lines.get(share)
    if (known !== undefined) return known
    const line: Line<T> = { share, things: new List(), running: 0, turn: null }
    this.#lines.set(share, line)
    return line
  }

  #drop(line: Line<T>, node: Node<T>): void {
    line.things.remove(node)
    this.#places.delete(node.value)
    this.#settle(line)
  }

  #settle(line: Line<T>): void {
    const mayRun = line.things.first !== null && line.running < this.#runningMax
    if (mayRun && line.turn === null) line.turn = this.#turns.add(line)
    if (!mayRun && line.turn !== null) {
      this.#turns.remove(line.turn)
      line.turn = null
    }
    if (line.things.first === null && line.running === 0) this.#lines.delete(line.share)
  }
}
