import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { describe, it } from 'node:test'
import { FakeIo, FakeServer, run } from './fake-io.ts'
import { runCli } from './run.ts'

const ROW = '7|ERROR|1700000000.5|disk \\x1b[2Jfull\n'
const ANSWERS: Readonly<Record<string, string>> = {
  'QUERY|LOGSQL|disk | limit 100\n': `RESULT|1\n${ROW}END\n`,
  'QUERY|LOGSQL|disk | limit 1\n': `RESULT|1\n${ROW}END\n`,
  'QUERY|LOGSQL|disk | limit 100 | fields *\n': 'RESULT|1\n{"_msg":"x","service":"a"}\nEND\n',
  'QUERY|LOGSQL|slow | limit 100\n': 'RESULT|2\n7|INFO|1|first\n',
  'QUERY|LOGSQL|damaged | limit 100\n': `RESULT|1\n${ROW}MISSING|8|9|block 0 is damaged\nEND\n`,
  'QUERY|TAIL|disk\n': `RESULT|*\n${ROW}GAP|8|9|2\n`,
}

const opened = (): Promise<FakeServer> =>
  FakeServer.open((text, socket) => {
    if (text.endsWith('\n')) socket.write(ANSWERS[text] ?? 'ERROR|Not allowed: this session may not read\n')
  })

describe('logcaster shell, with lines from stdin', () => {
  async function typed(stdin: string, words: readonly string[] = ['-o', 'raw']) {
    await using server = await opened()
    const ran = await run(['shell', '--query-port', server.port, ...words], { stdin })
    return { ...ran, received: server.received }
  }

  it('asks one query after the other, and shows the newest 100 rows of each', async () => {
    const { code, out, err, received } = await typed('disk\n\n  disk  \n.quit\ndisk\n')
    assert.equal(received, 'QUERY|LOGSQL|disk | limit 100\n'.repeat(2))
    assert.deepEqual([code, out], [0, 'disk \x1b[2Jfull\n'.repeat(2)])
    assert.equal(err, '1 row in 0 ms\n1 row in 0 ms\n')
  })

  it('takes another limit', async () => {
    const { err, received } = await typed('.limit 1\ndisk\n.limit 100\ndisk\n')
    assert.equal(received, 'QUERY|LOGSQL|disk | limit 1\nQUERY|LOGSQL|disk | limit 100\n')
    assert.equal(err, '1 row in 0 ms; there may be older ones: see .limit\n1 row in 0 ms\n')
    assert.equal((await typed('disk\n', ['-n', '1'])).received, 'QUERY|LOGSQL|disk | limit 1 | fields *\n')
  })

  it('changes to JSON and back', async () => {
    const { out, err } = await typed('.json\ndisk\n.json\n', ['-o', 'table', '-q'])
    assert.deepEqual([out, err], ['{"_msg":"x","service":"a"}\n', ''])
  })

  it('shows where a query is wrong, goes on, and exits with the code of the first error', async () => {
    const { code, out, err } = await typed('disk | lmit 5\nunknown\ndisk\n', ['-o', 'raw', '-q'])
    assert.deepEqual([code, out], [2, 'disk \x1b[2Jfull\n'])
    assert.match(
      err,
      /^disk \| lmit 5\n {7}\^{4}\n.*did you mean `limit`\?\nNot allowed: this session may not read\. Give a token .*\n$/,
    )
  })

  it('exits with 5 when an answer was partial, unless an earlier line failed in another way', async () => {
    const { code, out, err } = await typed('damaged\nunknown\n', ['-o', 'raw', '-q'])
    assert.deepEqual([code, out], [5, 'disk \x1b[2Jfull\n'])
    assert.match(
      err,
      /^The records 8 to 9 could not be read, and are not in the answer: block 0 is damaged\n/,
    )
    assert.equal((await typed('unknown\ndamaged\n')).code, 4)
  })

  for (const [line, message] of [
    ['.tial x', 'there is no command `.tial`; did you mean .tail?\n'],
    ['.\x1b[2J', 'there is no command `.\\x1b[2J`; .help lists them\n'],
    ['.limit lots', '.limit needs a number from 1 to 1000000\n'],
    ['.limit 0', '.limit needs a number from 1 to 1000000\n'],
  ]) {
    it(`explains what is wrong with ${JSON.stringify(line)}`, async () => {
      const { code, err } = await typed(`${line}\n`)
      assert.deepEqual([code, err], [2, message])
    })
  }

  it('refuses -n 0, as query does', async () => {
    const { code, out, err } = await run(['shell', '-n', '0'], { stdin: '' })
    assert.deepEqual([code, out], [2, ''])
    assert.equal(err, '-n must be a whole number from 1 to 1000000, but got `0`\n')
  })

  it('lists its commands in lines that fit into 80 columns', async () => {
    const { code, out } = await typed('.help\n')
    assert.equal(code, 0)
    for (const name of ['QUERY', '.help', '.tail QUERY', '.limit N', '.json', '.quit'])
      assert.ok(out.includes(name))
    for (const line of out.split('\n')) assert.ok(line.length < 80, line)
  })

  it('presents the token with each query', async () => {
    await using server = await FakeServer.open((text, socket) => {
      if (text.endsWith('100\n')) socket.write('OK\nRESULT|0\nEND\n')
    })
    const env = { LOGCASTER_TOKEN: 'hunter2' }
    await run(['shell', '-o', 'raw', '--query-port', server.port], { stdin: 'x\ny\n', env })
    assert.equal(
      server.received,
      'AUTH|hunter2\nQUERY|LOGSQL|x | limit 100\nAUTH|hunter2\nQUERY|LOGSQL|y | limit 100\n',
    )
  })
})

