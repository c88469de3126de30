import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SimulatedClock } from '../base/base.ts'
import { LOOPBACK } from './test-peer.ts'
import { UdpAdmission } from './udp-admission.ts'

const EVERYBODY = [
  { address: '0.0.0.0', prefixBits: 0, family: 'ipv4' },
  { address: '::', prefixBits: 0, family: 'ipv6' },
] as const

/** What becomes of datagrams of these lengths, all at once. */
function refusals(admission: UdpAdmission, address: string, lengths: readonly number[]) {
  return lengths.map((length) => admission.refusalOf(admission.senderOf(address), length))
}

describe('UdpAdmission', () => {
  it('lets in whom the list allows, whatever way the address is written', () => {
    const admission = new UdpAdmission({ allow: LOOPBACK }, new SimulatedClock())
    assert.deepEqual(refusals(admission, '127.0.0.1', [10]), [null])
    assert.deepEqual(refusals(admission, '::ffff:127.0.0.1', [10]), [null])
    assert.deepEqual(refusals(admission, '::1', [10]), [null])
    assert.deepEqual(refusals(admission, '192.0.2.1', [10]), ['notAllowed'])
    assert.deepEqual(refusals(admission, '::ffff:192.0.2.1', [10]), ['notAllowed'])
    assert.deepEqual(refusals(admission, '2001:db8::1', [10]), ['notAllowed'])
  })

  it('lets nobody in with an empty list', () => {
    const admission = new UdpAdmission({ allow: [] }, new SimulatedClock())
    assert.deepEqual(refusals(admission, '127.0.0.1', [10]), ['notAllowed'])
  })

  it('drops the datagrams of an address above its rate, and takes them again in time', () => {
    const clock = new SimulatedClock()
    const admission = new UdpAdmission({ allow: EVERYBODY, datagramsPerSecondMax: 2 }, clock)
    const over = 'tooManyDatagrams'
    assert.deepEqual(refusals(admission, '192.0.2.1', [1, 1, 1, 1]), [null, null, over, over])
    assert.deepEqual(refusals(admission, '192.0.2.2', [1]), [null])
    clock.advance(500)
    assert.deepEqual(refusals(admission, '192.0.2.1', [1, 1]), [null, over])
  })

  it('drops the bytes of an address above its rate; what was dropped costs nothing', () => {
    const clock = new SimulatedClock()
    const admission = new UdpAdmission({ allow: EVERYBODY, bytesPerSecondMax: 1000 }, clock)
    const over = 'tooManyBytes'
    assert.deepEqual(refusals(admission, '192.0.2.1', [600, 600, 600, 600]), [null, null, over, over])
    clock.advance(200)
    assert.deepEqual(refusals(admission, '192.0.2.1', [600]), [over])
    clock.advance(1)
    assert.deepEqual(refusals(admission, '192.0.2.1', [600]), [null])
  })

  it('takes a datagram that is larger than the rate when nothing came before', () => {
    const admission = new UdpAdmission({ allow: EVERYBODY, bytesPerSecondMax: 1000 }, new SimulatedClock())
    assert.deepEqual(refusals(admission, '192.0.2.1', [60_000, 1]), [null, 'tooManyBytes'])
  })

  it('counts IPv6 addresses by their first half', () => {
    const admission = new UdpAdmission({ allow: EVERYBODY, datagramsPerSecondMax: 1 }, new SimulatedClock())
    assert.deepEqual(refusals(admission, '2001:db8::1', [1]), [null])
    assert.deepEqual(refusals(admission, '2001:db8::2', [1]), ['tooManyDatagrams'])
    assert.deepEqual(refusals(admission, '2001:db8:0:1::1', [1]), [null])
  })
})
