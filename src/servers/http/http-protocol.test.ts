import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { CONNECTION_REFUSALS } from '../admission.ts'
import { type TestPeer, turns, until } from '../test-peer.ts'
import { answerOf, HEADERS_MS_MAX, type HttpChanges, HttpFront, IDLE_MS_MAX, jsonOf } from './test-http.ts'

const GET = 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n'
const fronts: HttpFront[] = []

async function open(changes: HttpChanges = {}): Promise<HttpFront> {
  const front = await HttpFront.open(changes)
  fronts.push(front)
  return front
}

afterEach(async () => {
  for (const front of fronts.splice(0)) await front.close()
})

/** Status and problem document of the last answer that a peer got. */
function problemOf(peer: TestPeer): { status: number; code: unknown; headers: string } {
  const start = peer.received.lastIndexOf('HTTP/1.1 ')
  const [headers, body] = peer.received.slice(start).split('\r\n\r\n')
  const status = Number(headers.slice('HTTP/1.1 '.length, 12))
  return { status, code: JSON.parse(body).code, headers }
}

async function answers(peer: TestPeer, count: number): Promise<void> {
  await until(() => peer.received.split('HTTP/1.1 200').length > count, `${count} answers`)
}

describe('a connection', () => {
  it('is kept for the next request', async () => {
    const front = await open()
    const peer = await front.peer()
    peer.send(GET)
    await answers(peer, 1)
    peer.send(GET + GET)
    await answers(peer, 3)
    assert.equal(front.protocol.stats().requests, 3)
    assert.equal(peer.isEnded, false)
  })

  it('answers a peer that has ended its side, and ends', async () => {
    const front = await open()
    const peer = await front.peer()
    front.store.isHeld = true
    peer.end(
      'POST /insert/jsonline HTTP/1.1\r\nHost: localhost\r\nContent-Length: 15\r\n\r\n{"_msg":"one"}\n',
    )
    await until(() => front.store.waiting === 1, 'the batch')
    front.store.release()
    await peer.ended()
    assert.match(peer.received, /"accepted":1/)
    await until(() => peer.isClosed, 'the end of the connection')
    assert.equal(peer.errorCode, null)
  })

  it('ends behind the answer to Connection: close, and of HTTP/1.0', async () => {
    const front = await open()
    for (const request of [
      GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'),
      'GET /health HTTP/1.0\r\n\r\n',
    ]) {
      const peer = await front.peer()
      peer.send(request)
      await peer.ended()
      assert.match(peer.received, /"status":"ok"/)
    }
  })

  it('ends when it was quiet for too long', async () => {
    const front = await open()
    const peer = await front.peer()
    peer.send(GET)
    await answers(peer, 1)
    await turns()
    for (let ms = 0; ms < IDLE_MS_MAX - HEADERS_MS_MAX; ms += HEADERS_MS_MAX)
      front.clock.advance(HEADERS_MS_MAX)
    await turns()
    assert.equal(peer.isEnded, false)
    front.clock.advance(2 * HEADERS_MS_MAX)
    await peer.ended()
    assert.doesNotMatch(peer.received, /HTTP\/1\.1 4/)
  })

  it('is refused when the headers of a request take too long', async () => {
    const front = await open()
    const slow = await front.peer()
    slow.send('GET /health HTTP/1.1\r\nHost: local')
    await until(() => front.protocol.stats().sessions === 1, 'the session')
    front.clock.advance(HEADERS_MS_MAX)
    await slow.ended()
    assert.deepEqual({ ...problemOf(slow), headers: '' }, { status: 408, code: 'TIMED_OUT', headers: '' })
    const second = await front.peer()
    second.send(GET)
    await answers(second, 1)
    second.send('GET /hea')
    await until(() => {
      front.clock.advance(1000)
      return second.isEnded
    }, 'the end')
    assert.equal(problemOf(second).status, 408)
  })

  it('is cut off when a body stops coming', async () => {
    const front = await open()
    const peer = await front.peer()
    peer.send(
      'POST /insert/jsonline HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{"_msg":"one"}\n{"',
    )
    await until(() => front.store.messages.length === 1, 'the first line')
    await turns()
    front.clock.advance(IDLE_MS_MAX / 2)
    await turns()
    assert.equal(peer.isClosed, false)
    front.clock.advance(IDLE_MS_MAX)
    await peer.ended()
    assert.deepEqual(front.store.messages, ['one'])
  })

  it('is not cut off while the server works', async () => {
    const front = await open()
    front.store.isHeld = true
    const answer = front.post('/insert/jsonline', '{"_msg":"one"}')
    await until(() => front.store.waiting === 1, 'the batch')
    front.clock.advance(3 * IDLE_MS_MAX)
    await turns()
    front.store.release()
    assert.equal((await answer).status, 200)
  })

  it('tells a peer that sends on why it was refused', async () => {
    const front = await open({ grant: [] })
    const peer = await front.peer()
    peer.send('POST /insert/jsonline HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999\r\n\r\n')
    await until(() => peer.received.includes('"code"'), 'the refusal')
    for (let sent = 0; sent < 64; sent++) {
      peer.send('x'.repeat(64 * 1024))
      await turns(2)
    }
    await peer.ended()
    peer.end()
    await until(() => peer.isClosed, 'the end of the connection')
    assert.deepEqual([problemOf(peer).status, peer.errorCode], [401, null])
  })

  it('is closed behind as many requests as it may carry', async () => {
    const front = await open({ options: { requestsPerConnectionMax: 2 } })
    const peer = await front.peer()
    peer.send(GET + GET + GET)
    await peer.ended()
    assert.equal(peer.received.split('HTTP/1.1 200').length - 1, 2)
  })

  it('takes the first request from bytes that came before it was HTTP, byte by byte', async () => {
    const front = await open()
    const peer = await front.peer()
    for (const byte of GET) {
      peer.send(byte)
      await turns(2)
    }
    await answers(peer, 1)
  })
})

