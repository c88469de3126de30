/** Turns of a session, first in, first out; taking is cheap however many there are. */
export class TurnQueue<Turn> {
  #turns: Turn[] = []
  #head = 0

  get length(): number {
    return this.#turns.length - this.#head
  }

  get first(): Turn | undefined {
    return this.#turns[this.#head]
  }

  push(turn: Turn): void {
    this.#turns.push(turn)
  }

  shift(): void {
    this.#head++
    if (this.#head * 2 < this.#turns.length) return
    this.#turns = this.#turns.slice(this.#head)
    this.#head = 0
  }

  /** The first turn for which the test holds. */
  find(isWanted: (turn: Turn) => boolean): Turn | undefined {
    for (let index = this.#head; index < this.#turns.length; index++) {
      if (isWanted(this.#turns[index])) return this.#turns[index]
    }
    return undefined
  }
}
