/** A worker thread that searches parts on the disk of this machine. */
import { realDisk, serveTasks } from '../../base/base.ts'
import { scanTasks } from './scan-tasks.ts'

serveTasks(scanTasks(realDisk))
