/** The worker of dead-worker.test.ts: its first jobs write half a file and die, as often as lines are missing in a file. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { realDisk, serveTasks, systemRandom, type TaskContext } from '../base/base.ts'
import type { SealJob } from './seal.ts'
import { storeTasks } from './store-tasks.ts'

const tasks = storeTasks(realDisk, systemRandom)
const seal = tasks['seal'] as (job: SealJob, context: TaskContext) => unknown

serveTasks({
  ...tasks,
  seal: (job: SealJob, context: TaskContext) => {
    const script = `${dirname(dirname(job.path))}/deaths`
    const [how, ...later] = readFileSync(script, 'utf8').split('\n')
    writeFileSync(script, later.join('\n'))
    if (how === '') return seal(job, context)
    appendFileSync(job.partPaths[0], 'half a part')
    if (how === 'exit') process.exit(1)
    const kept: unknown[] = []
    for (;;) kept.push(new Array(1000).fill({}))
  },
})
