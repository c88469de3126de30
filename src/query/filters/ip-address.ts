/** Addresses as texts: IPv4 as a 32-bit number, IPv6 as eight groups of 16 bits, of which IPv4 is a part. */

export const IPV4_BITS = 32
export const IPV6_BITS = 128
const GROUPS = 8
const GROUP_BITS = 16
const OCTETS = 4
const OCTET_MAX = 255
const POINT = 0x2e
const ZERO = 0x30
const IPV6_LENGTH_MAX = 45
/** `::ffff:10.0.0.1` is 10.0.0.1. */
const MAPPED = 0xffff
const MAPPED_GROUP = 5

/** The address that the bytes are, or -1. */
export function ipv4OfBytes(data: Uint8Array, start: number, end: number): number {
  let address = 0
  let at = start
  for (let count = 0; count < OCTETS; count++) {
    if (count > 0 && (at >= end || data[at++] !== POINT)) return -1
    let octet = 0
    const first = at
    while (at < end && at < first + 3 && data[at] >= ZERO && data[at] <= ZERO + 9)
      octet = octet * 10 + data[at++] - ZERO
    if (at === first || octet > OCTET_MAX) return -1
    address = address * 256 + octet
  }
  return at === end ? address : -1
}

export function ipv4Of(text: string): number | null {
  const address = ipv4OfBytes(asciiBytes(text), 0, text.length)
  return address < 0 ? null : address
}

export function ipv4Text(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & OCTET_MAX).join('.')
}

/** Not ASCII, not an address. */
function asciiBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => Math.min(0xff, character.charCodeAt(0)))
}

// ---- IPv6 ---------------------------------------------------------------------------------------------------

const GROUP = /^[0-9a-f]{1,4}$/i

/** Puts the address that the text is into `groups`; whether it is one. */
export function readIpv6(text: string, groups: Uint16Array): boolean {
  if (text.length > IPV6_LENGTH_MAX) return false
  const isIpv4 = !text.includes(':')
  const halves = (isIpv4 ? `::ffff:${text}` : text).split('::')
  if (halves.length > 2) return false
  const head = groupsOf(halves[0])
  const tail = halves.length === 1 ? [] : groupsOf(halves[1])
  if (head === null || tail === null) return false
  const count = head.length + tail.length
  if (halves.length === 1 ? count !== GROUPS : count >= GROUPS) return false
  groups.fill(0)
  groups.set(head)
  groups.set(tail, GROUPS - tail.length)
  return true
}

function groupsOf(text: string): number[] | null {
  if (text === '') return []
  const parts = text.split(':')
  const groups: number[] = []
  for (const [index, part] of parts.entries()) {
    const isLast = index === parts.length - 1
    const address = isLast && part.includes('.') ? ipv4Of(part) : null
    if (address !== null) groups.push(address >>> GROUP_BITS, address & 0xffff)
    else if (GROUP.test(part)) groups.push(Number.parseInt(part, 16))
    else return null
  }
  return groups
}

/** The shortest form: the longest run of zeros as `::`, IPv4 as it is written. */
export function ipv6Text(groups: Uint16Array): string {
  const isMapped =
    groups.subarray(0, MAPPED_GROUP).every((group) => group === 0) && groups[MAPPED_GROUP] === MAPPED
  if (isMapped) return `::ffff:${ipv4Text(((groups[6] << GROUP_BITS) | groups[7]) >>> 0)}`
  const { start, length } = longestZeros(groups)
  const texts = Array.from(groups, (group) => group.toString(16))
  if (length < 2) return texts.join(':')
  return `${texts.slice(0, start).join(':')}::${texts.slice(start + length).join(':')}`
}

function longestZeros(groups: Uint16Array): { start: number; length: number } {
  let longest = { start: 0, length: 0 }
  let length = 0
  for (let at = 0; at < GROUPS; at++) {
    length = groups[at] === 0 ? length + 1 : 0
    if (length > longest.length) longest = { start: at + 1 - length, length }
  }
  return longest
}

/** The first or the last address of the network that shares the first `bits` of the address. */
export function ipv6End(groups: Uint16Array, bits: number, isLast: boolean): Uint16Array {
  return groups.map((group, index) => {
    const free = Math.min(GROUP_BITS, Math.max(0, (index + 1) * GROUP_BITS - bits))
    const mask = 2 ** free - 1
    return isLast ? group | mask : group & ~mask
  })
}

export function compareIpv6(a: Uint16Array, b: Uint16Array): number {
  for (let at = 0; at < GROUPS; at++) if (a[at] !== b[at]) return a[at] - b[at]
  return 0
}

export const newIpv6 = (): Uint16Array => new Uint16Array(GROUPS)

/** The address and the number of bits in `10.0.0.0/8`; all bits where none stand there; null for any other number. */
export function splitNetwork(text: string, bitsMax: number): { address: string; bits: number } | null {
  const slash = text.indexOf('/')
  if (slash < 0) return { address: text, bits: bitsMax }
  const digits = text.slice(slash + 1)
  const bits = /^\d{1,3}$/.test(digits) ? Number(digits) : Number.NaN
  return bits <= bitsMax ? { address: text.slice(0, slash), bits } : null
}
