import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { HastyIo } from './fake-hasty-io.ts'
import { type CliRun, FakeIo, freePort, run } from './fake-io.ts'
import { FakeLogServer } from './fake-log-server.ts'
import { runCli } from './run.ts'

/** About 5 MiB: five chunks. */
const BIG = Array.from({ length: 100_000 }, (_, i) => `record ${i} of a file that is cut into chunks\n`).join(
  '',
)
const BIG_CHUNKS = 5

let directory = ''
let server: FakeLogServer
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'logcaster-import-'))
  server = await FakeLogServer.open()
})
afterEach(async () => {
  await server[Symbol.asyncDispose]()
  await rm(directory, { recursive: true })
})

const path = (name: string): string => join(directory, name)

async function put(name: string, content: string | Buffer): Promise<string> {
  await writeFile(path(name), content, 'latin1')
  return path(name)
}

const importWords = (words: readonly string[], port = server.port): string[] => [
  'import',
  '--http-port',
  port,
  ...words,
]

async function importAll(...words: readonly string[]): Promise<CliRun> {
  return run(importWords(words), { env: { XDG_STATE_HOME: path('state') } })
}

const linesOf = (text: string): string[] => text.split('\n').sort()

describe('logcaster import', () => {
  it('imports the lines of a file and says how many', async () => {
    const file = await put('a.log', 'one\ntwo\n\nthree')
    assert.deepEqual(await importAll(file), { code: 0, out: '', err: 'imported 3 records from 1 file\n' })
    assert.equal(server.text, 'one\ntwo\n\nthree')
    const [{ path: address, contentType, key }] = server.requests
    assert.deepEqual([address, contentType], ['/api/v1/logs', 'text/plain'])
    assert.match(key, /^import-[0-9a-f]{32}-0-[0-9a-f]{32}$/)
  })

  it('imports directories, plain, gzip and zstd, lines and NDJSON, each as it is', async () => {
    await mkdir(path('logs'))
    await put('logs/1.log', 'plain\n')
    await put('logs/2.gz', gzipSync('{"m":"gzip"}\n'))
    await put('logs/3.zst', Buffer.concat([zstdCompressSync('zstd\n'), zstdCompressSync('frame\n')]))
    await put('logs/4.txt', 'left out\n')
    const globs = ['--include', '*.{log,gz}', '--include=*.zst']
    const fields = ['--time-field', 'ts,time', '--extra-fields', 'a=b c']
    const { code, err } = await importAll(path('logs'), ...globs, ...fields, '--parallel', '1')
    assert.deepEqual([code, err], [0, 'imported 4 records from 3 files\n'])
    assert.deepEqual(
      server.requests.map(({ path: address, contentType, body }) => [address, contentType, body]),
      [
        ['/api/v1/logs', 'text/plain', 'plain\n'],
        ['/api/v1/logs?time_field=ts%2Ctime&extra_fields=a%3Db+c', 'application/x-ndjson', '{"m":"gzip"}\n'],
        ['/api/v1/logs', 'text/plain', 'zstd\nframe\n'],
      ],
    )
  })

  it('imports nothing the second time, and asks the server nothing', async () => {
    await importAll(await put('a.log', BIG))
    assert.equal(server.requests.length, BIG_CHUNKS)
    const { code, err } = await importAll(path('a.log'))
    const told = '1 file imported before; --again imports them once more\n'
    assert.deepEqual([code, err], [0, `imported 0 records from 0 files\n${told}`])
    assert.equal(server.requests.length, BIG_CHUNKS)
  })

  it('stores nothing twice when the state is gone and the file was moved and compressed', async () => {
    await importAll(await put('a.log', BIG))
    await rm(path('state'), { recursive: true })
    const { code, err } = await importAll(await put('b.log.gz', gzipSync(BIG)))
    assert.equal(code, 0)
    assert.match(err, /^imported 0 records from 1 file\n100,000 records were stored before; --again/)
    assert.deepEqual(linesOf(server.text), linesOf(BIG))
  })

  it('goes on where it was broken off: nothing lost, nothing doubled, nothing sent again', async () => {
    const file = await put('a.log.gz', gzipSync(BIG))
    server.failure = () =>
      server.stored.size >= 3 ? { status: 400, body: '{"code":"NO","detail":"No more."}' } : null
    const first = await importAll(file, '--parallel', '1')
    assert.deepEqual([first.code, first.err.endsWith('No more.\n')], [1, true])
    const sent = server.requests.length
    server.failure = () => null
    const { code } = await importAll(file, '--parallel', '1')
    assert.equal(code, 0)
    assert.equal(server.text, BIG)
    assert.equal(server.requests.length, sent + BIG_CHUNKS - 3)
  })

  it('stores nothing twice when the server forgets to answer', async () => {
    const fates = ['resetAfterStoring', 'reset', 'resetAfterStoring'] as const
    let requests = 0
    server.failure = () => fates[requests++] ?? null
    const io = new HastyIo({ env: { XDG_STATE_HOME: path('state') } })
    assert.equal(await runCli(importWords([await put('a.log', BIG)]), io), 0)
    assert.deepEqual(linesOf(server.text), linesOf(BIG))
  })

  it('tells which lines were refused, and exits with 5', async () => {
    const lines = BIG.split('\n')
    lines[2] = 'bad'
    lines[90_000] = 'bad'
    server.isRefused = (line) => line === 'bad'
    const file = await put('a.log', lines.join('\n'))
    const { code, err } = await importAll(file, '--parallel', '1')
    assert.equal(code, 5)
    const reason = 'the line is not JSON'
    assert.match(err, new RegExp(`refused: ${file}:3: ${reason}\nrefused: ${file}:90001: ${reason}\n$`))
  })

  it('shows ten refused lines and counts the others', async () => {
    server.isRefused = (line) => line.startsWith('bad')
    const { err } = await importAll(await put('a.log', 'bad\n'.repeat(25)))
    assert.equal(err.match(/refused: /g)?.length, 11)
    assert.match(err, /refused: 15 more\n$/)
  })

  it('refuses a line that no request could hold, and imports those around it', async () => {
    const file = await put('a.log', `one\n${'x'.repeat(4_000_000)}\nthree\n`)
    const { code, err } = await importAll(file)
    assert.equal(code, 5)
    assert.match(err, /^imported 2 records.*\nrefused: .*a\.log:2: the line has more than 3145728 bytes\n$/)
  })

  it('imports two equal files of one run both, and neither of them again', async () => {
    const files = [await put('host1.log', 'started\n'), await put('host2.log', 'started\n')]
    await importAll(...files)
    assert.equal(server.text, 'started\nstarted\n')
    await rm(path('state'), { recursive: true })
    await importAll(...files)
    assert.equal(server.text, 'started\nstarted\n')
  })

  it('imports what was added to a file since, however small it was', async () => {
    await importAll(await put('a.log', 'one\n'))
    await put('a.log', 'one\ntwo\n')
    assert.equal((await importAll(path('a.log'))).err, 'imported 1 record from 1 file\n')
    assert.equal(server.text, 'one\ntwo\n')
  })

  it('starts anew with another content under an old name', async () => {
    await importAll(await put('a.log', 'old one\nold two\n'))
    await rename(path('a.log'), path('a.log.1'))
    await put('a.log', 'new one\nnew two\nnew three\n')
    assert.equal((await importAll(path('a.log'))).err, 'imported 3 records from 1 file\n')
  })

  it('imports again what it is told to, and can be broken off in that as well', async () => {
    const file = await put('a.log', BIG)
    await importAll(file)
    server.failure = () => (server.stored.size >= BIG_CHUNKS + 2 ? { status: 400 } : null)
    assert.equal((await importAll(file, '--again', '--parallel', '1')).code, 3)
    server.failure = () => null
    assert.equal((await importAll(file, '--parallel', '1')).code, 0)
    assert.deepEqual(linesOf(server.text), linesOf(BIG + BIG))
  })

  it('sums up as JSON, and tells its progress as JSON', async () => {
    server.isRefused = (line) => line === 'bad'
    const file = await put('a.log', `bad\n${BIG}`)
    const io = new FakeIo({ env: { XDG_STATE_HOME: path('state') } })
    server.failure = () => {
      io.nowMs += 1000
      return null
    }
    assert.equal(await runCli(importWords([file, '--json', '-q', '--parallel=1']), io), 5)
    const { accepted, refused, refusedPlaces } = JSON.parse(io.stdout.text)
    assert.deepEqual([accepted, refused, refusedPlaces.length], [100_000, 1, 1])
    assert.equal(io.stderr.text, `refused: ${file}:1: the line is not JSON\n`)
  })

  it('shows a bar on a terminal, plain lines elsewhere, JSON with --json', async () => {
    const file = await put('a.log', BIG)
    const forms: readonly [words: string[], isTerminal: boolean, shape: RegExp][] = [
      [[], true, /\r\x1b\[K\[#* *\] +\d+% +.* of 4\.\d+ MiB +[\d,]+ records/],
      [[], false, /^ *\d+% +.* of 4\.\d+ MiB +[\d,]+ records .*\n/],
      [['--json'], false, /^{"progress":{"bytesDone":\d+,"bytesTotal":\d+,/],
    ]
    for (const [words, isTerminal, shape] of forms) {
      const io = new FakeIo({ isTerminal, env: { XDG_STATE_HOME: path(`state${words}${isTerminal}`) } })
      server.failure = () => {
        io.nowMs += 5000
        return null
      }
      assert.equal(await runCli(importWords([file, '--parallel=1', '--color=never', ...words]), io), 0)
      assert.match(io.stderr.text, shape)
    }
  })

  it('has a few requests under way at once, and no more', async () => {
    const gate = Promise.withResolvers<void>()
    server.gate = gate.promise
    const importing = importAll(await put('a.log', BIG), '--parallel', '3')
    await server.received(3)
    gate.resolve()
    assert.equal((await importing).code, 0)
    assert.equal(server.inFlightMax, 3)
  })

  it('stops at Ctrl+C after what is under way, exits with 130, and goes on the next time', async () => {
    const file = await put('a.log', BIG)
    const io = new FakeIo({ env: { XDG_STATE_HOME: path('state') } })
    server.failure = () => {
      io.emitSignal('SIGINT')
      return null
    }
    assert.equal(await runCli(importWords([file, '--parallel', '1']), io), 130)
    assert.match(io.stderr.text, /Stopped; the same command goes on from here\.\n$/)
    assert.ok(server.stored.size < BIG_CHUNKS)
    server.failure = () => null
    assert.equal((await importAll(file, '--parallel', '1')).code, 0)
    assert.equal(server.text, BIG)
    assert.equal(server.requests.length, BIG_CHUNKS)
  })

  it('stops at Ctrl+C while the server is away', async () => {
    const io = new FakeIo({ env: { XDG_STATE_HOME: path('state') } })
    server.failure = () => {
      setImmediate(() => io.emitSignal('SIGINT'))
      return { status: 503, headers: { 'retry-after': '300' } }
    }
    assert.equal(await runCli(importWords([await put('a.log', 'one\n')]), io), 130)
  })

  it('keeps the lines before the place where a file is damaged, and imports the other files', async () => {
    await mkdir(path('logs'))
    await put('logs/a.gz', gzipSync(BIG).subarray(0, 100_000))
    await put('logs/b.log', 'whole\n')
    const { code, err } = await importAll(path('logs'), '--parallel', '1')
    assert.equal(code, 5)
    assert.match(err, /logs\/a\.gz is cut short or damaged: only the lines before that place are imported\n/)
    assert.ok(server.text.endsWith('chunks\nwhole\n'), server.text.slice(-100))
    assert.ok(BIG.startsWith(server.text.slice(0, -'whole\n'.length)))
  })

  it('leaves binary files out of directories, unless they are named', async () => {
    await mkdir(path('logs'))
    await put('logs/wtmp', 'a\0b\n')
    const { code, err } = await importAll(path('logs'))
    assert.deepEqual([code, server.requests.length], [0, 0])
    assert.match(err, /1 file left out: with NUL bytes, so no text\n/)
    assert.equal((await importAll(path('logs/wtmp'))).err, 'imported 1 record from 1 file\n')
  })

  it('keeps the state where --state says, and refuses a file that holds something else', async () => {
    const file = await put('a.log', 'one\n')
    await importAll(file, '--state', path('my.json'))
    assert.deepEqual(await readdir(directory), ['a.log', 'my.json'])
    const { code, err } = await importAll(file, '--state', await put('other.json', '{"version":9}'))
    assert.equal(code, 2)
    assert.match(err, /other\.json is not a state file of this command; name another with --state/)
  })

  const MISTAKES: readonly [words: string[], message: RegExp][] = [
    [['nothing-here.log'], /nothing-here\.log: no such file\n$/],
    [[], /PATH is missing/],
    [
      ['a.log', '--format', 'lines', '--msg-field', 'm'],
      /--msg-field is for NDJSON; leave out --format lines/,
    ],
    [['a.log', '--url', 'ftp://x'], /--url must begin with http:\/\/ or https:\/\//],
    [
      ['a.log', '--url', 'http://x', '--tls'],
      /the --tls options are for TLS; give a --url that begins with https/,
    ],
    [['a.log', '--url', 'http://me:pw@x'], /--url cannot carry a name or a password; use --token/],
    [['a.log', '--tls-ca', 'no.pem'], /no\.pem: no such file/],
  ]
  for (const [words, message] of MISTAKES) {
    it(`says what is wrong with: import ${words.join(' ')}`, async () => {
      const { code, err } = await importAll(...words)
      assert.equal(code, 2)
      assert.match(err, message)
      assert.equal(server.requests.length, 0)
    })
  }

  it('exits with 3 at once when nobody answers', async () => {
    const words = importWords([await put('a.log', 'one\n')], await freePort())
    const { code, err } = await run(words, { env: { XDG_STATE_HOME: path('state') } })
    assert.equal(code, 3)
    assert.match(err, /No LogCaster answers at http:\/\/127\.0\.0\.1:\d+ \(ECONNREFUSED\)/)
  })
})
