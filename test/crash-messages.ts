/**
 * The messages of crash rounds. Each is made from who sends it and its number alone, so that whoever reads it back
 * knows what it must be, byte for byte, and nobody needs to keep a copy.
 *
 *   r<round>-c<client>-n<number> <filling>
 *
 * The filling is 0 bytes to a few KiB, now and then 60,000, and has what a careless path would change: backslashes,
 * bars, colons, blanks at the end, tabs, UTF-8 of every length and bytes that are no UTF-8. It has no other control
 * characters: the LOG commands refuse them.
 */

export interface MessageName {
  readonly round: number
  readonly client: number
  readonly number: number
}

const LONG_BYTES = 60_000
const FILLING = makeFilling()

export function makeMessage({ round, client, number }: MessageName): Buffer {
  const chance = mix(mix(round, client), number)
  const start = chance % (FILLING.length - LONG_BYTES)
  const name = Buffer.from(`r${round}-c${client}-n${number} `)
  return Buffer.concat([name, FILLING.subarray(start, start + fillingBytes(chance >>> 8))])
}

/** The same for what can only carry text: bytes that are no UTF-8 are the replacement character. */
export function makeTextMessage(name: MessageName): Buffer {
  return Buffer.from(makeMessage(name).toString())
}

/** Who sent a message that was read back; null when it is none of ours. */
export function nameOfMessage(message: Buffer): MessageName | null {
  const found = /^r(\d+)-c(\d+)-n(\d+) /.exec(message.toString('latin1', 0, NAME_BYTES_MAX))
  if (found === null) return null
  return { round: Number(found[1]), client: Number(found[2]), number: Number(found[3]) }
}

const NAME_BYTES_MAX = 64

/** Mostly as long as log lines are. */
function fillingBytes(chance: number): number {
  const kind = chance % 1000
  if (kind === 0) return LONG_BYTES
  if (kind < 20) return chance % 4000
  if (kind < 50) return 0
  return chance % 300
}

function makeFilling(): Buffer {
  const words = [
    'disk',
    'a\\nb',
    '\\',
    '|',
    ':',
    '\t',
    ' ',
    'größe',
    '로그',
    '🪵',
    'x=1',
    '\\x41',
    'END',
    'LOG|',
    'user',
  ]
  const pieces: Buffer[] = []
  for (let index = 0; index < 40_000; index++) {
    const chance = mix(index, 7)
    const isText = chance % 16 !== 0
    pieces.push(isText ? Buffer.from(words[chance % words.length]) : Buffer.from([0x80 + (chance % 0x80)]))
  }
  return Buffer.concat(pieces)
}

/** A number from 0 to 2^31 - 1 that looks like chance. */
function mix(one: number, other: number): number {
  let hash = Math.imul(one + 1, 0x9e3779b1) ^ Math.imul(other + 1, 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39)
  return (hash ^ (hash >>> 15)) & 0x7fff_ffff
}
