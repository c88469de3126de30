/**
 * One run of `import`: file after file, chunk after chunk, a few requests at a time. Knows neither options nor the
 * terminal; what happened is in `totals`.
 *
 * Invariants: at most `parallel` chunks are in memory beside the one that is being cut; the state never says more
 * than the server has acknowledged.
 */
import { type Clock, CodedError, systemErrorCode } from '../base/base.ts'
import { fileProblem } from './file-problem.ts'
import type { HttpSender, LogsBody } from './http-sender.ts'
import type { LogsAnswer } from './http-sender-answer.ts'
import type { ImportFile } from './import-files.ts'
import { detectFormat, type LineFormat } from './import-format.ts'
import { HEAD_BYTES, ImportSource, isDamage } from './import-source.ts'
import type { FileTurn, ImportState } from './import-state.ts'
import { cutChunks, LINE_BYTES_MAX, type LineChunk } from './line-chunks.ts'
import type { ProgressState } from './progress.ts'
import { SendWindow } from './send-window.ts'

export interface ImportReading {
  readonly format: 'auto' | LineFormat
  /** The query string of NDJSON bodies. */
  readonly search: string
}

export interface ImportSessionOptions {
  readonly sender: HttpSender
  readonly state: ImportState
  readonly reading: ImportReading
  readonly clock: Clock
  /** Requests at a time. */
  readonly parallel: number
  /** Nothing more is begun after this; what is under way is waited for. */
  readonly stop: AbortSignal
  readonly onProgress: (state: ProgressState) => void
  /** One sentence about something that went wrong with one file. */
  readonly onProblem: (text: string) => void
}

export interface RefusedPlace {
  readonly name: string
  readonly line: number
  readonly reason: string
}

export class ImportTotals {
  /** Files whose every line was answered in this run. */
  files = 0
  /** Files that an earlier run has imported. */
  filesBefore = 0
  /** Files of a directory that hold something else than text. */
  filesBinary = 0
  /** Files that could not be read, or not to their end. */
  filesDamaged = 0
  /** Records that were stored in this run. */
  accepted = 0
  /** Records that were stored before, as the server said. */
  repeated = 0
  refused = 0
  /** The first few. */
  readonly refusedPlaces: RefusedPlace[] = []
}

const STATE_INTERVAL_MS = 1000
const REFUSED_KEPT_MAX = 10
const CONTENT_TYPES = { lines: 'text/plain', ndjson: 'application/x-ndjson' } as const

export class ImportSession {
  readonly totals = new ImportTotals()
  readonly #options: ImportSessionOptions
  readonly #window: SendWindow
  #savedMs: number
  #bytesTotal = 0
  #bytesOfFiles = 0
  #bytesBefore = 0
  #source: ImportSource | null = null

  constructor(options: ImportSessionOptions) {
    this.#options = options
    this.#window = new SendWindow(options.parallel)
    this.#savedMs = options.clock.monotonicMs()
  }

  /** Imports all files, or until `stop`. Rejects when the server takes no more; the state is saved in any case. */
  async run(files: readonly ImportFile[]): Promise<void> {
    const { state, stop } = this.#options
    this.#bytesTotal = files.reduce((sum, { size }) => sum + size, 0)
    // Where the state cannot be kept, that should be known before anything is sent.
    await state.save()
    try {
      for (const file of files) {
        if (stop.aborted) break
        await this.#file(file)
        this.#bytesOfFiles += file.size
        this.#source = null
      }
    } finally {
      await this.#window.settled()
      await state.save()
    }
    this.#window.check()
  }

  async #file(file: ImportFile): Promise<void> {
    try {
      const source = await ImportSource.open(file.path)
      if (!file.isNamed && source.head.includes(0)) this.totals.filesBinary++
      else await this.#content(file, source)
    } catch (error) {
      this.#damaged(file.name, error)
    }
    this.#progress()
  }

  async #content(file: ImportFile, source: ImportSource): Promise<void> {
    const turn = this.#options.state.begin(source)
    if (turn.isDone) {
      this.totals.filesBefore++
      this.#bytesBefore += file.size
      return
    }
    const { format, search } = this.#options.reading
    const isWhole = source.head.length < HEAD_BYTES
    const actual = format === 'auto' ? detectFormat(source.head, isWhole) : format
    const form = { contentType: CONTENT_TYPES[actual], ...(actual === 'ndjson' ? { search } : {}) }
    this.#source = source
    if (source.compression === 'none') this.#bytesBefore += turn.place.offset
    for await (const chunk of cutChunks(source.read(turn.place.offset), turn.place)) {
      if (this.#options.stop.aborted) return
      await this.#chunk(file.name, turn, chunk, form)
      this.#progress()
    }
    turn.end()
    this.totals.files++
  }

  async #chunk(
    name: string,
    turn: FileTurn,
    chunk: LineChunk,
    form: Pick<LogsBody, 'contentType' | 'search'>,
  ): Promise<void> {
    const acknowledge = turn.begin(chunk)
    if (chunk.isTooLong) {
      const reason = `the line has more than ${LINE_BYTES_MAX} bytes`
      this.#answered(name, chunk, { ...NOTHING, refused: 1, refusals: [{ line: 1, code: '', reason }] })
      acknowledge()
      return
    }
    await this.#window.start(async () => {
      const answer = await this.#options.sender.send({ bytes: chunk.bytes, key: turn.keyOf(chunk), ...form })
      this.#answered(name, chunk, answer)
      acknowledge()
      await this.#saveNowAndThen()
      this.#progress()
    })
  }

  #answered(name: string, { line }: LineChunk, answer: LogsAnswer): void {
    const { totals } = this
    if (answer.isRepeated) totals.repeated += answer.accepted
    else totals.accepted += answer.accepted
    totals.refused += answer.refused
    for (const refusal of answer.refusals) {
      if (totals.refusedPlaces.length >= REFUSED_KEPT_MAX) return
      totals.refusedPlaces.push({ name, line: line + refusal.line - 1, reason: refusal.reason })
    }
  }

  async #saveNowAndThen(): Promise<void> {
    const nowMs = this.#options.clock.monotonicMs()
    if (nowMs - this.#savedMs < STATE_INTERVAL_MS) return
    this.#savedMs = nowMs
    await this.#options.state.save()
  }

  /** One file less does not end the run; anything that is not about the file does. */
  #damaged(name: string, error: unknown): void {
    if (error instanceof CodedError || systemErrorCode(error) === undefined) throw error
    this.totals.filesDamaged++
    const text = isDamage(error)
      ? `${name} is cut short or damaged: only the lines before that place are imported`
      : fileProblem(name, error)
    this.#options.onProblem(text)
  }

  #progress(): void {
    const { accepted, repeated } = this.totals
    const bytesDone = Math.min(this.#bytesTotal, this.#bytesOfFiles + (this.#source?.bytesRead ?? 0))
    const { onProgress } = this.#options
    onProgress({
      bytesDone,
      bytesTotal: this.#bytesTotal,
      bytesBefore: this.#bytesBefore,
      records: accepted + repeated,
    })
  }
}

const NOTHING: LogsAnswer = { accepted: 0, refused: 0, isRepeated: false, refusals: [] }
