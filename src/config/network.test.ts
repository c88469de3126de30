import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isFailure, type Kind } from './kinds.ts'
import { address, isLoopback, isWildcard, network, printAddress } from './network.ts'

const CONTEXT = { env: {}, readFile: () => assert.fail('reads no file') }
const log = address(9999)

function problemOf(kind: Kind<unknown>, text: string): string {
  const parsed = kind.parse([text], CONTEXT)
  if (!isFailure(parsed)) assert.fail(`read as ${JSON.stringify(parsed.value)}`)
  return parsed.hint === undefined ? parsed.what : `${parsed.what}; ${parsed.hint}`
}

describe('an address to listen on', () => {
  for (const [text, host, port] of [
    ['127.0.0.1:9999', '127.0.0.1', 9999],
    ['[::1]:9999', '::1', 9999],
    ['[::]:0', '::', 0],
    ['[fe80::1%eth0]:9999', 'fe80::1%eth0', 9999],
    ['localhost:9999', 'localhost', 9999],
    ['logs.example.com:65535', 'logs.example.com', 65535],
  ] as const) {
    it(`${text} is read, and prints as it was`, () => {
      assert.deepEqual(log.parse([text], CONTEXT), { value: { host, port } })
      assert.equal(printAddress({ host, port }), text)
    })
  }

  for (const [text, problem] of [
    ['9999', '"9999" is not an address and port; write 127.0.0.1:9999'],
    ['65535', '"65535" is not an address and port; write 127.0.0.1:65535'],
    ['65536', '"65536" is not an address and port; a port is at most 65535: write 127.0.0.1:9999'],
    ['999999', '"999999" is not an address and port; a port is at most 65535: write 127.0.0.1:9999'],
    ['127.0.0.1', '"127.0.0.1" is not an address and port; the port is missing: write 127.0.0.1:9999'],
    ['::1', '"::1" is not an address and port; an IPv6 address stands in brackets: [::1]:9999'],
    ['::1:9999', '"::1:9999" is not an address and port; an IPv6 address stands in brackets: [::1]:9999'],
    ['[::1]', '"[::1]" is not an address and port; write an address such as 127.0.0.1:9999 or [::1]:9999'],
    ['false', '"false" is not an address and port; the port is missing: write false:9999'],
    [
      '[127.0.0.1]:80',
      'the host of "[127.0.0.1]:80" is not an address or a name; write an address such as 127.0.0.1:80',
    ],
    [
      '300.0.0.1:80',
      'the host of "300.0.0.1:80" is not an address or a name; write an address such as 127.0.0.1:80',
    ],
    ['127.1:80', 'the host of "127.1:80" is not an address or a name; write an address such as 127.0.0.1:80'],
    ['a b:80', 'the host of "a b:80" is not an address or a name; write an address such as 127.0.0.1:80'],
    ['127.0.0.1:70000', 'the port of "127.0.0.1:70000" is above 65535'],
  ] as const) {
    it(`${text} is refused`, () => assert.equal(problemOf(log, text), problem))
  }

  for (const text of [':80', '*:80']) {
    it(`${text} is refused: whether everybody was meant must be said`, () => {
      const advice = 'write 127.0.0.1:80 for this machine, 0.0.0.0:80 or [::]:80 for every address it has'
      assert.equal(problemOf(log, text), `the host of "${text}" is not an address or a name; ${advice}`)
    })
  }
})

describe('a network', () => {
  for (const [text, value] of [
    ['10.0.0.0/8', { address: '10.0.0.0', prefixBits: 8, family: 'ipv4' }],
    ['0.0.0.0/0', { address: '0.0.0.0', prefixBits: 0, family: 'ipv4' }],
    ['192.168.1.20', { address: '192.168.1.20', prefixBits: 32, family: 'ipv4' }],
    ['::/0', { address: '::', prefixBits: 0, family: 'ipv6' }],
    ['::1', { address: '::1', prefixBits: 128, family: 'ipv6' }],
    ['fd00:1::/32', { address: 'fd00:1::', prefixBits: 32, family: 'ipv6' }],
  ] as const) {
    it(`${text} is read`, () => assert.deepEqual(network.parse([text], CONTEXT), { value }))
  }

  const example = 'write a network such as 10.0.0.0/8, 192.168.1.20 or fd00::/8'
  for (const [text, problem] of [
    ['10.0.0.5/8', '"10.0.0.5/8" has bits set after its prefix; write 10.0.0.0/8'],
    ['10.1.255.0/20', '"10.1.255.0/20" has bits set after its prefix; write 10.1.240.0/20'],
    ['fd00:1::5/32', '"fd00:1::5/32" has bits set after its prefix; write fd00:1::/32'],
    ['10.0.0.0/33', 'the prefix of "10.0.0.0/33" is not a number from 0 to 32'],
    ['10.0.0.0/', 'the prefix of "10.0.0.0/" is not a number from 0 to 32'],
    ['10.0.0.0/255.0.0.0', 'the prefix of "10.0.0.0/255.0.0.0" is not a number from 0 to 32'],
    ['::/129', 'the prefix of "::/129" is not a number from 0 to 128'],
    ['10.0.0', `"10.0.0" is not a network; ${example}`],
    ['10.0.0.0/8/8', `"10.0.0.0/8/8" is not a network; ${example}`],
    ['fe80::1%eth0/64', `"fe80::1%eth0/64" is not a network; ${example}`],
    ['any', '"any" is not a network; write 0.0.0.0/0 and ::/0 to let everybody in'],
    ['localhost', '"localhost" is not a network; write 127.0.0.0/8 and ::1/128 for this machine'],
  ] as const) {
    it(`${text} is refused`, () => assert.equal(problemOf(network, text), problem))
  }
})

describe('a host', () => {
  it('is loopback only if no other machine can reach it', () => {
    const inside = [
      '127.0.0.1',
      '127.9.9.9',
      '::1',
      '0:0:0:0:0:0:0:1',
      '::ffff:127.0.0.1',
      'localhost',
      'LocalHost',
    ]
    assert.deepEqual(inside.filter(isLoopback), inside)
    const outside = [
      '0.0.0.0',
      '::',
      '10.0.0.1',
      '::2',
      '::ffff:10.0.0.1',
      'fe80::1%lo',
      '127.example.com',
      'db',
    ]
    assert.deepEqual(outside.filter(isLoopback), [])
  })

  it('is a wildcard when it is all zeros', () => {
    assert.deepEqual(['0.0.0.0', '::', '0:0::0', '::1', '127.0.0.1', 'db'].map(isWildcard), [
      true,
      true,
      true,
      false,
      false,
      false,
    ])
  })
})