describe('requests that are sent ahead', () => {
  const POST =
    'POST /insert/jsonline HTTP/1.1\r\nHost: localhost\r\nContent-Length: 15\r\n\r\n{"_msg":"one"}\n'

  it('are begun when those before them are answered', async () => {
    const front = await open()
    const peer = await front.peer()
    front.store.isHeld = true
    peer.send(POST.repeat(3))
    for (let stored = 1; stored <= 3; stored++) {
      await until(() => front.store.waiting === 1, 'the batch')
      await turns()
      assert.equal(front.store.appends, stored)
      front.store.release()
      await answers(peer, stored)
    }
  })

  it('keep their answers when what follows is no request', async () => {
    const front = await open()
    const peer = await front.peer()
    front.store.isHeld = true
    peer.send(`${POST}${POST}no request\r\n\r\n`)
    for (let stored = 1; stored <= 2; stored++) {
      await until(() => front.store.waiting === 1, 'the batch')
      await turns()
      assert.equal(peer.received.split('HTTP/1.1').length, stored)
      front.store.release()
      await answers(peer, stored)
    }
    await peer.ended()
    assert.equal(peer.received.split('"accepted":1').length - 1, 2)
    assert.equal(problemOf(peer).status, 400)
  })

  it('are refused when too many wait, behind the answers to the others', async () => {
    const front = await open()
    const peer = await front.peer()
    peer.send(GET.repeat(5000))
    await peer.ended()
    assert.equal(peer.received.split('HTTP/1.1 200').length - 1, 100)
    assert.deepEqual([problemOf(peer).status, problemOf(peer).code], [429, 'RATE_EXCEEDED'])
    assert.deepEqual([front.protocol.stats().requests, front.protocol.stats().errors], [100, 1])
  })

  it('are forgotten when the peer goes', async () => {
    const front = await open()
    const peer = await front.peer()
    front.store.isHeld = true
    peer.send(POST.repeat(3))
    await until(() => front.store.waiting === 1, 'the batch')
    peer.socket.resetAndDestroy()
    await turns()
    front.store.release()
    await until(() => front.protocol.stats().sessions === 0, 'the end of the session')
    assert.equal(front.store.appends, 1)
  })
})

describe('draining', () => {
  it('ends quiet connections at once and the others behind their answer', async () => {
    const front = await open()
    const quiet = await front.peer()
    quiet.send(GET)
    await answers(quiet, 1)
    front.store.isHeld = true
    const sent = front.begin('/insert/jsonline', { method: 'POST' })
    const answer = answerOf(sent)
    sent.end('{"_msg":"one"}')
    await until(() => front.store.waiting === 1, 'the batch')
    const drained = front.port.drain(10_000)
    await quiet.ended()
    front.store.release()
    const { status, headers } = await answer
    assert.deepEqual([status, headers.connection], [200, 'close'])
    quiet.end()
    assert.equal(await drained, 0)
  })

  it('cuts off what is not done at the deadline, and keeps what was decoded', async () => {
    const front = await open()
    const peer = await front.peer()
    peer.send(
      'POST /insert/jsonline HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{"_msg":"one"}\n',
    )
    await until(() => front.store.messages.length === 1, 'the first line')
    const drained = front.port.drain(1000)
    await turns()
    front.clock.advance(1000)
    assert.equal(await drained, 1)
    await peer.ended()
    assert.equal(peer.received, '')
  })
})

