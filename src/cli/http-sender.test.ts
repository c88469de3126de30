import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isCodedError, SeededRandom, SimulatedClock } from '../base/base.ts'
import { freePort } from './fake-io.ts'
import { type FakeFailure, FakeLogServer } from './fake-log-server.ts'
import { HttpSender, type HttpSenderOptions, type LogsBody } from './http-sender.ts'
import { retryNotes } from './http-sender-notes.ts'
import { makeAuthority, makeCertificate } from './tls-making.ts'
import type { TlsSettings } from './tls-options.ts'

const BODY: LogsBody = { bytes: Buffer.from('one\ntwo\n'), contentType: 'text/plain', key: 'k-1' }

/** A sender whose pauses end at once, and the list of them. */
class Bench implements Disposable {
  readonly clock = new SimulatedClock()
  readonly stop = new AbortController()
  readonly abandon = new AbortController()
  readonly pauses: { reason: string; delayMs: number }[] = []
  readonly sender: HttpSender

  constructor(url: URL, options: Partial<HttpSenderOptions> = {}) {
    const { clock, stop, abandon } = this
    const onRetry = (reason: string, delayMs: number): void => {
      this.pauses.push({ reason, delayMs })
      setImmediate(() => clock.advance(delayMs))
    }
    const shared = { clock, random: new SeededRandom(7), stop: stop.signal, abandon: abandon.signal, onRetry }
    this.sender = new HttpSender({ target: { url }, ...shared, ...options })
  }

  [Symbol.dispose](): void {
    this.sender.close()
  }
}

/** Fails in this order, then no more. */
function failing(...failures: readonly FakeFailure[]): () => FakeFailure | null {
  const left = [...failures]
  return () => left.shift() ?? null
}

function problem(
  status: number,
  code: string,
  detail: string,
  headers: Record<string, string> = {},
): FakeFailure {
  const body = JSON.stringify({ type: 'about:blank', title: 'Title', status, detail, code })
  return { status, body, headers: { 'content-type': 'application/problem+json', ...headers } }
}

async function failureOf(
  promise: Promise<unknown>,
): Promise<{ code: string; message: string; exitCode: unknown }> {
  const error = await promise.then(
    () => assert.fail('it resolved'),
    (reason: unknown) => reason,
  )
  assert.ok(isCodedError(error), String(error))
  return { code: error.code, message: error.message, exitCode: error.details['exitCode'] }
}

