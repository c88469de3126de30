import assert from 'node:assert/strict'
import { test } from 'node:test'
import { turns, until } from '../test-peer.ts'
import { HttpFront } from './test-http.ts'

const HOST = 'Host: 127.0.0.1\r\n'
const RECORD = '{"message":"one"}'
const POST = `POST /api/v1/logs HTTP/1.1\r\n${HOST}Content-Length: ${RECORD.length}\r\n\r\n${RECORD}`
const GET = `GET /health HTTP/1.1\r\n${HOST}\r\n`
/** Far more than what systems keep of one connection. */
const FLOOD_BYTES = 64 << 20

// What came behind the 100th request was read and thrown away for as long as the first answer took: who asked for a
// large answer and never read it could send without end, and was never idle.
test('who sends more requests than may wait is held up until it was answered, then told so and ended', async (t) => {
  const front = await HttpFront.open()
  t.after(() => front.close())
  front.store.isHeld = true
  const peer = await front.peer()
  peer.send(POST + GET.repeat(200))
  await until(() => front.store.waiting === 1, 'the append of the first request')
  peer.socket.write(Buffer.alloc(FLOOD_BYTES, GET))
  await turns(5000)
  assert.ok(peer.socket.writableLength > 0, 'not everything was taken')
  assert.equal(peer.received, '')

  front.store.release()
  await peer.ended()
  const statuses = [...peer.received.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => status)
  assert.equal(statuses.length, 101)
  assert.deepEqual(statuses.slice(-2), ['200', '429'])
  assert.match(peer.received, /More than 100 requests of this connection wait for their answer/)
})
