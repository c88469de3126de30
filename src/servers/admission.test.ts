import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SimulatedClock } from '../base/base.ts'
import { Admission, type AdmissionLimits, type AdmissionResult } from './admission.ts'
import { addressKey, plainAddress } from './peer-address.ts'

const NO_LIMITS: AdmissionLimits = {
  allow: [
    { address: '10.0.0.0', prefixBits: 8, family: 'ipv4' },
    { address: '2001:db8::', prefixBits: 32, family: 'ipv6' },
  ],
  connectionsMax: 0,
  connectionsPerAddressMax: 0,
  connectionsPerSecondMax: 0,
  connectionsPerWindowMax: 0,
  windowMs: 60_000,
}

function admissionOf(limits: Partial<AdmissionLimits> = {}) {
  const clock = new SimulatedClock()
  return { clock, admission: new Admission({ ...NO_LIMITS, ...limits }, clock) }
}

const refusalOf = (result: AdmissionResult): string => ('refusal' in result ? result.refusal : 'admitted')

describe('Admission', () => {
  it('lets in the networks of its list, of both families, and nobody else', () => {
    const { admission } = admissionOf()
    const table = [
      ['10.1.2.3', 'admitted'],
      ['11.1.2.3', 'notAllowed'],
      ['2001:db8:1::1', 'admitted'],
      ['2001:db9::1', 'notAllowed'],
      ['::1', 'notAllowed'],
    ]
    for (const [address, expected] of table)
      assert.equal(refusalOf(admission.admit(address)), expected, address)
    assert.equal(refusalOf(admissionOf({ allow: [] }).admission.admit('10.1.2.3')), 'notAllowed')
  })

  it('takes an IPv4 address that came over IPv6 for the IPv4 address that it is', () => {
    const { admission } = admissionOf()
    assert.equal(refusalOf(admission.admit(plainAddress('::ffff:10.1.2.3'))), 'admitted')
    assert.equal(refusalOf(admission.admit(plainAddress('::FFFF:11.1.2.3'))), 'notAllowed')
    assert.equal(plainAddress('::ffff:abcd'), '::ffff:abcd')
  })

  it('counts the addresses of one IPv6 site as one', () => {
    const { admission } = admissionOf({ connectionsPerAddressMax: 1 })
    assert.equal(refusalOf(admission.admit('2001:db8:0:1::1')), 'admitted')
    assert.equal(refusalOf(admission.admit('2001:db8:0:1:ffff::2')), 'tooManyPerAddress')
    assert.equal(refusalOf(admission.admit('2001:db8:0:2::1')), 'admitted')
    assert.equal(addressKey('fe80::1%eth0'), 'fe80:0:0:0')
    assert.equal(addressKey('::'), '0:0:0:0')
  })

  it('gives a place back when somebody leaves', () => {
    const { admission } = admissionOf({ connectionsMax: 1 })
    const first = admission.admit('10.0.0.1')
    assert.equal(refusalOf(admission.admit('10.0.0.2')), 'tooMany')
    assert.ok(!('refusal' in first))
    first.leave()
    assert.equal(refusalOf(admission.admit('10.0.0.2')), 'admitted')
    assert.deepEqual(admission.refused, {
      notAllowed: 0,
      tooMany: 1,
      tooManyPerAddress: 0,
      tooFast: 0,
      tooManyPerWindow: 0,
    })
  })

  it('lets all connections of an address share its bytes per second', () => {
    const { admission, clock } = admissionOf({ bytesPerSecondMax: 1000 })
    const meters = ['10.0.0.1', '10.0.0.1', '10.0.0.2'].map((address) => {
      const result = admission.admit(address)
      assert.ok(!('refusal' in result))
      return result.meter
    })
    assert.equal(meters[0].take(900), 0)
    assert.equal(meters[1].take(600), 500)
    assert.equal(meters[2].take(1000), 0)
    clock.advance(600)
    assert.equal(meters[0].take(100), 0)
    assert.equal(meters[0].take(1), 1)
  })

  it('starts with a full bucket for who was long away', () => {
    const { admission, clock } = admissionOf({ bytesPerSecondMax: 1000 })
    for (let round = 0; round < 5000; round++) {
      const result = admission.admit(`10.0.${round >> 8}.${round & 255}`)
      assert.ok(!('refusal' in result))
      result.meter.take(1)
      result.leave()
      clock.advance(10)
    }
    // Who comes back after its bucket has filled again may send a second's worth at once.
    const result = admission.admit('10.0.0.0')
    assert.ok(!('refusal' in result))
    assert.equal(result.meter.take(1000), 0)
  })
})
