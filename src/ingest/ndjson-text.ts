/**
 * The text of a value of a line, as it is kept: the bytes of the line where they can stay, a copy without escapes or
 * spaces where not. Valid until the next `read`.
 */
import type { JsonScanner } from './json-scanner.ts'
import { AS_IT_IS, type NdjsonSpans, UNESCAPE, UNESCAPED } from './ndjson-spans.ts'
import type { NdjsonWorkspace } from './ndjson-workspace.ts'

export class NdjsonText {
  bytes: Uint8Array
  /** Of `bytes`. */
  view: DataView
  start = 0
  end = 0
  readonly #scanner: JsonScanner
  readonly #spans: NdjsonSpans
  readonly #workspace: NdjsonWorkspace

  constructor(scanner: JsonScanner, spans: NdjsonSpans, workspace: NdjsonWorkspace) {
    this.bytes = scanner.bytes
    this.view = scanner.view
    this.#scanner = scanner
    this.#spans = spans
    this.#workspace = workspace
  }

  read(span: number): void {
    const start = this.#spans.start[span]
    const end = this.#spans.end[span]
    const change = this.#spans.change[span]
    const scanner = this.#scanner
    if (change === AS_IT_IS) {
      this.bytes = scanner.bytes
      this.view = scanner.view
      this.start = start
      this.end = end
      return
    }
    const workspace = this.#workspace
    if (change === UNESCAPED) {
      this.bytes = workspace.unescaped
      this.view = workspace.unescapedView
      this.start = start
      this.end = end
      return
    }
    workspace.growScratch(end - start)
    this.bytes = workspace.scratch
    this.view = workspace.scratchView
    this.start = 0
    this.end =
      change === UNESCAPE
        ? scanner.unescape(start, end, this.view, 0)
        : scanner.compact(start, end, this.bytes)
  }
}
