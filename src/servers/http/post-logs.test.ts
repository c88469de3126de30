import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { BlockBuilder } from '../../record/record.ts'
import { until } from '../test-peer.ts'
import { answerOf, type HttpAnswer, type HttpChanges, HttpFront, jsonOf } from './test-http.ts'

const PATH = '/api/v1/logs'
const MIB = 1024 * 1024
const fronts: HttpFront[] = []

async function open(changes: HttpChanges = {}): Promise<HttpFront> {
  const front = await HttpFront.open(changes)
  fronts.push(front)
  return front
}

afterEach(async () => {
  for (const front of fronts.splice(0)) await front.close()
})

function problemOf(answer: HttpAnswer): readonly unknown[] {
  return [answer.status, jsonOf(answer)['code']]
}

describe('POST /api/v1/logs', () => {
  it('takes NDJSON, which a body without a type is, and names the ids', async () => {
    const front = await open()
    const answer = await front.post(PATH, '{"_msg":"one"}\n{"_msg":"two"}\n')
    assert.equal(answer.status, 200)
    const expected = { accepted: 2, refused: 0, firstId: 0, lastId: 1, repeated: false, refusals: [] }
    assert.deepEqual(jsonOf(answer), expected)
    const empty = await front.post(PATH, '', { 'Content-Type': 'application/x-ndjson; charset=utf-8' })
    assert.deepEqual(jsonOf(empty), { ...expected, accepted: 0, firstId: null, lastId: null })
  })

  it('takes our names of parameters and headers, and refuses others', async () => {
    const front = await open()
    const headers = { 'LogCaster-Msg-Field': 'text', 'LogCaster-Extra-Fields': 'city=Zürich' }
    const answer = await front.post(`${PATH}?time_field=at`, '{"at":"0","text":"hi"}\n', {
      ...headers,
      'LogCaster-Extra-Fields': Buffer.from('city=Zürich').toString('latin1'),
    })
    assert.equal(answer.status, 200)
    assert.deepEqual(front.store.messages, ['hi'])
    const typo = await front.post(`${PATH}?stream_field=a`, '{}')
    assert.deepEqual(problemOf(typo), [400, 'REQUEST_INVALID'])
    assert.match(String(jsonOf(typo)['detail']), /did you mean `stream_fields`\?$/)
    for (const extra of ['x', '=1', '_time=1', `${'n'.repeat(200)}=1`]) {
      const bad = await front.post(`${PATH}?extra_fields=${extra}`, '{}')
      assert.deepEqual(problemOf(bad), [400, 'REQUEST_INVALID'], extra)
    }
    assert.equal(front.store.messages.length, 1)
  })

  it('takes one JSON object, or an array of them, however they are laid out', async () => {
    const front = await open()
    const json = { 'Content-Type': 'application/json' }
    const post = async (body: string): Promise<HttpAnswer> => front.post(PATH, body, json)
    assert.equal(jsonOf(await post('{\n  "_msg": "one"\r\n}\n'))['accepted'], 1)
    assert.equal(
      jsonOf(await post(' [\n {"_msg": "t,w]o"},\n\n {\n"_msg":"th\\"ree","a":[1,\n[2]]} ]\n'))['accepted'],
      2,
    )
    assert.equal(jsonOf(await post('[]'))['accepted'], 0)
    assert.deepEqual(front.store.messages, ['one', 't,w]o', 'th"ree'])
    const mixed = jsonOf(await post('[{"_msg":"four"}, 5, {"_msg":"a\nb"}]'))
    assert.deepEqual([mixed['accepted'], mixed['refused']], [1, 2])
    assert.deepEqual(mixed['refusals'], [
      {
        line: 2,
        code: 'RECORD_INVALID',
        reason: 'the line is JSON but no object; give each record as an object on a line of its own',
      },
      { line: 3, code: 'RECORD_INVALID', reason: 'the line is not JSON, from byte 12 on' },
    ])
    for (const body of ['[', '[{}', '[{},]', '[,{}]', '[{}]x', '[{}]]', '[}]', '[{},,{}]', '["x]']) {
      assert.deepEqual(problemOf(await post(body)), [400, 'REQUEST_INVALID'], body)
    }
    assert.deepEqual(problemOf(await post('{} {}')), [400, 'RECORD_INVALID'])
    assert.equal(front.store.messages.length, 4)
  })

  it('passes over a byte order mark', async () => {
    const front = await open()
    for (const body of ['[{"_msg":"one"},{"_msg":"two"}]', '{"_msg":"one"}']) {
      const answer = await front.post(PATH, `\ufeff${body}`, { 'Content-Type': 'application/json' })
      assert.deepEqual([answer.status, jsonOf(answer)['refused']], [200, 0], body)
    }
    assert.deepEqual(front.store.messages, ['one', 'two', 'one'])
  })

  it('keeps every line of plain text as a record, commands too', async () => {
    const front = await open()
    const text = 'LOG|ERROR||not a command\nPING\n\n2025-01-15T09:50:00Z WARN disk is slow\nAUTH|x\nlast'
    const answer = await front.post(`${PATH}?extra_fields=host=a,env=b&stream_fields=host`, text, {
      'Content-Type': 'text/plain',
    })
    assert.deepEqual(jsonOf(answer)['accepted'], 5)
    assert.deepEqual(front.store.messages, [
      'LOG|ERROR||not a command',
      'PING',
      '2025-01-15T09:50:00Z WARN disk is slow',
      'AUTH|x',
      'last',
    ])
    const builder = new BlockBuilder(front.store.batches[0])
    builder.addBatch(0)
    const block = builder.build()
    assert.equal(block.timesMs[2], Date.UTC(2025, 0, 15, 9, 50))
    assert.deepEqual(block.fieldNamesOf(2), ['host', 'env'])
  })

  it('takes the streams that the server names where the sender names none', async () => {
    const front = await open({ options: { streamFields: ['service', 'host', 'said'] } })
    const line = '{"said":"hello","user":"mia","host":"a","service":"b"}'
    const streamOf = async (parameters: string): Promise<string[]> => {
      const answer = await front.post(`${PATH}${parameters}`, line)
      assert.equal(jsonOf(answer)['accepted'], 1)
      const builder = new BlockBuilder(front.store.batches.at(-1)!)
      builder.addBatch(0)
      return builder.build().streamFieldNamesOf(0)
    }
    assert.deepEqual(await streamOf(''), ['host', 'said', 'service'])
    assert.deepEqual(await streamOf('?msg_field=said'), ['host', 'service'])
    assert.deepEqual(await streamOf('?ignore_fields=host,said'), ['service'])
    assert.deepEqual(await streamOf('?extra_fields=host=c'), ['host', 'said', 'service'])
    assert.deepEqual(await streamOf('?stream_fields=user'), ['user'])
    assert.deepEqual(await streamOf('?stream_fields='), [])
  })

  it('keeps no half line of plain text from a client that breaks off', async () => {
    const front = await open()
    const peer = await front.peer()
    peer.send(
      `POST ${PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 99\r\n\r\n`,
    )
    peer.send('whole\nhalf')
    await until(() => front.store.messages.length === 1, 'the whole line')
    peer.destroy()
    await until(() => front.protocol.stats().sessions === 0, 'the end of the session')
    assert.deepEqual(front.store.messages, ['whole'])
  })

  it('stores a body with a key once, and gives the same ids again', async () => {
    const front = await open()
    const body = Array.from({ length: 300 }, (_, n) => `{"_msg":"${'x'.repeat(900)} ${n}"}\n`).join('')
    const key = { 'Idempotency-Key': 'batch-1' }
    await front.post(PATH, '{"_msg":"before"}')
    const first = jsonOf(await front.post(PATH, body, key))
    assert.deepEqual(first, {
      accepted: 300,
      refused: 0,
      firstId: 1,
      lastId: 300,
      repeated: false,
      refusals: [],
    })
    await front.post(PATH, '{"_msg":"between"}')
    const compressed = { ...key, 'Content-Encoding': 'gzip' }
    assert.deepEqual(jsonOf(await front.post(PATH, gzipSync(body), compressed)), { ...first, repeated: true })
    assert.equal(front.store.messages.length, 302)
    assert.equal(front.store.keys.length, 1)
    assert.match(front.store.keys[0], /^http:batch-1:[0-9a-f]{16}#1$/)
  })

  it('cuts a body with a key into the same batches however its bytes come', async () => {
    const front = await open({ options: { batchBytesMax: 64 * 1024 } })
    const body = Array.from({ length: 300 }, (_, n) => `{"_msg":"${'x'.repeat(900)} ${n}"}\n`).join('')
    const first = jsonOf(await front.post(PATH, body, { 'Idempotency-Key': 'k' }))
    assert.ok(front.store.keys.length > 3, 'several batches')
    const sent = front.begin(PATH, { method: 'POST', headers: { 'Idempotency-Key': 'k' } })
    const answer = answerOf(sent)
    for (let at = 0; at < body.length; at += 10_007) sent.write(body.slice(at, at + 10_007))
    sent.end()
    assert.deepEqual(jsonOf(await answer), { ...first, repeated: true })
    assert.equal(front.store.messages.length, 300)
  })

  it('keeps a key apart from the batch ids of framed JSON', async () => {
    const front = await open()
    await front.post(PATH, '{"_msg":"one"}', { 'Idempotency-Key': 'fj:web-1' })
    assert.match(front.store.keys[0], /^http:fj:web-1:/)
  })

  it('takes no other body under the same key for stored', async () => {
    const front = await open()
    const key = { 'Idempotency-Key': 'k' }
    await front.post(PATH, '{"_msg":"one"}', key)
    const other = jsonOf(await front.post(PATH, '{"_msg":"two"}\n{"_msg":"three"}', key))
    assert.deepEqual([other['accepted'], other['firstId'], other['repeated']], [2, 1, false])
    assert.deepEqual(front.store.messages, ['one', 'two', 'three'])
  })

  it('goes on behind what was stored when a body with a key comes again', async () => {
    const front = await open({ options: { batchBytesMax: 64 * 1024 } })
    const body = Array.from({ length: 100 }, (_, n) => `{"_msg":"${'x'.repeat(900)} ${n}"}\n`).join('')
    const append = front.store.append.bind(front.store)
    front.store.append = (batch) => {
      if (front.store.appends === 1) front.store.refusal = 'STORE_FULL'
      return append(batch)
    }
    const failed = await front.post(PATH, body, { 'Idempotency-Key': 'k' })
    const before = Number(jsonOf(failed)['accepted'])
    assert.equal(failed.status, 507)
    assert.ok(before > 0 && before < 100)
    front.store.append = append
    front.store.accept()
    const again = jsonOf(await front.post(PATH, body, { 'Idempotency-Key': 'k' }))
    assert.deepEqual([again['accepted'], again['repeated']], [100, false])
    assert.equal(front.store.messages.length, 100)
  })

  it('gives text with a key the same treatment', async () => {
    const front = await open()
    const headers = { 'Idempotency-Key': 't', 'Content-Type': 'text/plain' }
    const first = jsonOf(await front.post(PATH, 'a\nb\n', headers))
    assert.deepEqual(jsonOf(await front.post(PATH, 'a\nb\n', headers)), { ...first, repeated: true })
    assert.deepEqual(front.store.messages, ['a', 'b'])
  })

  it('takes a key of 1 to 200 visible characters', async () => {
    const front = await open()
    assert.equal((await front.post(PATH, '{}', { 'Idempotency-Key': '~'.repeat(200) })).status, 200)
    for (const key of ['', 'a b', '~'.repeat(201), 'ä', ['a', 'b']]) {
      const answer = await front.post(PATH, '{}', { 'Idempotency-Key': key })
      assert.deepEqual(problemOf(answer), [400, 'REQUEST_INVALID'], String(key))
    }
  })

  it('takes at most 4 MiB in one piece, expanded', async () => {
    const front = await open()
    const key = { 'Idempotency-Key': 'big' }
    const body = `{"_msg":"${'x'.repeat(1000)}"}\n`.repeat(4 * 1024)
    assert.ok(body.length < 4 * MIB + 100_000)
    for (const headers of [key, { 'Content-Type': 'application/json' }]) {
      assert.deepEqual(problemOf(await front.post(PATH, `${body}${body}`, headers)), [413, 'BODY_TOO_LARGE'])
      const zipped = { ...headers, 'Content-Encoding': 'gzip' }
      const answer = await front.post(PATH, gzipSync(`${body}${body}`), zipped)
      assert.deepEqual(problemOf(answer), [413, 'BODY_TOO_LARGE'])
    }
    assert.equal(front.store.appends, 0)
    assert.equal(front.protocol.stats().gatheredBytes, 0)
  })

  it('takes NDJSON under the names that clients have for it', async () => {
    const front = await open()
    for (const type of [
      'application/jsonl',
      'application/x-www-form-urlencoded',
      'Application/X-NDJSON;a=b',
    ]) {
      assert.equal((await front.post(PATH, '{"_msg":"one"}', { 'Content-Type': type })).status, 200, type)
    }
    assert.equal(front.store.messages.length, 3)
  })

  it('refuses a type that it does not know', async () => {
    const front = await open()
    for (const type of ['application/xml', 'nonsense']) {
      assert.deepEqual(problemOf(await front.post(PATH, '<a/>', { 'Content-Type': type })), [
        415,
        'MEDIA_UNSUPPORTED',
      ])
    }
  })

  it('counts what it took', async () => {
    const front = await open()
    await front.post(PATH, '{"_msg":"one"}\nx\n')
    const { records, refused, requests } = front.protocol.stats()
    assert.deepEqual([records, refused, requests], [1, 1, 1])
  })
})
