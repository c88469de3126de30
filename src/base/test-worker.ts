/** The worker of worker-pool.test.ts and of bench/worker-pool.ts: one task for each way to behave. */

import { testTasks } from './test-worker-tasks.ts'
import { serveTasks } from './worker-pool-serve.ts'

serveTasks(testTasks)
