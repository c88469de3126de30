import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type EmbeddedServer, startServer } from '../main.ts'
import { FakeServer, run } from './fake-io.ts'

const CLEAR_SCREEN = '\u001b[2J'

describe('logcaster fields, values and streams', () => {
  let dataDir = ''
  let server: EmbeddedServer
  let port = ''

  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'logcaster-values-'))
    const off = { listen: 'off' }
    const ports = { log: off, query: off, irc: off, http: { listen: '127.0.0.1:0' } }
    server = await startServer({ config: { dataDir, ports } })
    port = server.addresses('http')[0].split(':')[1]
    await server.hub.write([
      ...Array.from({ length: 1200 }, (_, at) => ({
        message: at % 3 === 0 ? 'disk full' : 'all is well',
        level: 'info',
        fields: { user: `u${at % 5}` },
        stream: { host: at % 2 === 0 ? 'a' : 'b' },
      })),
      { message: 'hostile', time: 1000, fields: { user: `${CLEAR_SCREEN}\u202eu`, [`n${CLEAR_SCREEN}`]: 1 } },
    ])
  })

  after(async () => {
    await server.close(0)
    await rm(dataDir, { recursive: true })
  })

  const table = (words: readonly string[]) => run([...words, '--http-port', port], { isTerminal: true })
  const piped = (words: readonly string[]) => run([...words, '--http-port', port])

  it('show names and values with hits, and nothing that acts on a terminal', async () => {
    const fields = await table(['fields'])
    assert.deepEqual(
      [fields.code, fields.err, fields.out],
      [
        0,
        '',
        [
          ' HITS  FIELD\n',
          '1,201  _id\n',
          '1,201  _msg\n',
          '1,201  _time\n',
          '1,201  user\n',
          '1,200  _stream\n',
          '1,200  host\n',
          '1,200  level\n',
          '    1  n\\x1b[2J\n',
        ].join(''),
      ],
    )
    const users = await table(['values', 'user', 'disk', 'or', 'hostile'])
    assert.equal(
      users.out,
      `HITS  VALUE\n${[0, 1, 2, 3, 4].map((n) => `  80  u${n}\n`).join('')}   1  \\x1b[2J\\u202eu\n`,
    )
    const streams = await table(['streams'])
    assert.equal(streams.out, 'HITS  STREAM\n 600  {host="a"}\n 600  {host="b"}\n')
  })

  it('print one JSON object a line in a pipe', async () => {
    const { out } = await piped(['values', 'user', 'hostile'])
    assert.ok(!out.includes('\u001b') && !out.includes('\u202e'))
    assert.deepEqual(JSON.parse(out), { value: `${CLEAR_SCREEN}\u202eu`, hits: 1 })
    const { out: streams } = await piped(['streams', 'disk'])
    assert.equal(streams, '{"value":"{host=\\"a\\"}","hits":200}\n{"value":"{host=\\"b\\"}","hits":200}\n')
  })

  it('take limits, times, parts of values and stream fields', async () => {
    const limited = await piped(['values', 'user', '-n', '2'])
    assert.equal(limited.out, '{"value":"u0","hits":240}\n{"value":"u1","hits":240}\n')
    assert.match(limited.err, /^The 2 most frequent of 6: see --limit\.\n$/)
    assert.equal(
      (await piped(['values', 'user', '--since', '1h', '--filter', 'u3'])).out,
      '{"value":"u3","hits":240}\n',
    )
    assert.equal((await piped(['values', 'user', '--since', '1h', 'hostile'])).out, '')
    assert.equal((await piped(['fields', '--stream'])).out, '{"value":"host","hits":1200}\n')
    assert.equal((await piped(['values', 'user', '--stream'])).out, '')
    assert.equal((await piped(['values', 'host', '--stream', '-n', '1'])).out, '{"value":"a","hits":600}\n')
  })

  for (const [answer, message] of [
    [
      { missing: [{ fromId: 7, toId: 12, reason: 'damaged' }] },
      'Records 7 to 12 could not be read: damaged\n',
    ],
    [{ distinct: 9, cut: true }, 'There are more than the 9 that fit into the memory of a query'],
  ] as const) {
    it(`exit with 5 when it hears ${Object.keys(answer).join(' and ')}`, async () => {
      const body = JSON.stringify({ values: [{ value: 'u', hits: 1 }], ...answer })
      const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`
      await using fake = await FakeServer.answering(head + body)
      const { code, out, err } = await run(['values', 'user', '--http-port', fake.port])
      assert.deepEqual([code, out], [5, '{"value":"u","hits":1}\n'])
      assert.ok(err.startsWith(message), err)
    })
  }

  it('say what is wrong with a query', async () => {
    const bad = await piped(['streams', 'level:error', '|', 'lmit', '5'])
    assert.equal(bad.code, 2)
    assert.match(bad.err, /did you mean `limit`/)
    const pipe = await piped(['streams', '* | limit 5'])
    assert.equal(pipe.code, 2)
    assert.match(pipe.err, /leave the pipes out/)
    assert.equal((await piped(['values'])).code, 2)
  })
})
