/**
 * The client against servers that misbehave: a fake in this process, on real sockets, which can do all that the suite
 * knows; and the real program, ended with SIGKILL and stopped with SIGSTOP.
 */
import { FakeNetworkServer } from '../../src/client/fake-log-server.ts'
import { clientFaultSuite, type FaultServer } from '../../src/client/test-fault-suite.ts'
import { startProgram } from '../running-program.ts'
import { readRecords } from '../stored-records.ts'

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

async function openProgram(): Promise<FaultServer> {
  const program = await startProgram()
  return {
    get address() {
      return { host: '127.0.0.1', port: program.logPort }
    },
    kill: () => program.kill9(),
    restart: () => program.restart(),
    freeze: () => program.signal('SIGSTOP'),
    thaw: () => program.signal('SIGCONT'),
    stored: async () => {
      const records = await readRecords(program.queryPort)
      return records.map(({ id, message }) => ({ id, message: message.toString() }))
    },
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  }
}

clientFaultSuite('against a fake server', openFakeServer)
clientFaultSuite('against the real program', openProgram)
