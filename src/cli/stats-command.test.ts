import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FakeServer, run } from './fake-io.ts'

const STATS =
  '{"uptimeMs":12,"stores":{"logs":{"records":3,"reason":null,"lost":[]}},"na\u202eme":"\\u001bx"}'

describe('logcaster stats', () => {
  it('prints names and values, aligned and inert, on a terminal', async () => {
    await using server = await FakeServer.answering(`RESULT|1\n${STATS}\nEND\n`)
    const { code, out } = await run(['stats', '--query-port', server.port], { isTerminal: true })
    assert.equal(code, 0)
    assert.equal(
      out,
      [
        'uptimeMs             12\n',
        'stores.logs.records  3\n',
        'stores.logs.reason   -\n',
        'stores.logs.lost     -\n',
        'na\\u202eme           \\x1bx\n',
      ].join(''),
    )
    assert.equal(server.received, 'QUERY|STATS|\n')
  })

  it('prints the JSON of the server in a pipe', async () => {
    await using server = await FakeServer.answering(`RESULT|1\n${STATS}\nEND\n`)
    const { out } = await run(['stats', '--query-port', server.port])
    assert.deepEqual(JSON.parse(out), JSON.parse(STATS))
    assert.ok(!out.includes('\u202e'))
  })

  it('says so when it is no JSON', async () => {
    await using server = await FakeServer.answering('RESULT|1\n{broken\nEND\n')
    const { code, err } = await run(['stats', '-o', 'table', '--query-port', server.port])
    assert.deepEqual([code, err], [1, 'The server sent statistics that are not JSON.\n'])
  })
})