describe('HttpSender', () => {
  it('sends the body with its key, its type, its query and its token, and reads the answer', async () => {
    await using server = await FakeLogServer.open()
    server.isRefused = (line) => line === 'two'
    using bench = new Bench(server.url, { target: { url: server.url, token: 'secret' } })
    const answer = await bench.sender.send({ ...BODY, search: 'time_field=ts' })
    assert.deepEqual(answer, {
      accepted: 1,
      refused: 1,
      isRepeated: false,
      refusals: [{ line: 2, code: 'RECORD_INVALID', reason: 'the line is not JSON' }],
    })
    assert.deepEqual(server.requests, [
      {
        path: '/api/v1/logs?time_field=ts',
        key: 'k-1',
        contentType: 'text/plain',
        authorization: 'Bearer secret',
        body: 'one\ntwo\n',
      },
    ])
  })

  it('sends the same body under the same key again after a reset, and it is stored once', async () => {
    await using server = await FakeLogServer.open()
    server.failure = failing('resetAfterStoring', 'reset')
    using bench = new Bench(server.url)
    assert.equal((await bench.sender.send(BODY)).isRepeated, true)
    assert.deepEqual(
      server.requests.map(({ key }) => key),
      ['k-1', 'k-1', 'k-1'],
    )
    assert.equal(server.text, 'one\ntwo\n')
  })

  for (const status of [408, 429, 502, 503, 504, 507]) {
    it(`tries again after status ${status}, also when it comes without a problem document`, async () => {
      await using server = await FakeLogServer.open()
      server.failure = failing(problem(status, 'STORE_FULL', 'Later, please.'), { status, body: 'busy' })
      using bench = new Bench(server.url)
      assert.equal((await bench.sender.send(BODY)).accepted, 2)
      assert.deepEqual(
        bench.pauses.map(({ reason }) => reason),
        ['Later, please.', `${server.url.origin} answers with status ${status}`],
      )
    })
  }

  it('waits longer each time, with jitter, and never longer than 30 s', async () => {
    await using server = await FakeLogServer.open()
    server.failure = failing(...Array.from({ length: 12 }, () => ({ status: 503 })))
    using bench = new Bench(server.url)
    await bench.sender.send(BODY)
    bench.pauses.forEach(({ delayMs }, n) => {
      const fullMs = Math.min(30_000, 200 * 2 ** n)
      assert.ok(delayMs >= fullMs / 2 && delayMs <= fullMs, `pause ${n}: ${delayMs} ms, seed 7`)
    })
    assert.equal(bench.pauses.length, 12)
  })

  it('waits as long as Retry-After says, in seconds or until a date, but not for hours', async () => {
    await using server = await FakeLogServer.open()
    using bench = new Bench(server.url)
    const inAMinute = new Date(bench.clock.wallMs() + 60_000).toUTCString()
    server.failure = failing(
      problem(429, 'STORE_FULL', 'x', { 'retry-after': '40' }),
      problem(503, 'STORE_FULL', 'x', { 'retry-after': inAMinute }),
      problem(503, 'STORE_FULL', 'x', { 'retry-after': '86400' }),
      problem(503, 'STORE_FULL', 'x', { 'retry-after': 'soon' }),
    )
    await bench.sender.send(BODY)
    assert.deepEqual(
      bench.pauses.slice(0, 3).map(({ delayMs }) => delayMs),
      [40_000, 20_000, 300_000],
    )
    assert.ok(bench.pauses[3].delayMs <= 1600)
  })

  it('advises a token where one is asked for and none was given', async () => {
    await using server = await FakeLogServer.open()
    const refused = problem(401, 'NOT_ALLOWED', 'This port does not grant this to everybody.')
    server.failure = failing(refused)
    using without = new Bench(server.url)
    assert.deepEqual(await failureOf(without.sender.send(BODY)), {
      code: 'SERVER_REFUSED',
      message:
        'This port does not grant this to everybody. Give a token that allows it with --token or LOGCASTER_TOKEN.',
      exitCode: 4,
    })
    server.failure = failing(refused)
    using having = new Bench(server.url, { target: { url: server.url, token: 'secret' } })
    const { message } = await failureOf(having.sender.send(BODY))
    assert.equal(message, 'This port does not grant this to everybody.')
  })

  const REFUSALS: readonly [status: number, exitCode: number][] = [
    [400, 1],
    [403, 4],
    [413, 6],
    [500, 1],
  ]
  for (const [status, exitCode] of REFUSALS) {
    it(`does not try again after status ${status}, and exits with ${exitCode}`, async () => {
      await using server = await FakeLogServer.open()
      server.failure = failing(problem(status, 'NO', 'Not like this.'))
      using bench = new Bench(server.url)
      const failure = await failureOf(bench.sender.send(BODY))
      assert.deepEqual(failure, { code: 'SERVER_REFUSED', message: 'Not like this.', exitCode })
      assert.equal(server.requests.length, 1)
    })
  }

  it('advises TLS where a port takes nothing else, and exits with 2 as for the other ports', async () => {
    await using server = await FakeLogServer.open()
    server.failure = failing(problem(403, 'NOT_ALLOWED', 'This port speaks TLS only.'))
    using bench = new Bench(server.url)
    assert.deepEqual(await failureOf(bench.sender.send(BODY)), {
      code: 'SERVER_REFUSED',
      message: 'This port speaks TLS only. Use --tls, or --tls-ca with the file of its authority.',
      exitCode: 2,
    })
    assert.equal(server.requests.length, 1)
  })

  it('says so when what answers is not LogCaster, and shows its text inert', async () => {
    await using server = await FakeLogServer.open()
    using bench = new Bench(server.url)
    for (const status of [200, 404]) {
      server.failure = failing({ status, body: '\x1b[2J<html>' })
      const { code, message, exitCode } = await failureOf(bench.sender.send(BODY))
      assert.deepEqual([code, exitCode], ['SERVER_REFUSED', 3])
      assert.match(
        message,
        new RegExp(`does not take logs as LogCaster does: status ${status}, "\\\\x1b\\[2J<html>"`),
      )
    }
  })

  it('gives up at once where no server has ever answered, if it is told to', async () => {
    using bench = new Bench(new URL(`http://127.0.0.1:${await freePort()}/api/v1/logs`), {
      needsServer: true,
    })
    const { code, message } = await failureOf(bench.sender.send(BODY))
    assert.equal(code, 'SERVER_UNREACHABLE')
    assert.match(message, /^No LogCaster answers at http:\/\/127\.0\.0\.1:\d+ \(ECONNREFUSED\)\. Start it/)
    assert.deepEqual(bench.pauses, [])
  })

  it('gives up when the time for one body is over', async () => {
    using bench = new Bench(new URL(`http://127.0.0.1:${await freePort()}/`), { tryMsMax: 60_000 })
    assert.equal((await failureOf(bench.sender.send(BODY))).code, 'SERVER_UNREACHABLE')
    assert.ok(bench.pauses.length > 5)
    assert.ok(bench.clock.monotonicMs() <= 60_000)
  })

  it('stops trying when told to, in the middle of a pause', async () => {
    const stop = new AbortController()
    using bench = new Bench(new URL(`http://127.0.0.1:${await freePort()}/`), {
      stop: stop.signal,
      onRetry: () => setImmediate(() => stop.abort()),
    })
    const { code, exitCode } = await failureOf(bench.sender.send(BODY))
    assert.deepEqual([code, exitCode], ['QUERY_CANCELLED', 130])
  })

  it('tries again when no answer comes within a minute', async () => {
    await using server = await FakeLogServer.open()
    const gate = Promise.withResolvers<void>()
    server.gate = gate.promise
    using bench = new Bench(server.url)
    const sending = bench.sender.send(BODY)
    await server.received(1)
    bench.clock.advance(60_000)
    await server.received(2)
    gate.resolve()
    assert.equal((await sending).accepted, 2)
    assert.match(bench.pauses[0].reason, /ETIMEDOUT/)
  })
})

