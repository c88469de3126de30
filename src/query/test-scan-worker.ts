/** The worker of threaded-searcher.test.ts: searches parts, and dies or never ends when it is asked to. */
import { realDisk, serveTasks, type TaskContext } from '../base/base.ts'
import { type CountInput, scanTasks } from './scan/scan-tasks.ts'

/** Limits of counts that stand for something else. */
const LIMIT_TO_DIE = 13
const LIMIT_TO_SPIN = 14

const tasks = scanTasks(realDisk)
const count = tasks['count'] as (input: CountInput, context: TaskContext) => unknown

serveTasks({
  ...tasks,
  count: (input: CountInput, context: TaskContext) => {
    if (input.limit === LIMIT_TO_DIE) process.exit(1)
    while (input.limit === LIMIT_TO_SPIN);
    return count(input, context)
  },
})
