/** A few tasks at a time: `start` waits while there are enough, and tells of the first that failed. */
export class SendWindow {
  readonly #tasksMax: number
  readonly #running = new Set<Promise<void>>()
  #failure: { readonly error: unknown } | null = null

  constructor(tasksMax: number) {
    this.#tasksMax = tasksMax
  }

  /** Resolves once the task has begun. Rejects with the error of an earlier task. */
  async start(task: () => Promise<void>): Promise<void> {
    while (this.#running.size >= this.#tasksMax) await Promise.race(this.#running)
    this.check()
    const running = this.#run(task).finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  /** Resolves when no task runs, whether they failed or not. */
  async settled(): Promise<void> {
    await Promise.all(this.#running)
  }

  /** Throws the error of the first task that failed. */
  check(): void {
    if (this.#failure !== null) throw this.#failure.error
  }

  async #run(task: () => Promise<void>): Promise<void> {
    try {
      await task()
    } catch (error) {
      this.#failure ??= { error }
    }
  }
}
