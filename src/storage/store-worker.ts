/** A worker thread of a store. */
import { realDisk, serveTasks, systemRandom } from '../base/base.ts'
import { storeTasks } from './store-tasks.ts'

serveTasks(storeTasks(realDisk, systemRandom))
