/** The fields of a block that share its overflow, because it has more than can have columns of their own. */
import { type ByteSource, partCorrupt } from '../columns/byte-source.ts'
import type { MaterializedColumn } from '../columns/encoding.ts'
import { FIELD_KIND_MAX } from './block-layout.ts'

const NAME_BYTES_MAX = 255
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

export interface OverflowField {
  readonly name: string
  /** That have it, ascending; kinds and values are by place among them. */
  readonly rows: Uint32Array
  readonly kinds: Uint8Array
  readonly values: MaterializedColumn
}

/** PART_CORRUPT. */
export function readOverflow(source: ByteSource, rowCount: number): OverflowField[] {
  const count = source.varintUpTo(source.remaining, 'the fields of the overflow')
  return Array.from({ length: count }, () => readField(source, rowCount))
}

function readField(source: ByteSource, rowCount: number): OverflowField {
  const name = utf8.decode(source.take(source.varintUpTo(NAME_BYTES_MAX, 'the name of a field')))
  const count = source.varintUpTo(rowCount, 'the rows of a field')
  const rows = new Uint32Array(count)
  const kinds = new Uint8Array(count)
  const starts = new Uint32Array(count)
  const lengths = new Uint32Array(count)
  let row = 0
  for (let place = 0; place < count; place++) {
    row += source.varint()
    if (row >= rowCount) throw partCorrupt('a field has a row that is not there')
    rows[place] = row
    kinds[place] = source.u8()
    if (kinds[place] > FIELD_KIND_MAX) throw partCorrupt(`there is no kind ${kinds[place]}`)
    lengths[place] = source.varintUpTo(source.remaining, 'a value')
    starts[place] = source.skip(lengths[place])
  }
  return { name, rows, kinds, values: { data: source.bytes, starts, lengths } }
}
