import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SimulatedClock } from '../base/base.ts'
import { UdpDrops } from './udp-drops.ts'

function dropsOn(clock: SimulatedClock) {
  const said: string[] = []
  return { drops: new UdpDrops(clock, (message) => said.push(message)), said }
}

describe('UdpDrops', () => {
  it('tells the first drops after a second, with their reasons', () => {
    const clock = new SimulatedClock()
    const { drops, said } = dropsOn(clock)
    drops.count('gelf')
    drops.count('queueFull', 12)
    drops.count('gelf')
    clock.advance(999)
    assert.deepEqual(said, [])
    clock.advance(1)
    assert.deepEqual(said, [
      'UDP: dropped GELF datagrams (not built yet): 2; datagrams that came faster than the store takes records: 12',
    ])
  })

  it('tells once a minute what is new since the last time', () => {
    const clock = new SimulatedClock()
    const { drops, said } = dropsOn(clock)
    drops.count('gelf')
    clock.advance(1000)
    drops.count('notAllowed', 3)
    clock.advance(59_999)
    assert.equal(said.length, 1)
    clock.advance(1)
    assert.deepEqual(said.slice(1), ['UDP: dropped datagrams from addresses that may not send here: 3'])
  })

  it('is silent while nothing is dropped', () => {
    const clock = new SimulatedClock()
    const { drops, said } = dropsOn(clock)
    drops.count('gelf')
    clock.advance(10 * 60_000)
    assert.equal(said.length, 1)
    assert.equal(clock.timers, 0)
    drops.count('gelf')
    clock.advance(1000)
    assert.equal(said.length, 2)
  })

  it('tells the rest when it is closed', () => {
    const clock = new SimulatedClock()
    const { drops, said } = dropsOn(clock)
    drops.count('stopping', 2)
    drops.close()
    assert.deepEqual(said, ['UDP: dropped datagrams that came while the server stopped: 2'])
    assert.equal(clock.timers, 0)
    drops.close()
    assert.equal(said.length, 1)
  })

  it('counts every reason', () => {
    const { drops } = dropsOn(new SimulatedClock())
    drops.count('kernel', 4)
    drops.count('kernel')
    assert.equal(drops.counts.kernel, 5)
    assert.equal(drops.counts.gelf, 0)
  })
})
