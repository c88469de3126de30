/**
 * What a command says to the person: on stderr, one sentence a line, inert on a terminal. Never waits and never
 * fails: a stderr that nobody reads must not stop the work.
 */
import type { CliStream } from './cli-io.ts'
import { type Painter, type Style, terminalSafe } from './terminal.ts'

export interface MessageOptions {
  readonly isQuiet: boolean
  readonly paint: Painter
}

export class Messages {
  #stream: CliStream
  #options: MessageOptions

  constructor(stream: CliStream, options: MessageOptions) {
    this.#stream = stream
    this.#options = options
    stream.on('error', ignore)
  }

  /** Something worth knowing; not said with --quiet. */
  note(text: string): void {
    if (!this.#options.isQuiet) this.#print(text)
  }

  /** Something that went wrong, said always. */
  problem(text: string): void {
    this.#print(text, 'yellow')
  }

  /** The reason why the command failed. */
  error(text: string): void {
    this.#print(text, 'red')
  }

  #print(text: string, style?: Style): void {
    const safe = text.split('\n').map(terminalSafe).join('\n')
    this.#stream.write(`${style === undefined ? safe : this.#options.paint(style, safe)}\n`)
  }
}

const ignore = (): void => {}