describe('what is no request', () => {
  const CASES: readonly (readonly [what: string, bytes: string, status: number])[] = [
    ['no HTTP at all behind a first request', `${GET}\x00\x01\x02\r\n\r\n`, 400],
    ['a length that is none', 'POST /api/data HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n', 400],
    [
      'a length and chunks',
      'POST /api/data HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
    ],
    [
      'headers beyond the limit',
      `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`,
      431,
    ],
    ['too many headers', `GET / HTTP/1.1\r\nHost: localhost\r\n${'a: b\r\n'.repeat(100)}\r\n`, 431],
    ['another expectation', 'GET / HTTP/1.1\r\nHost: localhost\r\nExpect: tea\r\n\r\n', 417],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505],
    ['a request to a proxy', 'CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n', 405],
    ['a target with a host', 'GET http://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n', 400],
    ['no host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['two hosts', 'GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n', 400],
    ['a long path', `GET /${'x'.repeat(8192)} HTTP/1.1\r\nHost: localhost\r\n\r\n`, 414],
    ['a path with a bad escape', 'GET /static/%zz HTTP/1.1\r\nHost: localhost\r\n\r\n', 400],
  ]
  for (const [what, bytes, status] of CASES) {
    it(`is refused as a problem document: ${what}`, async () => {
      const front = await open()
      const peer = await front.peer()
      peer.send(bytes)
      await until(() => peer.received.includes('"code"') || peer.isClosed, 'a refusal')
      const problem = problemOf(peer)
      assert.equal(problem.status, status)
      assert.match(problem.headers, /Content-Type: application\/problem\+json/i)
      assert.match(problem.headers, /X-Content-Type-Options: nosniff/i)
      assert.deepEqual(front.problems, [])
    })
  }

  it('is told to a connection that may not be opened, too', async () => {
    const front = await open({ port: { connectionsMax: 1 } })
    const first = await front.peer()
    first.send(GET)
    await answers(first, 1)
    const second = await front.peer()
    await second.ended()
    assert.deepEqual([problemOf(second).status, problemOf(second).code], [429, 'RATE_EXCEEDED'])
    const banned = front.protocol.refusal({ reason: CONNECTION_REFUSALS.notAllowed, isLasting: true })
    assert.match(banned, /^HTTP\/1\.1 403 Forbidden\r\n/)
  })
})

describe('over the loopback interface', () => {
  const ask = (front: HttpFront, headers: Record<string, string>) =>
    front.ask('/select/logsql/query?query=a', { headers })

  it('requests must be for a name of this server', async () => {
    const front = await open({ options: { hostNames: ['logs.example'] } })
    for (const host of [
      'localhost',
      'LOCALHOST:9997',
      '127.0.0.1:1',
      '[::1]:9997',
      'logs.example',
      'Logs.Example:80',
    ]) {
      assert.equal((await ask(front, { Host: host })).status, 200, host)
    }
    for (const host of [
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      'logs.example.evil',
      '[::1].evil',
    ]) {
      const answer = await ask(front, { Host: host })
      assert.deepEqual([answer.status, jsonOf(answer)['code']], [403, 'ORIGIN_REFUSED'], host)
    }
  })

  it('pages of other servers may not ask', async () => {
    const front = await open({ options: { corsOrigins: ['https://dash.example'] } })
    for (const origin of ['http://localhost:9997', 'https://dash.example']) {
      assert.equal((await ask(front, { Host: 'localhost:9997', Origin: origin })).status, 200, origin)
    }
    for (const origin of [
      'http://localhost:1',
      'https://evil.example',
      'null',
      'nonsense',
      'https://dash.example.evil',
    ]) {
      const answer = await ask(front, { Host: 'localhost:9997', Origin: origin })
      assert.deepEqual([answer.status, jsonOf(answer)['code']], [403, 'ORIGIN_REFUSED'], origin)
    }
    const answer = await ask(front, { Host: 'localhost:99999', Origin: 'null' })
    assert.deepEqual([answer.status, jsonOf(answer)['code']], [403, 'ORIGIN_REFUSED'], 'neither is an origin')
    assert.equal(front.hub.asked.length, 2)
  })
})

