import type { Snapshot } from '../storage/storage.ts'
import type { Query } from './ast.ts'
import type { Row } from './row.ts'
export interface RunOptions {
  readonly signal?: AbortSignal
  /** Bytes that may be spent on keys of matching rows when nothing limits them. Default 64 MiB. */
  readonly keyBytesMax?: number
}
export interface SelectOptions extends RunOptions {
  /** The newest rows, at most this many, unless the query limits itself. */
  readonly rowsMax?: number
}
export interface Selection {
  readonly count: number
  /** Oldest first by (time, id). To be read once, while the snapshot is held. */
  readonly rows: AsyncIterable<Row>
}
export function countRows(_snapshot: Snapshot, _query: Query, _options?: RunOptions): Promise<number> {
  throw new Error('not built yet')
}
export function selectRows(_snapshot: Snapshot, _query: Query, _options?: SelectOptions): Promise<Selection> {
  throw new Error('not built yet')
}
