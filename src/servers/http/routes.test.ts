import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { ROUTES } from './routes.ts'
import { type HttpChanges, HttpFront, jsonOf } from './test-http.ts'

const fronts: HttpFront[] = []

async function open(changes: HttpChanges = {}): Promise<HttpFront> {
  const front = await HttpFront.open(changes)
  fronts.push(front)
  return front
}

afterEach(async () => {
  for (const front of fronts.splice(0)) await front.close()
})

describe('every answer', () => {
  it('tells browsers to do next to nothing with it', async () => {
    const front = await open()
    for (const path of [...ROUTES.map((route) => route.path), '/nothing']) {
      const { headers } = await front.ask(path)
      assert.equal(headers['x-content-type-options'], 'nosniff', path)
      assert.equal(headers['referrer-policy'], 'no-referrer', path)
      assert.match(String(headers['content-security-policy']), /^default-src 'none'; style-src 'self';/, path)
      assert.equal(headers['server'], undefined)
    }
  })
})

describe('/health and /ready', () => {
  it('are well while the server is', async () => {
    const front = await open({ grant: [] })
    assert.deepEqual(jsonOf(await front.ask('/health')), { status: 'ok' })
    assert.deepEqual(jsonOf(await front.ask('/ready')), { status: 'ready' })
    assert.equal((await front.ask('/ready', { method: 'HEAD' })).text, '')
  })

  it('differ while a store takes no records', async () => {
    const front = await open()
    for (const [state, code] of [
      ['full', 'STORE_FULL'],
      ['readOnly', 'STORE_READ_ONLY'],
      ['closed', 'STORE_CLOSED'],
    ] as const) {
      front.store.state = state
      const answer = await front.ask('/ready')
      assert.deepEqual([answer.status, jsonOf(answer)['code']], [503, code])
      assert.equal((await front.ask('/health')).status, 200)
    }
  })
})

describe('/api/status', () => {
  it('says for how long the server runs', async () => {
    const front = await open({ grant: [] })
    front.clock.advance(90_500)
    assert.deepEqual(jsonOf(await front.ask('/api/status')), {
      status: 'running',
      server: 'LogCaster 1.2.3',
      uptime: 90,
      timestamp: '2025-06-15T15:08:10.500Z',
    })
  })
})

describe('/api/stats', () => {
  it('sums up what the protocols count', async () => {
    const front = await open()
    await front.post('/api/v1/logs', '{"_msg":"one"}\nx\n')
    await front.ask('/nothing')
    const { connections, requests, records, errors, refused, ports } = jsonOf(await front.ask('/api/stats'))
    assert.deepEqual(
      { connections, requests, records, errors, refused },
      {
        connections: 1,
        requests: 2,
        records: 1,
        errors: 1,
        refused: 1,
      },
    )
    assert.deepEqual(Object.keys(ports ?? {}), ['http'])
  })
})

describe('/api/echo', () => {
  it('gives back what it got, but for credentials', async () => {
    const front = await open({ grant: [] })
    const headers = { Host: 'localhost', Cookie: 'a=1; b=%20', Authorization: 'Bearer x', 'X-Own': 'y' }
    const answer = await front.ask('/api/echo?q=1&r=%C3%A4', { method: 'PUT', headers, body: 'body' })
    assert.deepEqual(jsonOf(answer), {
      method: 'PUT',
      path: '/api/echo',
      headers: {
        host: 'localhost',
        cookie: 'a=1; b=%20',
        'x-own': 'y',
        connection: 'keep-alive',
        'content-length': '4',
      },
      cookies: { a: '1', b: ' ' },
      query_params: { q: '1', r: 'ä' },
      body: 'body',
    })
    assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8')
  })

  it('takes every method, and a body of at most one MiB', async () => {
    const front = await open()
    for (const method of ['GET', 'POST', 'PATCH', 'DELETE', 'OPTIONS']) {
      assert.equal(jsonOf(await front.ask('/api/echo', { method }))['method'], method)
    }
    const answer = await front.ask('/api/echo', { method: 'POST', body: 'x'.repeat((1 << 20) + 1) })
    assert.deepEqual([answer.status, jsonOf(answer)['code']], [413, 'BODY_TOO_LARGE'])
  })
})

describe('POST /api/data', () => {
  it('gives back JSON as JSON and text as text', async () => {
    const front = await open({ grant: [] })
    const json = { 'Content-Type': 'application/json' }
    const timestamp = '2025-06-15T15:06:40.000Z'
    assert.deepEqual(jsonOf(await front.post('/api/data', '{"a":[1]}', json)), {
      received: { a: [1] },
      timestamp,
      processed: true,
    })
    assert.deepEqual(jsonOf(await front.post('/api/data', '{"a"')), {
      received: '{"a"',
      timestamp,
      processed: true,
    })
  })

  it('refuses what says to be JSON and is not', async () => {
    const front = await open()
    const answer = await front.post('/api/data', '{"a"', {
      'Content-Type': 'application/json; charset=utf-8',
    })
    const { code, error, status } = jsonOf(answer)
    assert.deepEqual([answer.status, status, code, error], [400, 400, 'REQUEST_INVALID', 'Invalid JSON'])
  })

  it('refuses JSON that is nested too deeply to be given back', async () => {
    const front = await open()
    const body = '['.repeat(100_000) + ']'.repeat(100_000)
    const answer = await front.post('/api/data', body, { 'Content-Type': 'application/json' })
    assert.deepEqual([answer.status, jsonOf(answer)['code']], [400, 'REQUEST_INVALID'])
    assert.deepEqual(front.problems, [])
  })
})

describe('/', () => {
  it('is a page without scripts', async () => {
    const front = await open()
    await front.post('/api/v1/logs', '{"_msg":"one"}')
    const { headers, text } = await front.ask('/')
    assert.equal(headers['content-type'], 'text/html; charset=utf-8')
    assert.match(text, /<dt>Version<\/dt><dd>1\.2\.3<\/dd>/)
    assert.match(text, /<dt>Records<\/dt><dd>1<\/dd>/)
    assert.match(text, /<td>http<\/td><td>127\.0\.0\.1:\d+<\/td><td>1<\/td>/)
    assert.doesNotMatch(text, /<script|style=|onclick/)
  })

  it('shows no counters to whoever may not read', async () => {
    const front = await open({ grant: ['write'] })
    const { text } = await front.ask('/')
    assert.match(text, /<dt>Version<\/dt>/)
    assert.doesNotMatch(text, /Records|Ports|connections/)
  })

  it('says how to send and to ask, with a token where one is needed', async () => {
    const front = await open({ grant: ['write'] })
    const { text } = await front.ask('/')
    assert.match(
      text,
      /<pre>curl http:\S+\/api\/v1\/logs -d &#39;\{&quot;_msg&quot;:&quot;it works&quot;\}&#39;<\/pre>/,
    )
    assert.match(text, /<pre>curl -H &#39;Authorization: Bearer TOKEN&#39; http:\S+\/select\/logsql\/query /)
  })

  it('shows hostile text as text', async () => {
    const front = await open({ options: { version: `<img src="x" onerror='a'>&` } })
    const { text } = await front.ask('/')
    assert.ok(text.includes('<dd>&lt;img src=&quot;x&quot; onerror=&#39;a&#39;&gt;&amp;</dd>'))
  })
})