describe('CORS', () => {
  const preflight = {
    method: 'OPTIONS',
    headers: { Host: 'localhost', Origin: 'https://dash.example', 'Access-Control-Request-Method': 'POST' },
  }

  it('is granted to configured origins, before credentials are asked for', async () => {
    const front = await open({ grant: [], options: { corsOrigins: ['https://dash.example'] } })
    const answer = await front.ask('/api/v1/logs', preflight)
    assert.equal(answer.status, 204)
    assert.equal(answer.headers['access-control-allow-origin'], 'https://dash.example')
  })

  it('is granted to nobody by default', async () => {
    const front = await open()
    const answer = await front.ask('/api/v1/logs', preflight)
    assert.equal(answer.status, 403)
    assert.equal(answer.headers['access-control-allow-origin'], undefined)
  })
})

describe('a path', () => {
  it('that nobody knows gets a suggestion', async () => {
    const front = await open()
    const answer = await front.ask('/insert/jsonlines?x=1')
    assert.deepEqual([answer.status, jsonOf(answer)['code']], [404, 'ROUTE_UNKNOWN'])
    assert.equal(jsonOf(answer)['detail'], 'There is nothing at this path; did you mean `/insert/jsonline`?')
    const other = await front.ask('/<script>')
    assert.equal(jsonOf(other)['detail'], 'There is nothing at this path.')
  })

  it('that does not take the method says which it takes', async () => {
    const front = await open()
    for (const method of ['GET', 'PUT', 'PROPFIND']) {
      const answer = await front.ask('/insert/jsonline', { method })
      assert.deepEqual([answer.status, jsonOf(answer)['code']], [405, 'METHOD_REFUSED'], method)
      assert.equal(answer.headers['allow'], 'POST')
    }
    const options = await front.ask('/health', { method: 'OPTIONS' })
    assert.deepEqual([options.status, options.headers['allow']], [204, 'GET, HEAD'])
  })

  it('is no file outside the static ones, however it is written', async () => {
    const front = await open()
    for (const path of [
      '/static/../http-app.ts',
      '/static/%2e%2e/http-app.ts',
      '/static/..%2fhttp-app.ts',
      '/static/..%5chttp-app.ts',
      '/static/..\\http-app.ts',
      '/static/%252e%252e/http-app.ts',
      '/static//etc/passwd',
      '/static/page.css%00.png',
      '/static/page.css/',
      '/static/.',
      '/static/',
      '/static/%70age.css%2f..',
    ]) {
      const peer = await front.peer()
      peer.send(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
      await peer.ended()
      assert.ok([400, 403, 404].includes(problemOf(peer).status), `${path}: ${peer.received}`)
    }
    const { status, headers, text } = await front.ask('/static/page.css')
    assert.deepEqual([status, headers['content-type']], [200, 'text/css; charset=utf-8'])
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.match(text, /^:root/)
  })
})

describe('a body that is held whole', () => {
  it('must come within a minute', async () => {
    const front = await open()
    const peer = await front.peer()
    peer.send('POST /api/data HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\nslow')
    await until(() => front.protocol.stats().bytes > 60, 'the first bytes')
    await turns()
    front.clock.advance(60_000)
    await peer.ended()
    assert.deepEqual([problemOf(peer).status, problemOf(peer).code], [408, 'TIMED_OUT'])
    assert.equal(front.protocol.stats().statuses['4xx'], 1)
  })
})

it('counts bytes, answers and refusals', async () => {
  const front = await open()
  const peer = await front.peer()
  peer.send(GET)
  await answers(peer, 1)
  peer.send(GET.replace('health', 'nothing'))
  await until(() => peer.received.includes('404'), 'a refusal')
  peer.send('nonsense\r\n\r\n')
  await peer.ended()
  const { bytes, requests, errors, statuses } = front.protocol.stats()
  assert.deepEqual({ bytes, requests, errors }, { bytes: 2 * GET.length + 1, requests: 2, errors: 2 })
  assert.deepEqual(statuses, { '1xx': 0, '2xx': 1, '3xx': 0, '4xx': 2, '5xx': 0 })
})
