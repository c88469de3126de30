/** What a store is opened with, and all that it knows of the world: its files lie in one directory of one disk. */
import type { Clock, Disk, Random } from '../base/base.ts'
import type { StoreOptions } from './store-options.ts'

export interface Surroundings {
  readonly disk: Disk
  readonly directory: string
  readonly clock: Clock
  readonly random: Random
  readonly options: StoreOptions
}
