/**
 * What a shell does with a line, without the line editor: a line is a query or a command that begins with a dot. What
 * goes wrong is said, and the session goes on; `exitCode` keeps that of the first failure.
 */
import { isCodedError } from '../../base/base.ts'
import { exitCodeOfAnswer, type PrintedAnswer, printAnswer } from '../answer-output.ts'
import type { CommandContext } from '../command.ts'
import { errorText } from '../error-text.ts'
import { EXIT_DONE, exitCodeOf } from '../exit-codes.ts'
import { objectOfRow } from '../json-shape.ts'
import { count } from '../plural.ts'
import { composeQuery } from '../query-text.ts'
import { painterOf, rowFormatOf } from '../row-output.ts'
import { type RowFormat, RowPrinter } from '../row-printer.ts'
import { tellTail } from '../tail-command.ts'
import type { AnswerItem } from '../text-query.ts'
import type { Completer } from './completer.ts'
import { findDotCommand, type ShellControl } from './dot-commands.ts'
import { watchQuery } from './query-watch.ts'

/** Rows of an answer whose fields are learned: the names repeat. */
const ROWS_LEARNED_MAX = 20

export class ShellSession implements ShellControl {
  limit: number
  /** Of the first line that failed or had a partial answer. */
  exitCode = EXIT_DONE
  isOver = false
  readonly #context: CommandContext
  readonly #completer: Completer
  #format: RowFormat

  constructor(context: CommandContext, completer: Completer, limit: number) {
    this.#context = context
    this.#completer = completer
    this.#format = rowFormatOf(context)
    this.limit = limit
  }

  /** Does what the line says, until `stop` aborts. */
  async take(line: string, stop: AbortSignal): Promise<void> {
    const text = line.trim()
    if (text === '') return
    try {
      if (!text.startsWith('.')) return await this.#query(text, stop)
      const { command, argument } = findDotCommand(text)
      await command.run(this, argument, stop)
    } catch (error) {
      if (!isCodedError(error)) throw error
      this.#keep(exitCodeOf(error))
      this.#context.messages.error(errorText(error))
    }
  }

  async tail(text: string, stop: AbortSignal): Promise<void> {
    const { messages } = this.#context
    await this.#ask('TAIL', this.#compose(text), stop, (items) => tellTail(messages, items))
  }

  toggleJson(): void {
    this.#format = this.#format === 'json' ? 'table' : 'json'
    this.#context.messages.note(this.#format === 'json' ? 'Rows are JSON now.' : 'Rows are a table now.')
  }

  print(text: string): Promise<void> {
    return this.#context.out.write(text)
  }

  end(): void {
    this.isOver = true
  }

  async #query(text: string, stop: AbortSignal): Promise<void> {
    const { io, messages } = this.#context
    const startMs = io.clock.monotonicMs()
    const composed = this.#compose(text, this.limit)
    const watched = io.stderr.isTTY === true ? watchQuery(this.#context) : () => {}
    const answer = await this.#ask('LOGSQL', composed, stop, watched).finally(watched)
    const rows = answer.rowCount
    this.#keep(exitCodeOfAnswer(this.#context, answer))
    this.#completer.learnFrom(text)
    if (stop.aborted) return messages.note(`stopped after ${count(rows, 'row')}`)
    const tookMs = Math.round(io.clock.monotonicMs() - startMs)
    const more = rows === this.limit ? '; there may be older ones: see .limit' : ''
    messages.note(`${count(rows, 'row')} in ${tookMs} ms${more}`)
  }

  #keep(exitCode: number): void {
    if (this.exitCode === EXIT_DONE) this.exitCode = exitCode
  }

  #compose(text: string, limit?: number): string {
    return composeQuery(text, {
      nowMs: this.#context.io.clock.wallMs(),
      allFields: this.#format === 'json',
      limit,
    })
  }

  #ask(
    type: string,
    text: string,
    stop: AbortSignal,
    hear: (items: readonly AnswerItem[]) => void = () => {},
  ): Promise<PrintedAnswer> {
    const { isTerminal } = this.#context.out
    const printer = new RowPrinter({ format: this.#format, isTerminal, paint: painterOf(this.#context) })
    let learned = 0
    return printAnswer({ ...this.#context, interrupted: stop }, `QUERY|${type}|${text}`, printer, (items) => {
      hear(items)
      for (const item of items) {
        if (item.kind === 'row' && learned++ < ROWS_LEARNED_MAX) this.#completer.learn(namesIn(item.bytes))
      }
    })
  }
}

/** The names of a row that is a JSON object; none of any other. */
const namesIn = (row: Uint8Array): string[] => Object.keys(objectOfRow(row) ?? {})
