import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { kernelDrops, parseKernelTable, tableAddress } from './udp-kernel-drops.ts'

const UDP = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
 1243: 0100007F:270F 00000000:0000 07 00000000:00000000 00:00000000 00000000  1000        0 48211 2 0000000000000000 17
 1244: 00000000:2710 00000000:0000 07 00000000:00000A00 00:00000000 00000000     0        0 48212 2 0000000000000000 0
`
const UDP6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
 1243: 00000000000000000000000001000000:270F 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000  1000        0 48213 2 0000000000000000 4294967295
`
const tables = (name: 'udp' | 'udp6'): string => (name === 'udp' ? UDP : UDP6)

describe('kernelDrops', () => {
  it('finds the drops of each socket by its address and port', () => {
    const addresses = [
      { host: '127.0.0.1', port: 9999 },
      { host: '::1', port: 9999 },
      { host: '0.0.0.0', port: 10_000 },
    ]
    assert.deepEqual(kernelDrops(addresses, tables), [17, 4_294_967_295, 0])
  })

  it('says nothing of a socket that is not in the table', () => {
    assert.deepEqual(kernelDrops([{ host: '127.0.0.1', port: 9998 }], tables), [null])
  })

  it('says nothing where there is no table', () => {
    assert.deepEqual(
      kernelDrops([{ host: '127.0.0.1', port: 9999 }], () => null),
      [null],
    )
  })
})

describe('parseKernelTable', () => {
  it('passes over the heading, and lines that are not as expected', () => {
    const text = `${UDP} 9: 0100007F:0001 short\n 9: 0100007F:0001 a b c d e f g h i j none\n\n`
    assert.deepEqual(
      [...parseKernelTable(text)],
      [
        ['0100007F:270F', 17],
        ['00000000:2710', 0],
      ],
    )
  })
})

describe('tableAddress', () => {
  const cases = [
    ['127.0.0.1', 9999, '0100007F:270F'],
    ['192.0.2.77', 80, '4D0200C0:0050'],
    ['::', 1, '00000000000000000000000000000000:0001'],
    ['2001:db8::abcd:1', 65_535, 'B80D012000000000000000000100CDAB:FFFF'],
    ['fe80::1%eth0', 9999, '000080FE000000000000000001000000:270F'],
    ['::ffff:127.0.0.1', 9999, '0000000000000000FFFF00000100007F:270F'],
  ] as const
  for (const [host, port, expected] of cases) {
    it(`writes ${host} as the kernel does`, () => {
      assert.equal(tableAddress({ host, port }), expected)
    })
  }
})
