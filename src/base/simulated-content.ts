/**
 * The bytes of a simulated file: they grow, shrink and are read back. Copies made by `share` use the same memory
 * until one of them changes, so that a disk can be forked thousands of times for little.
 *
 * Invariant: memory beyond `length` holds zeros, so that growing shows zeros, as a file system does.
 */
export class SimulatedContent {
  #memory = new Uint8Array(0)
  #length = 0
  #shared = false

  get length(): number {
    return this.#length
  }

  share(): SimulatedContent {
    const copy = new SimulatedContent()
    copy.#memory = this.#memory
    copy.#length = this.#length
    copy.#shared = true
    this.#shared = true
    return copy
  }

  /** All bytes. Not a copy: the reader must not change or keep them. */
  bytes(): Uint8Array {
    return this.#memory.subarray(0, this.#length)
  }

  read(target: Uint8Array, position: number): number {
    if (position >= this.#length) return 0
    const found = this.#memory.subarray(position, Math.min(this.#length, position + target.length))
    target.set(found)
    return found.length
  }

  write(bytes: Uint8Array, position: number): void {
    this.#own(Math.max(this.#length, position + bytes.length))
    this.#memory.set(bytes, position)
  }

  zero(from: number, to: number): void {
    this.#own(Math.max(this.#length, to))
    this.#memory.fill(0, from, to)
  }

  /** Cuts, or extends with zeros. */
  resize(length: number): void {
    if (length === this.#length) return
    const before = this.#length
    this.#own(Math.max(length, before))
    if (length < before) this.#memory.fill(0, length, before)
    this.#length = length
  }

  /** Makes the memory ours alone and at least `length` long. */
  #own(length: number): void {
    if (this.#shared || length > this.#memory.length) {
      const grown =
        length > this.#memory.length ? Math.max(length, 2 * this.#memory.length, 512) : this.#memory.length
      const memory = new Uint8Array(grown)
      memory.set(this.bytes())
      this.#memory = memory
      this.#shared = false
    }
    if (length > this.#length) this.#length = length
  }
}
