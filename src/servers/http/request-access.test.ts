/** Every route on every port policy: what the policy grants and nothing else. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { afterEach, describe, it } from 'node:test'
import { authenticateBy } from '../access.ts'
import { ACTIONS, CAPABILITIES, type Capability } from '../actions.ts'
import { ROUTES } from './routes.ts'
import { type HttpAnswer, type HttpChanges, HttpFront, jsonOf } from './test-http.ts'

const fronts: HttpFront[] = []

async function open(changes: HttpChanges = {}): Promise<HttpFront> {
  const front = await HttpFront.open(changes)
  fronts.push(front)
  return front
}

afterEach(async () => {
  for (const front of fronts.splice(0)) await front.close()
})

const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex')
const authenticate = authenticateBy([
  { name: 'writer', grant: ['write'], hash: hashOf('w') },
  { name: 'reader', grant: ['read'], hash: hashOf('r') },
  { name: 'nobody', grant: [], hash: hashOf('n') },
])
const WITH_TOKENS: HttpChanges = { port: { access: { grant: [], authenticate } } }

/** A request that is right for the route, but for who sends it. */
function askRoute(
  front: HttpFront,
  path: string,
  method: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<HttpAnswer> {
  const target = path === '/select/logsql/query' ? `${path}?query=a` : path.replace('*', 'page.css')
  return front.ask(target, { method, headers, body: method === 'POST' ? '' : undefined })
}

const GRANTS: readonly (readonly Capability[])[] = [[], ...CAPABILITIES.map((one) => [one]), CAPABILITIES]

describe('a route', () => {
  for (const grant of GRANTS) {
    it(`lets everybody in where the port grants it: ${grant.join(', ') || 'nothing'}`, async () => {
      const front = await open({ grant })
      for (const { path, methods, action } of ROUTES) {
        const needed: Capability | null = ACTIONS[action]
        const isAllowed = needed === null || grant.includes(needed)
        for (const method of methods) {
          const { status } = await askRoute(front, path, method)
          assert.equal(status === 401, !isAllowed, `${method} ${path} answered ${status}`)
          // What is let in may still be refused for what it says: the body is empty.
          assert.ok((status !== 403 && status !== 405) || !isAllowed, `${method} ${path} answered ${status}`)
        }
      }
    })
  }

  it('lets in what a token adds, and only that', async () => {
    const front = await open(WITH_TOKENS)
    for (const { path, methods, action } of ROUTES) {
      for (const [token, grant] of [
        ['w', 'write'],
        ['r', 'read'],
        ['n', ''],
      ] as const) {
        const needed = ACTIONS[action]
        const answer = await askRoute(front, path, methods[0], { Authorization: `Bearer ${token}` })
        const isAllowed = needed === null || needed === grant
        assert.equal(answer.status === 403, !isAllowed, `${path} with ${token} answered ${answer.status}`)
        if (!isAllowed) assert.equal(jsonOf(answer)['code'], 'NOT_ALLOWED')
      }
    }
  })
})

describe('credentials', () => {
  it('are asked for where they are missing', async () => {
    const front = await open(WITH_TOKENS)
    const answer = await front.post('/insert/jsonline', '{"_msg":"one"}')
    assert.deepEqual([answer.status, jsonOf(answer)['code']], [401, 'NOT_ALLOWED'])
    assert.equal(answer.headers['www-authenticate'], 'Bearer realm="logcaster"')
    assert.equal(front.store.appends, 0)
  })

  it('may come as a password', async () => {
    const front = await open(WITH_TOKENS)
    const basic = (text: string) => ({ Authorization: `Basic ${Buffer.from(text).toString('base64')}` })
    assert.equal((await front.post('/insert/jsonline', '{"_msg":"one"}', basic('anybody:w'))).status, 200)
    assert.equal((await front.post('/insert/jsonline', '{"_msg":"two"}', basic('w'))).status, 401)
    assert.deepEqual(front.store.messages, ['one'])
  })

  it('that nobody has are refused, and nothing is stored', async () => {
    const front = await open(WITH_TOKENS)
    for (const credentials of ['Bearer x', 'bearer', 'Basic eDp4', 'Digest x', 'Bearer w x', '']) {
      const answer = await front.post('/insert/jsonline', '{"_msg":"one"}', { Authorization: credentials })
      assert.deepEqual([answer.status, jsonOf(answer)['code']], [401, 'TOKEN_UNKNOWN'], credentials)
    }
    assert.equal(front.store.appends, 0)
  })

  it('of one request are not those of the next', async () => {
    const front = await open(WITH_TOKENS)
    const peer = await front.peer()
    const head = 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n'
    peer.send(`${head}Authorization: Bearer r\r\n\r\n${head}Connection: close\r\n\r\n`)
    await peer.ended()
    const statuses = [...peer.received.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => status)
    assert.deepEqual(statuses, ['200', '401'])
  })

  it('that nobody has do no harm where everybody may', async () => {
    const front = await open({ grant: ['write'] })
    const answer = await front.post('/insert/jsonline', '{"_msg":"one"}', { Authorization: 'Bearer x' })
    assert.equal(answer.status, 200)
  })
})
