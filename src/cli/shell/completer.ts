/**
 * What Tab offers: what the query language has at that place, commands of the shell behind a dot at the start, names of
 * fields, and values of the field before the colon. Names and values are asked of the server, which has a moment to
 * answer; what it said is remembered.
 *
 * Names and values that come from records are hostile: only those that are plain words are offered.
 */
import { type Completion, completeQuery, VOCABULARY } from '../../query/query.ts'

/** What node:readline takes: the whole words that fit, and what they replace. */
export type Completions = [words: string[], begun: string]

/** Asks the server: the first field of the rows of a query; nothing where it does not answer in time. */
export type LookUp = (query: string) => Promise<readonly string[]>

const FIELDS_MAX = 500
const VALUES_MAX = 50
const REMEMBERED_MAX = 200
const PLAIN_NAME = /^[A-Za-z_][\w.]{0,62}$/
const PLAIN_VALUE = /^[\w.][\w.:/@-]{0,62}$/
/** Where fields and values are looked for: in what is new, and only where there is nothing in everything. */
const RANGES = ['_time:1h', '*']

export class Completer {
  readonly #dotCommands: readonly string[]
  readonly #lookUp: LookUp
  readonly #fields = new Set(VOCABULARY.fields)
  readonly #answers = new Map<string, readonly string[]>()

  /** `dotCommands`: with the dot. */
  constructor(dotCommands: readonly string[], lookUp: LookUp = async () => []) {
    this.#dotCommands = dotCommands
    this.#lookUp = lookUp
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

  async complete(line: string): Promise<Completions> {
    const found = completeQuery(line, line.length)
    const begun = line.slice(found.start)
    const own = this.#dotWords(line)
    if (own !== null) return own
    const words = [
      ...found.candidates.map(({ text }) => text),
      ...(await this.#fieldWords(found)),
      ...(await this.#values(found, begun)),
    ]
    const fitting = words.filter((word) => word.startsWith(begun))
    return [[...new Set(fitting)].toSorted(), begun]
  }

  /** Null: the line is a query. */
  #dotWords(line: string): Completions | null {
    const begun = /^\s*(\.\S*)$/.exec(line)?.[1]
    return begun === undefined ? null : [this.#dotCommands.filter((word) => word.startsWith(begun)), begun]
  }

  async #fieldWords({ wantsFields }: Completion): Promise<string[]> {
    if (wantsFields === 'none') return []
    this.learn(await this.#ask((range) => `${range} | field_names | fields name`))
    return Array.from(this.#fields, (name) => (wantsFields === 'filter' ? `${name}:` : name))
  }

  async #values({ wantsValuesOf }: Completion, begun: string): Promise<string[]> {
    if (wantsValuesOf === null || !PLAIN_NAME.test(wantsValuesOf)) return []
    const like = begun === '' ? '' : ` ${wantsValuesOf}:="${begun.replace(/["\\]/g, '')}"*`
    const pipes = `field_values ${wantsValuesOf} limit ${VALUES_MAX} | fields ${wantsValuesOf}`
    return (await this.#ask((range) => `${range}${like} | ${pipes}`))
      .filter((value) => PLAIN_VALUE.test(value))
      .map((value) => `${value} `)
  }

  async #ask(queryOf: (range: string) => string): Promise<readonly string[]> {
    for (const query of RANGES.map(queryOf)) {
      const answer = this.#answers.get(query) ?? (await this.#lookUp(query))
      if (this.#answers.size >= REMEMBERED_MAX) this.#answers.clear()
      if (answer.length === 0) continue
      this.#answers.set(query, answer)
      return answer
    }
    return []
  }
}
