import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type FakeIoOptions, FakeServer, freePort, run } from './fake-io.ts'

const TWO_ROWS = 'RESULT|2\n7|ERROR|1700000000.5|disk \\x1b[2Jfull\n8|INFO|1700000001|C:\\\\new\\nline\nEND\n'

async function query(server: FakeServer, words: readonly string[], options: FakeIoOptions = {}) {
  return run(['query', '--query-port', server.port, ...words], options)
}

describe('logcaster query', () => {
  it('prints a table on a terminal', async () => {
    await using server = await FakeServer.answering(TWO_ROWS)
    const { code, out, err } = await query(server, ['disk'], { isTerminal: true, env: { NO_COLOR: '1' } })
    assert.deepEqual([code, err], [0, ''])
    assert.equal(
      out,
      '2023-11-14T22:13:20.500Z ERROR disk \\x1b[2Jfull\n2023-11-14T22:13:21.000Z INFO  C:\\new\\nline\n',
    )
    assert.equal(server.received, 'QUERY|LOGSQL|disk\n')
  })

  it('prints exact bytes with -o raw in a pipe', async () => {
    await using server = await FakeServer.answering(TWO_ROWS)
    const { out } = await query(server, ['-o', 'raw'])
    assert.equal(out, 'disk \x1b[2Jfull\nC:\\new\nline\n')
    assert.equal(server.received, 'QUERY|LOGSQL|*\n')
  })

  it('asks for all fields and prints JSON in a pipe', async () => {
    await using server = await FakeServer.answering('RESULT|1\n{"_msg":"x","service":"a"}\nEND\n')
    const { out } = await query(server, ['x'])
    assert.equal(out, '{"_msg":"x","service":"a"}\n')
    assert.equal(server.received, 'QUERY|LOGSQL|x | fields *\n')
  })

  it('joins words, and adds --since and --limit', async () => {
    await using server = await FakeServer.answering('RESULT|0\nEND\n')
    const { code, out } = await query(server, ['-o', 'table', 'disk', 'full', '--since', '1h', '-n', '5'])
    assert.deepEqual([code, out], [0, ''])
    assert.equal(server.received, 'QUERY|LOGSQL|_time:1h (disk full) | limit 5\n')
  })

  it('counts', async () => {
    await using server = await FakeServer.answering('RESULT|1\n{"count":"42"}\nEND\n')
    assert.equal((await query(server, ['level:ERROR', '--count'])).out, '42\n')
    assert.equal(server.received, 'QUERY|LOGSQL|level:ERROR | stats count() as count\n')
  })

  it('counts as JSON', async () => {
    await using server = await FakeServer.answering('RESULT|1\n{"count":"42"}\nEND\n')
    assert.equal((await query(server, ['x', '--count', '--json'])).out, '{"count":42}\n')
  })

  const MISSING = 'MISSING|7|12|block 3 is damaged'
  const PARTIAL: readonly [what: string, words: readonly string[], rows: string, out: string][] = [
    ['records', ['-o', 'raw', '*'], '13|INFO|1|left', 'left\n'],
    ['a pipe', ['-o', 'raw', '* | stats count() n'], '{"n":1}', 'n=1\n'],
    ['a count', ['--count', '*'], '{"count":"1"}', '1\n'],
    ['a count as JSON', ['--count', '--json', '*'], '{"count":"1"}', '{"count":1}\n'],
  ]
  for (const [what, words, row, expected] of PARTIAL) {
    for (const [place, answer] of [
      ['before', `${MISSING}\n${row}`],
      ['behind', `${row}\n${MISSING}`],
    ]) {
      it(`exits with 5 and says what is missing ${place} the row of ${what}`, async () => {
        await using server = await FakeServer.answering(`RESULT|1\n${answer}\nEND\n`)
        const { code, out, err } = await query(server, words)
        assert.deepEqual([code, out], [5, expected])
        assert.equal(
          err,
          'The records 7 to 12 could not be read, and are not in the answer: block 3 is damaged\n',
        )
      })
    }
  }

  it('refuses --count with a limit: a number has no newest rows', async () => {
    const { code, out, err } = await run(['query', 'x', '--count', '-n', '5'])
    assert.deepEqual([code, out, err], [2, '', '--count counts all that match; leave out -n\n'])
  })

  for (const word of ['-debug', '--debug']) {
    it(`says how ${word} is asked for`, async () => {
      const { code, err } = await run(['query', word])
      assert.equal(code, 2)
      assert.ok(err.endsWith(`lists them; if \`${word}\` is meant as a query, write -- before it\n`), err)
    })
  }

  it('takes a query that begins with a dash after --', async () => {
    await using server = await FakeServer.answering('RESULT|0\nEND\n')
    const { code } = await query(server, ['-o', 'raw', '--', '-debug'])
    assert.equal(code, 0)
    assert.equal(server.received, 'QUERY|LOGSQL|!debug\n')
  })

  it('explains a query without a server, with the limit that servers have by themselves', async () => {
    const { code, out } = await run(['query', 'disk | extract "a<b>"', '--explain', '--json'])
    assert.equal(code, 0)
    const { rows, tail } = JSON.parse(out)
    assert.match(rows, /^the newest 10000 records that match, .*, then through extract "a<b>"$/)
    assert.equal(tail, 'can be followed live')
  })

  it('explains the query whose rows --count would count, without the counting', async () => {
    const { out } = await run(['query', 'disk', '--count', '--explain'])
    assert.doesNotMatch(out, /stats/)
  })

  it('shows where a query is wrong, before it asks anybody', async () => {
    const { code, out, err } = await run(['query', 'level:error | lmit 5'])
    assert.deepEqual([code, out], [2, ''])
    assert.match(err, /^level:error \| lmit 5\n {14}\^{4}\n.*did you mean `limit`\?\n$/)
  })

  it('shows it as JSON with --json', async () => {
    const { code, err } = await run(['query', '--json', 'a (b'])
    const { error } = JSON.parse(err)
    assert.deepEqual([code, error.code, error.position], [2, 'QUERY_SYNTAX', 2])
  })

  const ERRORS: readonly [answer: string, code: number, message: RegExp][] = [
    ['ERROR|`limit` needs a number\n', 2, /^`limit` needs a number\n$/],
    ['ERROR|Not allowed: this session may not read\n', 4, /^Not allowed/],
    ['ERROR|Too many connections\n', 6, /^Too many/],
    ['RESULT|2\n7|INFO|1|a\nERROR|the deadline passed\n', 5, /^the deadline passed \(after 1 row\)\n$/],
    ['SSH-2.0-OpenSSH\r\n', 3, /is not LogCaster's query port: it said "SSH-2\.0-OpenSSH"/],
  ]
  for (const [answer, expected, message] of ERRORS) {
    it(`exits with ${expected} when it hears ${JSON.stringify(answer)}`, async () => {
      await using server = await FakeServer.answering(answer)
      const { code, err } = await query(server, ['x'])
      assert.equal(code, expected)
      assert.match(err, message)
    })
  }

  it('prints what came and exits with 5 when the answer breaks off', async () => {
    await using server = await FakeServer.open((_text, socket) => socket.end('RESULT|9\n7|INFO|1|a\n8|IN'))
    const { code, out, err } = await query(server, ['-o', 'raw', 'x'])
    assert.deepEqual([code, out], [5, 'a\n'])
    assert.equal(err, 'The server went away after 1 row: the answer is not complete.\n')
  })

  it('exits with 3 when the server goes away before it answers', async () => {
    await using server = await FakeServer.open((_text, socket) => socket.destroy())
    const { code, err } = await query(server, ['x'])
    assert.equal(code, 3)
    assert.match(err, /went away: there was no answer/)
  })

  it('exits with 3 and one sentence when nobody answers', async () => {
    const port = await freePort()
    const { code, out, err } = await run(['query', '--query-port', port, 'x'])
    assert.deepEqual([code, out], [3, ''])
    assert.equal(
      err,
      `No LogCaster answers at 127.0.0.1:${port}. Start it with npm start, or name it with --host and --query-port.\n`,
    )
  })

  it('finds the server by variables', async () => {
    await using server = await FakeServer.answering('RESULT|0\nEND\n')
    const env = { LOGCASTER_HOST: '127.0.0.1', LOGCASTER_QUERY_PORT: server.port }
    assert.equal((await run(['query', 'x'], { env })).code, 0)
  })

  it('hints that there may be more when the server stopped at its default', async () => {
    const rows = '7|INFO|1|a\n'.repeat(10_000)
    await using server = await FakeServer.answering(`RESULT|10000\n${rows}END\n`)
    const { code, out, err } = await query(server, ['-o', 'raw', 'x'])
    assert.deepEqual([code, out.length], [0, 20_000])
    assert.match(err, /^The newest 10000 rows; there may be older ones/)
  })

  it('ends quietly with 0 when the reader of its output goes away', async () => {
    await using server = await FakeServer.open((_text, socket) => {
      socket.write('RESULT|1000000\n')
      const more = (): void => {
        while (socket.writable && socket.write('7|INFO|1|row\n'.repeat(1000)));
        if (socket.writable) socket.once('drain', more)
      }
      more()
    })
    const { code, err } = await query(server, ['-o', 'raw', 'x'], { closesAfterWrites: 3 })
    assert.deepEqual([code, err], [0, ''])
  })
})
