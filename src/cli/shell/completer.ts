/**
 * What Tab offers: pipes behind a bar, commands of the shell behind a dot at the start, else fields, functions and
 * keywords. Fields are those that every record has, and those that were seen in answers or typed.
 *
 * Names that come from records are hostile: only those that are plain words are offered.
 */
import { VOCABULARY } from '../../query/query.ts'

/** What node:readline takes: the whole words that fit, and what they replace. */
export type Completions = [words: string[], begun: string]

const FIELDS_MAX = 500
const PLAIN_NAME = /^[A-Za-z_][\w.]{0,62}$/
const BEGUN_WORD = /[\w.]*$/

export class Completer {
  readonly #dotCommands: readonly string[]
  readonly #fields = new Set(VOCABULARY.fields)

  /** `dotCommands`: with the dot. */
  constructor(dotCommands: readonly string[]) {
    this.#dotCommands = dotCommands
  }

  /** Fields of an answer. */
  learn(names: Iterable<string>): void {
    for (const name of names) {
      if (this.#fields.size >= FIELDS_MAX) return
      if (PLAIN_NAME.test(name)) this.#fields.add(name)
    }
  }

  /** Fields that a query names: words before a colon, outside quotes. */
  learnFrom(query: string): void {
    const bare = query.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`/g, '""')
    this.learn(Array.from(bare.matchAll(/([A-Za-z_][\w.]*):/g), ([, name]) => name))
  }

  complete(line: string): Completions {
    const begun = BEGUN_WORD.exec(line)?.[0] ?? ''
    const words = this.#wordsAfter(line.slice(0, line.length - begun.length))
    return [words.filter((word) => word.startsWith(begun)), begun]
  }

  #wordsAfter(before: string): string[] {
    if (before.trim() === '') return [...this.#dotCommands, ...this.#filterWords()]
    if (/\|\s*$/.test(before)) return VOCABULARY.pipes.map((name) => `${name} `)
    if (/:\s*$/.test(before)) return VOCABULARY.functions.map((name) => `${name}(`)
    if (/\|\s*\w+\s[^|]*$/.test(before)) return [...this.#fields].toSorted()
    return this.#filterWords()
  }

  #filterWords(): string[] {
    const fields = Array.from(this.#fields, (name) => `${name}:`)
    const functions = VOCABULARY.functions.map((name) => `${name}(`)
    return [...fields, ...functions, ...VOCABULARY.keywords.map((word) => `${word} `)].toSorted()
  }
}
