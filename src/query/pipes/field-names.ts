/** `field_names`: the names of the fields that the rows have, with how many rows have each. */
import type { Pipe } from '../ast.ts'
import type { BatchColumn } from '../batches/batch-column.ts'
import { EVERY_FIELD } from '../batches/fields-wanted.ts'
import { textBytes } from '../batches/memory-share.ts'
import { RowBatch } from '../batches/row-batch.ts'
import type { Gatherer, PipeContext, PipeKind } from './kind.ts'
import { freeName } from './order-parts.ts'
import { parseAs } from './parts.ts'

export interface FieldNamesPipe extends Pipe {
  readonly kind: 'field_names'
  readonly nameAs: string
}

const NAME_FIELD = 'name'

export const fieldNamesPipe: PipeKind<FieldNamesPipe> = {
  kind: 'field_names',
  names: ['field_names'],
  summary: 'the names of the fields that the rows have, with their `hits`',
  examples: ['error | field_names', '* | field_names as field'],
  isLive: false,
  parse(parser) {
    const isMissing = parser.reader.isAtEndOfPart()
    return { kind: 'field_names', nameAs: isMissing ? NAME_FIELD : parseAs(parser) }
  },
  print: ({ nameAs }, printer) =>
    `field_names${nameAs === NAME_FIELD ? '' : ` as ${printer.phrase(nameAs)}`}`,
  wants: () => EVERY_FIELD,
  leaves: ({ nameAs }) => [nameAs, hitsName(nameAs)],
  bindGather: ({ nameAs }, context) => new NameGatherer(nameAs, context),
}

const hitsName = (nameAs: string): string => freeName('hits', [nameAs])

/** Plain data. */
type NameHits = ReadonlyMap<string, number>

const NAME_BYTES = 64

class NameGatherer implements Gatherer {
  readonly #nameAs: string
  readonly #context: PipeContext
  readonly #hits = new Map<string, number>()

  constructor(nameAs: string, context: PipeContext) {
    this.#nameAs = nameAs
    this.#context = context
  }

  add(batch: RowBatch): void {
    const counts = [...batch.columns].map(
      ([name, column]) => [name, filledCount(column, batch.rowCount)] as const,
    )
    for (const [name, count] of counts) this.#count(name, count)
  }

  #count(name: string, count: number): void {
    if (count === 0) return
    const known = this.#hits.get(name)
    if (known === undefined) this.#context.memory.charge(textBytes(name) + NAME_BYTES)
    this.#hits.set(name, (known ?? 0) + count)
  }

  take(): NameHits {
    return this.#hits
  }

  merge(state: unknown): void {
    for (const [name, count] of state as NameHits) this.#count(name, count)
  }

  rows(): RowBatch[] {
    const names = [...this.#hits.keys()].sort()
    const hits = names.map((name) => String(this.#hits.get(name)))
    return [RowBatch.of({ [this.#nameAs]: names, [hitsName(this.#nameAs)]: hits })]
  }
}

/** Rows whose text is not empty. */
function filledCount(column: BatchColumn, rowCount: number): number {
  const known = column.filledCount?.() ?? null
  if (known !== null) return known
  const groups = column.groups()
  if (groups === null) return countFilled(column.texts())
  const { texts, ofRow } = groups
  if (ofRow === null) return texts[0] === '' ? 0 : rowCount
  let count = 0
  for (let row = 0; row < ofRow.length; row++) if (texts[ofRow[row]] !== '') count++
  return count
}

function countFilled(texts: readonly string[]): number {
  let count = 0
  for (let row = 0; row < texts.length; row++) if (texts[row] !== '') count++
  return count
}
