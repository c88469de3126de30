/**
 * The client against servers that misbehave: a fake in this process, on real sockets, which can do all that the suite
 * knows; and the real program, ended with SIGKILL and stopped with SIGSTOP.
 */
import { after } from 'node:test'
import { FakeNetworkServer } from '../../src/client/fake-log-server.ts'
import { clientFaultSuite, type FaultServer } from '../../src/client/test-fault-suite.ts'
import { type RunningProgram, startProgram } from '../running-program.ts'
import { readRecords } from '../stored-records.ts'

/** They wait for most of their time. */
const STORIES_AT_ONCE = 4

async function openFakeServer(): Promise<FaultServer> {
  const server = new FakeNetworkServer()
  const { fake } = server
  await server.start()
  return {
    get address() {
      return server.address
    },
    kill: () => server.kill(),
    restart: () => server.start(),
    freeze: () => server.freeze(),
    thaw: () => server.thaw(),
    setFull: (isFull) => {
      fake.refusal = isFull ? 'STORE_FULL' : null
    },
    stored: async () => fake.store.records.map(({ id, record }) => ({ id, message: record.message })),
    [Symbol.asyncDispose]: () => server.kill(),
  }
}

/** One program for all stories, which each see what was stored since they began; after one that failed, another. */
async function openProgram(): Promise<FaultServer> {
  program ??= await startProgram()
  const before = (await readRecords(program.queryPort)).at(-1)?.id ?? 0
  return serverOf(program, before)
}

let program: RunningProgram | null = null
after(() => program?.[Symbol.asyncDispose]())

function serverOf(running: RunningProgram, before: number): FaultServer {
  let isUsed = false
  let isChecked = false
  return {
    get address() {
      isUsed = true
      return { host: '127.0.0.1', port: running.logPort }
    },
    kill: () => running.kill9(),
    restart: () => running.restart(),
    freeze: () => running.signal('SIGSTOP'),
    thaw: () => running.signal('SIGCONT'),
    stored: async () => {
      const records = await readRecords(running.queryPort, `_id:>${before}`)
      isChecked = true
      return records.map(({ id, message }) => ({ id, message: message.toString() }))
    },
    async [Symbol.asyncDispose]() {
      if (isChecked || !isUsed) return
      await running[Symbol.asyncDispose]()
      program = null
    },
  }
}

clientFaultSuite('against a fake server', openFakeServer, STORIES_AT_ONCE)
clientFaultSuite('against the real program', openProgram)
