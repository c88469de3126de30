import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FakeServer, run } from './fake-io.ts'

const ROW = 'OK\nRESULT|1\n7|INFO|1|a\nEND\n'
const env = { LOGCASTER_TOKEN: 'hunter2' }

async function ask(words: readonly string[], answer: string, options: Parameters<typeof run>[1] = {}) {
  await using server = await FakeServer.answering(answer)
  const ran = await run([...words, '-o', 'raw', '--query-port', server.port], options)
  return { ...ran, received: server.received }
}

describe('--token', () => {
  // A tail that its server ends exits with 3.
  for (const [words, request, answer, code] of [
    [['query', 'x'], 'QUERY|LOGSQL|x', ROW, 0],
    [['tail', '-q'], 'QUERY|TAIL|*', ROW, 3],
    [['stats'], 'QUERY|STATS|', 'OK\nRESULT|1\n{"a":1}\nEND\n', 0],
  ] as const) {
    it(`of ${words[0]} is presented before the request, from the option or from the variable`, async () => {
      const fromOption = await ask([...words, '--token', 'hunter2'], answer)
      assert.deepEqual([fromOption.code, fromOption.received], [code, `AUTH|hunter2\n${request}\n`])
      const fromVariable = await ask(words, answer, { env })
      assert.deepEqual([fromVariable.code, fromVariable.received], [code, `AUTH|hunter2\n${request}\n`])
      assert.equal(fromVariable.out, fromOption.out)
    })
  }

  it('of send is presented, and taken, before the first record is sent', async () => {
    await using server = await FakeServer.open((text, socket) => {
      if (text === 'AUTH|hunter2\nPING\n') socket.write('OK\nPONG\n')
      if (text.endsWith('hello\nPING\n') || text.endsWith('PING\nPING\n')) socket.write('PONG\n')
    })
    const { code, err } = await run(['send', '--log-port', server.port], { stdin: 'hello\n', env })
    assert.deepEqual([code, err], [0, 'sent 1 record (all acknowledged)\n'])
    assert.match(server.received, /^AUTH\|hunter2\nPING\nhello\nPING\n/)
  })

  it('of send that is refused ends it with 4, and nothing was sent', async () => {
    await using server = await FakeServer.answering('ERROR|Unknown token\nPONG\n')
    const { code, err } = await run(['send', '--log-port', server.port], { stdin: 'hello\n', env })
    assert.equal(code, 4)
    assert.match(err, /refused the token: Unknown token\./)
    assert.equal(server.received, 'AUTH|hunter2\nPING\n')
  })

  it('that is refused ends the command with 4 and the reason', async () => {
    const { code, out, err } = await ask(['query', 'x'], 'ERROR|Unknown token\nERROR|Not allowed\n', { env })
    assert.deepEqual([code, out], [4, ''])
    assert.match(err, /^The server at 127\.0\.0\.1:\d+ refused the token: Unknown token\. See --token/)
  })

  it('is repeated in no message', async () => {
    const lines: readonly (readonly string[])[] = [
      ['query', '--token', '-hunter2'],
      ['query', '--tken=-hunter2'],
      ['query', '--something=hunter2'],
      ['query', '--token', 'hunter2 hunter2', 'x'],
      ['stats', '--token', 'hunter2\nQUERY|LOGSQL|*'],
      ['tail', '--token', 'hunter2'.repeat(1000)],
    ]
    for (const words of lines) {
      const { code, err } = await run(words)
      assert.equal(code, 2, words.join(' '))
      assert.ok(!err.includes('hunter2'), err)
    }
    const refused = await ask(['query', 'x'], 'ERROR|Unknown token\n', { env })
    assert.ok(!refused.err.includes('hunter2'), refused.err)
  })

  it('is advised where something is not allowed without one', async () => {
    const answer = 'ERROR|Not allowed: this session may not read\n'
    const without = await ask(['query', 'x'], answer)
    assert.deepEqual(
      [without.code, without.err],
      [
        4,
        'Not allowed: this session may not read. Give a token that allows it with --token or LOGCASTER_TOKEN.\n',
      ],
    )
    const having = await ask(['query', 'x'], `OK\n${answer}`, { env })
    assert.deepEqual([having.code, having.err], [4, 'Not allowed: this session may not read\n'])
  })

  it('is advised by send once, after the refused lines', async () => {
    let answered = 0
    await using server = await FakeServer.open((text, socket) => {
      const lines = text.split('\n').slice(0, -1)
      for (const line of lines.slice(answered)) {
        socket.write(line === 'PING' ? 'PONG\n' : 'ERROR|Not allowed: this session may not write\n')
      }
      answered = lines.length
    })
    const { code, err } = await run(['send', '-l', 'INFO', '-q', '--log-port', server.port], { stdin: 'x\n' })
    assert.equal(code, 4)
    assert.equal(
      err,
      'refused: stdin:1: Not allowed: this session may not write\n' +
        'Give a token that allows it with --token or LOGCASTER_TOKEN.\n',
    )
  })

  it('that is empty is none', async () => {
    const { received } = await ask(['query', 'x'], 'RESULT|0\nEND\n', { env: { LOGCASTER_TOKEN: '' } })
    assert.equal(received, 'QUERY|LOGSQL|x\n')
  })

  it('in the variable is no option of the configuration', async () => {
    assert.equal((await run(['config', 'check'], { env })).code, 0)
  })
})
