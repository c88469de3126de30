/**
 * The secret by which this process hashes values that hashes tell apart: drawn once, because states that were kept of
 * earlier queries must fit those of later ones. Threads get it with the settings of a query.
 */
import { systemRandom } from '../../base/portable.ts'

export const HASH_KEY: readonly number[] = Array.from({ length: 4 }, () => systemRandom.uint32())
