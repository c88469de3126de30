import assert from 'node:assert/strict'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import pino from 'pino'
import { FakeLogServer, FakeNetworkServer, type FakeRecord } from '../client/fake-log-server.ts'
import logcasterTransport, { type PinoTransportOptions } from './pino.ts'
import { pinoRecord } from './pino-record.ts'
import { TransportWarnings } from './transport-warnings.ts'

const BASE = { level: 30, time: 1_767_225_600_000 }

describe('pinoRecord', () => {
  it('takes the parts of a line apart', () => {
    const line = { ...BASE, pid: 7, hostname: 'box', name: 'api', user: { id: 5 }, msg: 'hello' }
    assert.deepEqual(pinoRecord(line, { stream: { region: 'eu' } }), {
      message: 'hello',
      level: 'info',
      time: 1_767_225_600_000,
      stream: { host: 'box', service: 'api', region: 'eu' },
      fields: { pid: 7, user: { id: 5 } },
    })
  })

  it('knows levels as numbers, as words, and those of the application', () => {
    const of = (level: unknown): unknown[] => {
      const { level: word, fields } = pinoRecord({ ...BASE, level, msg: 'x' }, {})
      return [word, fields]
    }
    assert.deepEqual(of(10), ['trace', {}])
    assert.deepEqual(of(50), ['error', {}])
    assert.deepEqual(of('WARN'), ['WARN', {}])
    assert.deepEqual(of(35), ['info', { 'pino.level': 35 }])
    assert.deepEqual(of(5), ['trace', { 'pino.level': 5 }])
    assert.deepEqual(of('audit'), [undefined, { 'pino.level': 'audit' }])
    assert.deepEqual(of(undefined), [undefined, {}])
  })

  it('knows times in milliseconds, in seconds, and as text', () => {
    const of = (time: unknown): unknown => pinoRecord({ time, msg: 'x' }, {}).time
    assert.equal(of(1_767_225_600_123), 1_767_225_600_123)
    assert.equal(of(1_767_225_600), 1_767_225_600_000)
    assert.equal(of('2026-01-01T00:00:00.000Z'), '2026-01-01T00:00:00.000Z')
    assert.equal(of(undefined), undefined)
  })

  it('finds a message where there is none, and one under another name', () => {
    assert.equal(pinoRecord({ ...BASE, err: { message: 'boom' } }, {}).message, 'boom')
    assert.equal(
      pinoRecord({ ...BASE, failure: { message: 'boom' } }, { errorKey: 'failure' }).message,
      'boom',
    )
    assert.equal(pinoRecord({ ...BASE, user: 5 }, {}).message, '(no message)')
    assert.equal(pinoRecord({ ...BASE, text: 'hello' }, { messageKey: 'text' }).message, 'hello')
  })

  it('renames fields whose names have a meaning of their own', () => {
    const { fields } = pinoRecord({ ...BASE, msg: 'x', _id: 'abc', '': 1, stream: 'kept' }, {})
    assert.deepEqual(fields, { 'pino._id': 'abc', 'pino.unnamed': 1, stream: 'kept' })
  })
})

describe('TransportWarnings', () => {
  it('warn at the first, second, fourth time, and hide what a terminal might obey', () => {
    const told: string[] = []
    const warnings = new TransportWarnings((message) => told.push(message))
    for (let count = 1; count <= 5; count++) warnings.tell(new Error(`no\u001b[2J\u009b ${count}`))
    warnings.tellLeft(0)
    warnings.tellLeft(3)
    assert.deepEqual(told, [
      'no\\u001b[2J? 1 (1 so far)',
      'no\\u001b[2J? 2 (2 so far)',
      'no\\u001b[2J? 4 (4 so far)',
      '3 records were not acknowledged before the end',
    ])
  })
})

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}

describe('the transport', () => {
  async function open(
    options: PinoTransportOptions = {},
  ): Promise<{ server: FakeLogServer; log: pino.Logger; end: () => Promise<void>; told: string[] }> {
    const server = new FakeLogServer()
    const told: string[] = []
    const warn = (_message: string, code: string): void => void told.push(code)
    const stream = await logcasterTransport({ connect: server.connect, warn, ...options })
    const end = async (): Promise<void> => {
      const closed = once(stream, 'close')
      stream.end()
      await closed
    }
    return { server, log: pino({ base: null }, stream), end, told }
  }

  it('sends what was logged, all of it before it ends', async () => {
    const { server, log, end, told } = await open({ memoryBytesMax: 1000 })
    for (let number = 0; number < 100; number++) log.info({ number }, 'counted')
    log.error(new RangeError('too far'))
    await end()
    const records = server.store.records.map(({ record }) => record)
    const numbers = records.map((record) => (record['fields'] as FakeRecord)['number'])
    assert.deepEqual(numbers, [...Array(100).keys(), undefined])
    assert.equal(records[100].message, 'too far')
    assert.deepEqual(told, [])
  })

  it('tells of records that were refused, and of those that were left', async () => {
    const { server, log, end, told } = await open({ closeMsMax: 50 })
    server.store.refuse = ({ message }) => (message === 'bad' ? 'RECORD_INVALID' : null)
    log.info('bad')
    log.info('good')
    await until(() => server.store.records.length === 1)
    server.isHolding = true
    log.info('held')
    await end()
    assert.deepEqual(told, ['RECORD_INVALID', 'CLIENT_CLOSED', 'CLIENT_CLOSED'])
  })

  it('takes a line that is no JSON as a record', async () => {
    const server = new FakeLogServer()
    const stream = await logcasterTransport({ connect: server.connect })
    const closed = once(stream, 'close')
    stream.end('not json\n{"level":40,"msg":"json"}\n')
    await closed
    assert.deepEqual(server.store.messages, ['not json', 'json'])
  })

  it('works where pino runs it, in a thread of its own', async () => {
    await using server = new FakeNetworkServer()
    await server.start()
    const target = join(import.meta.dirname, 'pino.ts')
    const transport = pino.transport({ target, options: { ...server.address, stream: { service: 'test' } } })
    const log = pino(transport)
    log.warn({ shelf: 3 }, 'from a thread')
    // `end` blocks this thread, in which the server runs: so not before the record is there.
    await until(() => server.fake.store.records.length === 1)
    const closed = once(transport, 'close')
    transport.end()
    await closed
    const [{ record }] = server.fake.store.records
    assert.equal(record.message, 'from a thread')
    assert.equal(record['level'], 'warn')
    assert.equal((record['stream'] as FakeRecord)['service'], 'test')
  })
})
