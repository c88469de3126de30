import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SimulatedClock } from '../base/base.ts'
import { DatagramGather } from './udp-gather.ts'

/** A gather whose clock shows 100. */
function build(isByPeer: boolean) {
  const clock = new SimulatedClock({ wallMs: 100 })
  return { gather: new DatagramGather(isByPeer, clock), clock }
}

/** What is sealed, as `sender: lines`; all of it is released. */
function sealed(gather: DatagramGather): string[] {
  const groups: string[] = []
  for (let group = gather.take(); group !== null; group = gather.take()) {
    const sender = group.peer === null ? 'all' : `${group.peer.address} ${group.peer.port}`
    groups.push(`${sender} at ${group.arrivalMs}: ${group.bytes.toString()}`)
    gather.release(group)
  }
  return groups
}

describe('DatagramGather', () => {
  it('gathers by sender, and ends the lines of every datagram', () => {
    const { gather, clock } = build(true)
    gather.add(Buffer.from('a'), '192.0.2.1', 1)
    clock.advance(1)
    gather.add(Buffer.from('b\n'), '192.0.2.1', 2)
    clock.advance(1)
    gather.add(Buffer.from('c\nd'), '192.0.2.1', 1)
    gather.add(Buffer.alloc(0), '192.0.2.1', 2)
    assert.equal(gather.isOpen, true)
    gather.seal()
    assert.equal(gather.isOpen, false)
    assert.deepEqual(sealed(gather), ['192.0.2.1 1 at 100: a\nc\nd\n', '192.0.2.1 2 at 101: b\n\n'])
  })

  it('gathers everything together when records do not keep their sender', () => {
    const { gather } = build(false)
    gather.add(Buffer.from('a'), '192.0.2.1', 1)
    gather.add(Buffer.from('b'), '192.0.2.2', 2)
    gather.seal()
    assert.deepEqual(sealed(gather), ['all at 100: a\nb\n'])
  })

  it('starts a new group after a seal', () => {
    const { gather, clock } = build(false)
    gather.add(Buffer.from('a'), '192.0.2.1', 1)
    gather.seal()
    clock.advance(5)
    gather.add(Buffer.from('b'), '192.0.2.1', 1)
    assert.deepEqual(sealed(gather), ['all at 100: a\n'])
    gather.seal()
    assert.deepEqual(sealed(gather), ['all at 105: b\n'])
    assert.equal(gather.hasSealed, false)
  })

  it('seals a group that is large enough by itself', () => {
    const { gather } = build(false)
    const datagram = Buffer.alloc(64 * 1024, 0x78)
    for (let count = 0; count < 4; count++) gather.add(datagram, '192.0.2.1', 1)
    assert.equal(gather.isOpen, false)
    assert.equal(gather.hasSealed, true)
    assert.equal(gather.take()?.length, 4 * (64 * 1024 + 1))
  })

  it('holds nothing when all is released', () => {
    const { gather } = build(true)
    for (let port = 1; port <= 100; port++) gather.add(Buffer.from('hello'), '192.0.2.1', port)
    assert.ok(gather.heldBytes >= 100 * 6, String(gather.heldBytes))
    gather.seal()
    assert.equal(sealed(gather).length, 100)
    assert.equal(gather.heldBytes, 0)
  })
})
