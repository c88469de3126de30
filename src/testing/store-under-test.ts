/** What a test of stores asks of the implementation that it runs on. */
import type { Store, StoreOptions } from '../storage/storage.ts'

export interface StoreUnderTest {
  readonly store: Store
  /** Closes the store that is open, and opens what it left. */
  reopen(): Promise<Store>
  /** Closes the store and removes what it left. */
  dispose(): Promise<void>
}

/** Opens an empty store. Its clock shows `SAMPLE_WALL_MS` and its disk has room. */
export type OpenStoreUnderTest = (options: Partial<StoreOptions>) => Promise<StoreUnderTest>

/** Small sizes, so that a short test fills segments, splits groups and lets go of memory. */
export const SMALL_STORE: Partial<StoreOptions> = {
  segmentBytesMax: 8192,
  bufferBytesMax: 16_384,
  groupBytesMax: 2048,
  gatherBytesMax: 65_536,
  freeBytesMin: 0,
}