/** A terminal, and the keys that a person presses. */
class Terminal implements AsyncDisposable {
  readonly keys = Object.assign(new PassThrough(), { isTTY: true })
  readonly io = new FakeIo({ stdin: this.keys, isTerminal: true, env: { HOME: '/home/me', NO_COLOR: '1' } })
  readonly server: FakeServer
  readonly exited: Promise<number>

  private constructor(server: FakeServer, words: readonly string[]) {
    this.server = server
    this.exited = runCli([...words, '--query-port', server.port], this.io)
  }

  static async open(...words: readonly string[]): Promise<Terminal> {
    const terminal = new Terminal(await opened(), words)
    await terminal.io.stdout.contains('logcaster> ')
    return terminal
  }

  /** Presses keys and waits until the terminal shows `shown`. */
  async press(keys: string, shown: string): Promise<void> {
    this.keys.write(keys)
    await this.io.stdout.contains(shown)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.keys.end()
    await this.exited
    await this.server[Symbol.asyncDispose]()
  }
}

const CTRL_C = '\x03'
const CTRL_D = '\x04'
const UP = '\x1b[A'

describe('logcaster shell, on a terminal', () => {
  it('shows rows inert, remembers the line and leaves with Ctrl+D', async () => {
    await using terminal = await Terminal.open('shell')
    await terminal.press('disk\r', '2023-11-14T22:13:20.500Z ERROR disk \\x1b[2Jfull\n')
    await terminal.io.stderr.contains('1 row in 0 ms')
    terminal.keys.write(CTRL_D)
    assert.equal(await terminal.exited, 0)
    assert.equal(terminal.io.readTextSync('/home/me/.local/state/logcaster/history'), 'disk\n')
  })

  it('is what query without a text is', async () => {
    await using terminal = await Terminal.open('query')
    await terminal.io.stderr.contains('.help for more, Ctrl+D to leave.')
  })

  it('completes with Tab', async () => {
    await using terminal = await Terminal.open('shell')
    await terminal.press('lev', 'lev')
    await terminal.press('\t', 'el:')
  })

  it('brings an earlier line back with the arrow key', async () => {
    await using terminal = await Terminal.open('shell')
    await terminal.press('.help\r', 'Tab completes')
    await terminal.press(UP, 'logcaster> .help')
  })

  it('stops a query and a tail with Ctrl+C, and goes on', async () => {
    await using terminal = await Terminal.open('shell')
    await terminal.press('slow\r', 'first')
    terminal.keys.write(CTRL_C)
    await terminal.io.stderr.contains('stopped after 1 row')
    terminal.keys.write('.tail disk\r')
    await terminal.io.stderr.contains('gap: 2 records from id 8 to 9 not shown')
    terminal.keys.write(CTRL_C)
    await terminal.press('.help\r', 'Tab completes')
  })

  it('leaves with Ctrl+D while a tail runs', async () => {
    await using terminal = await Terminal.open('shell')
    terminal.keys.write('.tail disk\r')
    await terminal.io.stderr.contains('gap: ')
    terminal.keys.write(CTRL_D)
    assert.equal(await terminal.exited, 0)
  })

  it('forgets the line that was begun at Ctrl+C, and says how to leave at an empty one', async () => {
    await using terminal = await Terminal.open('shell')
    await terminal.press('dis', 'dis')
    terminal.keys.write(CTRL_C + CTRL_C)
    await terminal.io.stderr.contains('Ctrl+D leaves.')
    await terminal.press('.help\r', 'Tab completes')
    assert.equal(terminal.server.received, '')
  })
})
