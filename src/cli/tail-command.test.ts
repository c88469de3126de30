import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FakeIo, FakeServer, run } from './fake-io.ts'
import { runCli } from './run.ts'

describe('logcaster tail', () => {
  it('prints records as they come, tells gaps, and ends with 130 at Ctrl+C', async () => {
    await using server = await FakeServer.answering(
      'RESULT|*\n7|ERROR|1700000000|disk full\nGAP|8|11|4\n12|INFO|1|b\n',
    )
    const io = new FakeIo()
    const running = runCli(['tail', '-o', 'raw', '--query-port', server.port, 'level:ERROR'], io)
    await io.stdout.contains('b\n')
    assert.equal(io.emitSignal('SIGINT'), true)
    assert.equal(await running, 130)
    assert.equal(server.received, 'QUERY|TAIL|level:ERROR\n')
    assert.equal(io.stdout.text, 'disk full\nb\n')
    assert.equal(
      io.stderr.text,
      'Waiting for records; Ctrl+C ends.\ngap: 4 records from id 8 to 11 not shown, this end was too slow\n',
    )
  })

  it('asks for all fields when it prints JSON', async () => {
    await using server = await FakeServer.answering('RESULT|*\n{"_msg":"x"}\nEND\n')
    const { out } = await run(['tail', '--json', '-q', '--query-port', server.port])
    assert.equal(out, '{"_msg":"x"}\n')
    assert.equal(server.received, 'QUERY|TAIL|* | fields *\n')
  })

  it('shows a gap as a row of JSON, where it is', async () => {
    await using server = await FakeServer.answering('RESULT|*\n{"a":1}\nGAP|8|11|4\n{"a":2}\nEND\n')
    const { out } = await run(['tail', '--json', '-q', '--query-port', server.port])
    assert.equal(out, '{"a":1}\n{"_gap":{"fromId":8,"toId":11,"count":4}}\n{"a":2}\n')
  })

  it('says with 3 when the server ends the tail, as it does when it stops', async () => {
    await using server = await FakeServer.answering('RESULT|*\n7|INFO|1|a\nEND\n')
    const { code, out, err } = await run(['tail', '-q', '-o', 'raw', '--query-port', server.port])
    assert.deepEqual([code, out], [3, 'a\n'])
    assert.match(err, /^The server has ended the tail/)
  })

  it('says with 5 when the server goes away', async () => {
    await using server = await FakeServer.open((_text, socket) => socket.end('RESULT|*\n7|INFO|1|a\n'))
    const { code, out, err } = await run(['tail', '-q', '-o', 'raw', '--query-port', server.port])
    assert.deepEqual([code, out], [5, 'a\n'])
    assert.match(err, /went away after 1 row/)
  })

  it('ends quietly when nobody reads any more, without waiting for the next record', async () => {
    await using server = await FakeServer.answering('RESULT|*\n7|INFO|1|a\n')
    const { code, err } = await run(['tail', '-q', '--query-port', server.port], { closesAfterWrites: 0 })
    assert.deepEqual([code, err], [0, ''])
  })

  it('ends quietly while it waits, as soon as the system says that nobody reads any more', async () => {
    await using server = await FakeServer.answering('RESULT|*\n7|INFO|1|a\n')
    const io = new FakeIo()
    const running = runCli(['tail', '-q', '-o', 'raw', '--query-port', server.port], io)
    await io.stdout.contains('a\n')
    io.stdout.destroy(Object.assign(new Error('EPIPE: broken pipe'), { code: 'EPIPE' }))
    assert.deepEqual([await running, io.stderr.text], [0, ''])
  })
})
