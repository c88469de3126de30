/** The worker of pipe-faults.test.ts: gathers for pipes, and dies in the middle of it where the filter has the word. */
import { realDisk, serveTasks, type TaskContext } from '../base/base.ts'
import { type GatherInput, scanTasks } from './scan/scan-tasks.ts'

const DEADLY = 'deadly'

const tasks = scanTasks(realDisk)
const gather = tasks['gather'] as (input: GatherInput, context: TaskContext) => unknown

serveTasks({
  ...tasks,
  gather: (input: GatherInput, context: TaskContext) => {
    if (JSON.stringify(input.filter).includes(DEADLY)) process.exit(1)
    return gather(input, context)
  },
})
