/** What a command line said, by the names of options. How it is read and checked is in arguments.ts. */

/** The arguments of one command. Names are those of its option rows; asking for another is a bug. */
export class ParsedArgs {
  readonly positionals: readonly string[]
  #values: ReadonlyMap<string, readonly string[]>

  constructor(values: ReadonlyMap<string, readonly string[]>, positionals: readonly string[]) {
    this.#values = values
    this.positionals = positionals
  }

  flag(name: string): boolean {
    return this.#values.has(name)
  }

  /** The last value given, or the default; undefined when there is neither. */
  text(name: string): string | undefined {
    return this.#values.get(name)?.at(-1)
  }

  /** As `text`, for options that always have a value because they have a default. */
  textOr(name: string, fallback: string): string {
    return this.text(name) ?? fallback
  }

  integer(name: string): number | undefined {
    const text = this.text(name)
    return text === undefined ? undefined : Number(text)
  }

  /** Every value, in the order given. */
  list(name: string): readonly string[] {
    return this.#values.get(name) ?? []
  }
}
