import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LineSender, type LineSenderOptions } from './line-sender.ts'

/** What goes out for these pieces of one file, with the last barrier that `send` adds. */
function sent(
  pieces: readonly string[],
  options: LineSenderOptions = {},
): { sender: LineSender; out: string } {
  const sender = new LineSender({ barrierLines: 1000, ...options })
  sender.beginSource('app.log')
  let out = ''
  // One barrier is always under way, so that only full ones and the last are added.
  sender.barrier()
  sender.take()
  for (const piece of pieces) {
    sender.push(Buffer.from(piece, 'latin1'))
    out += Buffer.from(sender.take()).toString('latin1')
  }
  sender.endSource()
  sender.barrier()
  return { sender, out: out + Buffer.from(sender.take()).toString('latin1') }
}

const VECTORS: readonly [what: string, text: string, out: string, options?: LineSenderOptions][] = [
  ['plain lines as they are', 'a\nbb\nccc\n', 'a\nbb\nccc\nPING\n'],
  ['a last line without its end', 'a\nbb', 'a\nbb\nPING\n'],
  ['CRLF as it is', 'a\r\nb\r\n', 'a\r\nb\r\nPING\n'],
  ['nothing for empty lines', '\n\r\na\n\n', 'a\nPING\n'],
  ['any byte', '\x00\xff\x1b[0m\n', '\x00\xff\x1b[0m\nPING\n'],
  ['a wrapped PING', 'a\nPING\nb\n', 'a\nLOG|UNKNOWN||PING\nb\nPING\n'],
  ['a wrapped PING without its end', 'PING', 'LOG|UNKNOWN||PING\nPING\n'],
  ['a wrapped QUIT with CRLF', 'QUIT\r\n', 'LOG|UNKNOWN||QUIT\r\nPING\n'],
  [
    'wrapped log commands',
    'LOG|INFO||x\nLOG:1:INFO:y\n',
    'LOG|UNKNOWN||LOG|INFO||x\nLOG|UNKNOWN||LOG:1:INFO:y\nPING\n',
  ],
  ['PostgreSQL as it is', 'LOG:  ready\n', 'LOG:  ready\nPING\n'],
  ['every line with the level', 'a\n\nPING\n', 'LOG|WARN||a\nLOG|WARN||PING\nPING\n', { level: 'WARN' }],
  ['barriers between lines', 'a\nb\nc\nd\ne', 'a\nb\nPING\nc\nd\nPING\ne\nPING\n', { barrierLines: 2 }],
  ['barriers by bytes', 'aaaaaa\nb\n', 'aaaaaa\nPING\nb\nPING\n', { barrierBytes: 5 }],
]

