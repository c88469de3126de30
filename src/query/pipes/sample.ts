/** `sample N`: one of N rows on average, each as likely as any other. */
import type { Random } from '../../base/base.ts'
import type { Pipe } from '../ast.ts'
import type { RowBatch } from '../batches/row-batch.ts'
import type { PipeKind } from './kind.ts'
import { parseWholeNumber } from './parts.ts'

export interface SamplePipe extends Pipe {
  readonly kind: 'sample'
  readonly oneOf: number
}

export const samplePipe: PipeKind<SamplePipe> = {
  kind: 'sample',
  names: ['sample'],
  summary: 'one of N rows on average, chosen at random',
  examples: ['* | sample 100', 'error | sample 10 | fields _time, _msg'],
  isRepeatable: false,
  isLive: true,
  parse(parser) {
    const { token } = parser.reader
    const oneOf = parseWholeNumber(parser, 'a number of rows of which one is taken')
    if (oneOf > 0) return { kind: 'sample', oneOf }
    throw parser.reader.problem('`sample` takes one of N rows: N is 1 or more', {
      offset: token.start,
      length: token.end - token.start,
    })
  },
  print: ({ oneOf }) => `sample ${oneOf}`,
  wants: (_pipe, after) => after,
  leaves: (_pipe, entering) => entering,
  bindBatch({ oneOf }, { random }) {
    if (oneOf === 1) return (batch) => batch
    const sampler = new Sampler(oneOf, random)
    return (batch) => sampler.sample(batch)
  },
}

const UINT32_COUNT = 2 ** 32

/** Draws how many rows to leave out up to the next one, instead of drawing for each row. */
class Sampler {
  readonly #random: Random
  readonly #logLeftOut: number
  /** Rows until the next one that is taken. */
  #until: number

  constructor(oneOf: number, random: Random) {
    this.#random = random
    this.#logLeftOut = Math.log1p(-1 / oneOf)
    this.#until = this.#gap()
  }

  sample(batch: RowBatch): RowBatch {
    const taken: number[] = []
    let row = this.#until
    for (; row < batch.rowCount; row += 1 + this.#gap()) taken.push(row)
    this.#until = row - batch.rowCount
    return batch.select(Uint32Array.from(taken))
  }

  /** Geometric: how often in a row the answer is no, where it is yes once in N times. */
  #gap(): number {
    const fraction = (this.#random.uint32() + 1) / UINT32_COUNT
    return Math.floor(Math.log(fraction) / this.#logLeftOut)
  }
}
