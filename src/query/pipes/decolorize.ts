/** `decolorize field`: without what colours a terminal (ANSI escape sequences that begin with ESC [). */
import type { Pipe } from '../ast.ts'
import { MESSAGE_FIELD } from '../special-fields.ts'
import type { PipeKind } from './kind.ts'
import { mapTexts } from './map-texts.ts'
import { parseFieldName } from './parts.ts'

export interface DecolorizePipe extends Pipe {
  readonly kind: 'decolorize'
  readonly field: string
}

export const decolorizePipe: PipeKind<DecolorizePipe> = {
  kind: 'decolorize',
  names: ['decolorize'],
  summary: 'the message, or a field, without the codes that colour a terminal',
  examples: ['* | decolorize', '* | decolorize text'],
  isLive: true,
  keepsRows: true,
  parse(parser) {
    if (parser.reader.isAtEndOfPart()) return { kind: 'decolorize', field: MESSAGE_FIELD }
    return { kind: 'decolorize', field: parseFieldName(parser) }
  },
  print: ({ field }, printer) =>
    field === MESSAGE_FIELD ? 'decolorize' : `decolorize ${printer.phrase(field)}`,
  wants: (_pipe, after) => after,
  leaves: (_pipe, entering) => entering,
  bindBatch:
    ({ field }) =>
    (batch) =>
      mapTexts(batch, field, null, decolorized),
}

const BEGINNING = '\x1b['

function decolorized(text: string): string {
  let plain = ''
  let from = 0
  for (let at = text.indexOf(BEGINNING); at >= 0; at = text.indexOf(BEGINNING, at + 1)) {
    const end = sequenceEnd(text, at + BEGINNING.length)
    if (end < 0) continue
    plain += text.slice(from, at)
    from = end
  }
  return from === 0 ? text : plain + text.slice(from)
}

/** Parameters, and a last character that says what they are for; -1 where that does not come. */
function sequenceEnd(text: string, start: number): number {
  let at = start
  while (isBetween(text, at, 0x20, 0x3f)) at++
  return isBetween(text, at, 0x40, 0x7e) ? at + 1 : -1
}

function isBetween(text: string, at: number, min: number, max: number): boolean {
  const code = text.charCodeAt(at)
  return code >= min && code <= max
}
