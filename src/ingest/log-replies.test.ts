import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LogReplyEncoder, REPLY_ACK, REPLY_OK, REPLY_PONG, refusalCode } from './log-replies.ts'

const replies = new LogReplyEncoder(1024)
const encode = (codes: readonly number[], firstId: number): string =>
  Buffer.from(replies.encode(Uint8Array.from(codes), firstId)).toString()

describe('LogReplyEncoder', () => {
  it('numbers the records of a batch from its first id, across every length of number', () => {
    assert.equal(encode([REPLY_OK, REPLY_OK, REPLY_OK], 0), 'OK|0\nOK|1\nOK|2\n')
    assert.equal(encode([REPLY_OK, REPLY_OK], 9), 'OK|9\nOK|10\n')
    assert.equal(encode([REPLY_OK, REPLY_OK, REPLY_OK], 998), 'OK|998\nOK|999\nOK|1000\n')
    assert.equal(
      encode([REPLY_OK, REPLY_OK], Number.MAX_SAFE_INTEGER - 1),
      'OK|9007199254740990\nOK|9007199254740991\n',
    )
  })

  it('gives many replies the ids that follow, one by one', () => {
    const expected = Array.from({ length: 5000 }, (_, index) => `OK|${96_000 + index}\n`).join('')
    assert.equal(encode(new Array(5000).fill(REPLY_OK), 96_000), expected)
  })

  it('spends an id on an ACK and none on replies without a record', () => {
    const codes = [REPLY_OK, REPLY_PONG, REPLY_ACK, refusalCode('emptyMessage', 'main'), REPLY_OK]
    assert.equal(encode(codes, 7), 'OK|7\nPONG\nACK\nERROR|Empty message\nOK|9\n')
  })

  it('turns what was promised into refusals, each in its dialect, and leaves the rest', () => {
    const codes = Uint8Array.of(REPLY_OK, REPLY_PONG, REPLY_ACK, refusalCode('tooLong', 'short'))
    assert.equal(
      Buffer.from(replies.encodeRefused(codes, 'storageFull')).toString(),
      'ERROR|Log storage full\nPONG\nERROR:Log storage full\nERROR:Message too long: at most 1024 bytes\n',
    )
    assert.equal(codes[0], REPLY_OK)
  })
})