describe('HttpSender over TLS', () => {
  const nowMs = Date.now()
  const wishes = { nowMs, expiresMs: nowMs + 3_600_000 }

  it('trusts the authority that it is given, and says what helps when it trusts none or the name is another', async () => {
    const authority = await makeAuthority({ commonName: 'test', ...wishes })
    const names = ['127.0.0.1', 'logs.example']
    const made = await makeCertificate({ authority, purpose: 'server', names, ...wishes })
    await using server = await FakeLogServer.open(made)
    const url = new URL(`https://127.0.0.1:${server.port}/api/v1/logs`)
    for (const tls of [{ ca: authority.cert }, { ca: authority.cert, serverName: 'logs.example' }]) {
      using bench = new Bench(url, { target: { url, tls } })
      assert.equal((await bench.sender.send(BODY)).accepted, 2)
    }
    const failures: readonly [tls: TlsSettings, message: RegExp][] = [
      [
        {},
        /^The certificate of 127\.0\.0\.1:\d+ is not trusted .* name the file of its authority with --tls-ca/,
      ],
      [{ ca: authority.cert, serverName: 'other.example' }, /is for .*logs\.example/],
    ]
    for (const [tls, message] of failures) {
      using bench = new Bench(url, { target: { url, tls } })
      const failure = await failureOf(bench.sender.send(BODY))
      assert.equal(failure.code, 'SERVER_UNREACHABLE')
      assert.match(failure.message, message)
      assert.deepEqual(bench.pauses, [])
    }
  })
})

describe('retryNotes', () => {
  it('tells of a pause once, however many requests wait, and not of short ones', () => {
    const clock = new SimulatedClock()
    const said: string[] = []
    const note = retryNotes(clock, (text) => said.push(text))
    note('Away.', 999)
    for (let request = 0; request < 3; request++) note('Away.', 4000)
    clock.advance(4000)
    note('Still away.', 8000)
    assert.deepEqual(said, ['Away. Trying again in 4 s.', 'Still away. Trying again in 8 s.'])
  })
})