describe('LineSender', () => {
  for (const [what, text, out, options] of VECTORS) {
    it(`sends ${what}`, () => assert.equal(sent([text], options).out, out))
    it(`sends ${what}, cut at every byte`, () => {
      for (let cut = 0; cut <= text.length; cut++) {
        assert.equal(sent([text.slice(0, cut), text.slice(cut)], options).out, out, `cut at ${cut}`)
      }
      assert.equal(sent([...text], options).out, out, 'byte by byte')
    })
  }

  it('wraps a head that stays undecided for too long, so that little is held back', () => {
    const head = `LOG:${'1'.repeat(5000)}`
    const sender = new LineSender()
    sender.push(Buffer.from(head))
    assert.equal(Buffer.from(sender.take()).toString(), `LOG|UNKNOWN||${head}`)
  })

  it('counts a plain line as acknowledged when the PONG of a later barrier comes', () => {
    const { sender } = sent(['a\nb\nc\n'], { barrierLines: 2 })
    assert.deepEqual([sender.sent, sender.acknowledged, sender.waiting], [3, 0, 3])
    sender.receive(Buffer.from('PONG\n'))
    assert.equal(sender.acknowledged, 0)
    sender.receive(Buffer.from('PONG\nPO'))
    assert.equal(sender.acknowledged, 2)
    sender.receive(Buffer.from('NG\r\n'))
    assert.deepEqual([sender.acknowledged, sender.waiting, sender.unanswered], [3, 0, 0])
  })

  it('matches OK and ERROR with their lines in order, and names the place of a refused one', () => {
    const { sender } = sent(['a\nPING\n\nQUIT\n'])
    sender.receive(Buffer.from('PONG\nOK|17\nERROR|bad level\nPONG\n'))
    assert.deepEqual([sender.sent, sender.acknowledged, sender.refused, sender.empty], [3, 2, 1, 1])
    assert.deepEqual(sender.refusedLines, [{ place: 'app.log:4', reason: 'bad level' }])
  })

  it('numbers lines anew in each file', () => {
    const sender = new LineSender({ level: 'INFO' })
    for (const name of ['one', 'two']) {
      sender.beginSource(name)
      sender.push(Buffer.from('a\nb'))
      sender.endSource()
    }
    sender.receive(Buffer.from('OK|1\nERROR|x\nOK|3\nERROR|y\n'))
    assert.deepEqual(
      sender.refusedLines.map(({ place }) => place),
      ['one:2', 'two:2'],
    )
  })

  it('takes an ERROR before a PONG as the refusal of a plain line, and leaves ACK alone', () => {
    const { sender } = sent(['a\nb\n'])
    sender.receive(Buffer.from('PONG\nACK\nERROR:Log storage full\nPONG\n'))
    assert.deepEqual([sender.acknowledged, sender.refused, sender.unanswered], [1, 1, 0])
    assert.deepEqual(sender.refusedLines, [{ place: null, reason: 'Log storage full' }])
  })

  it('takes an ERROR that is about no line as a complaint', () => {
    const sender = new LineSender()
    sender.barrier()
    sender.receive(Buffer.from('ERROR|Too many connections\n'))
    assert.deepEqual([sender.complaint, sender.refused], ['Too many connections', 0])
  })

  it('says when the peer speaks something else', () => {
    for (const reply of ['HTTP/1.1 400 Bad Request\n', 'PONG\nPONG\n', 'OK|1\n', 'x'.repeat(100_000)]) {
      const sender = new LineSender()
      sender.barrier()
      sender.receive(Buffer.from(reply))
      assert.notEqual(sender.foreignReply, null, reply.slice(0, 20))
    }
  })

  it('asks at once when nothing is under way, and gathers what comes meanwhile behind that', () => {
    const sender = new LineSender()
    const takeText = (): string => Buffer.from(sender.take()).toString()
    sender.push(Buffer.from('a\n'))
    assert.equal(takeText(), 'a\nPING\n')
    sender.push(Buffer.from('b\n'))
    sender.push(Buffer.from('c\n'))
    assert.equal(takeText(), 'b\nc\n')
    sender.receive(Buffer.from('PONG\n'))
    assert.equal(takeText(), 'PING\n')
    sender.receive(Buffer.from('PONG\n'))
    assert.deepEqual([takeText(), sender.acknowledged], ['', 3])
  })

  it('is owed a reply by the server for whole lines and barriers, not for a line whose end is still to come', () => {
    for (const level of [undefined, 'INFO']) {
      const sender = new LineSender({ level })
      sender.push(Buffer.from('begun'))
      assert.equal(sender.isOwed, false)
      sender.push(Buffer.from(' and ended\n'))
      assert.equal(sender.isOwed, true)
      sender.push(Buffer.from('begun'))
      assert.equal(sender.isOwed, true)
      sender.receive(Buffer.from(level === undefined ? 'PONG\n' : 'OK|1\n'))
      assert.equal(sender.isOwed, false)
    }
  })

  it('keeps its counts together over many lines and replies', () => {
    const sender = new LineSender({ barrierLines: 3 })
    for (let i = 0; i < 10_000; i++) {
      sender.push(Buffer.from(i % 5 === 0 ? 'PING\n' : `line ${i}\n`))
      const out = Buffer.from(sender.take()).toString().split('\n').slice(0, -1)
      const replies = out.flatMap((line) =>
        line === 'PING' ? ['PONG\n'] : line.startsWith('LOG|') ? ['OK|1\n'] : [],
      )
      sender.receive(Buffer.from(replies.join('')))
    }
    sender.barrier()
    sender.receive(Buffer.from('PONG\n'.repeat(sender.waiting)))
    assert.deepEqual([sender.sent, sender.acknowledged, sender.foreignReply], [10_000, 10_000, null])
  })
})
