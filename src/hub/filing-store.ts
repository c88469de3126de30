/**
 * A store as everybody who writes sees it: records whose times nobody can believe are flagged on their way in, so that
 * they are filed by receivedTime (record/filing.ts), and counted. Everything else is the store's own.
 */
import { type Block, fileByReceived } from '../record/record.ts'
import type {
  AppendOptions,
  Snapshot,
  Store,
  StoreMaintenance,
  StoreStats,
  TailOptions,
} from '../storage/storage.ts'

export class FilingStore implements Store {
  filedByReceived = 0
  readonly #store: Store
  readonly #ageMsMax: number

  /** Records older than `ageMsMax` are filed by receivedTime; 0: however old they are, they are not. */
  constructor(store: Store, ageMsMax: number) {
    this.#store = store
    this.#ageMsMax = ageMsMax
  }

  /** May set flags in the bytes of the batch. */
  append(batch: Uint8Array, options?: AppendOptions): Promise<number> {
    this.filedByReceived += fileByReceived(batch, this.#ageMsMax)
    return this.#store.append(batch, options)
  }

  hurry(): void {
    this.#store.hurry()
  }

  writable(): Promise<void> {
    return this.#store.writable()
  }

  snapshot(): Snapshot {
    return this.#store.snapshot()
  }

  tail(options?: TailOptions): AsyncIterable<Block> {
    return this.#store.tail(options)
  }

  stats(): StoreStats {
    return this.#store.stats()
  }

  flush(): Promise<void> {
    return this.#store.flush()
  }

  get maintenance(): StoreMaintenance {
    const { maintenance } = this.#store
    return {
      ...maintenance,
      importParts: (path, options) => maintenance.importParts(path, { into: this, ...options }),
    }
  }

  close(): Promise<void> {
    return this.#store.close()
  }
}
