/**
 * The exact tests of PROTOCOLS.md §1, one generator per protocol: it takes a stream byte by byte (`yield` waits for
 * the next one) and returns whether these first bytes are its protocol's. So no test can depend on how the bytes
 * were cut into chunks, and each ends at the first byte that settles it.
 *
 * Not for decoding: a test looks at as little as tells its protocol from all others, and protocol-detection.ts
 * bounds how much that may be.
 */

/** Fed one byte at a time; true: it is this protocol, false: it cannot be. The first `next()` feeds nothing. */
export type FirstBytesTest = Generator<undefined, boolean, number>

const NEWLINE = 0x0a
const RETURN = 0x0d
const SPACE = 0x20
const ZERO = 0x30
const ONE = 0x31
const TWO = 0x32
const LESS = 0x3c
const GREATER = 0x3e
const BRACE = 0x7b
const TAB = 0x09

const isDigit = (byte: number): boolean => byte >= ZERO && byte <= 0x39
const isWhiteSpace = (byte: number): boolean =>
  byte === SPACE || byte === TAB || byte === NEWLINE || byte === RETURN

/** These bytes and no others; `text` is Latin-1. */
function* literally(text: string): FirstBytesTest {
  for (let at = 0; at < text.length; at++) if ((yield) !== text.charCodeAt(at)) return false
  return true
}

/** A record of TLS that carries a handshake, of any version. */
export function* tls(): FirstBytesTest {
  if (!(yield* literally('\x16\x03'))) return false
  return (yield) <= 0x0f
}

/** The header of version 1 or 2; the rest of it is proxy-header.ts's to judge. */
export function* proxy(): FirstBytesTest {
  const first = yield
  if (first === 0x50) return yield* literally('ROXY ')
  return first === RETURN && (yield* literally('\n\r\n\0\r\nQUIT\n'))
}

// ---- HTTP ---------------------------------------------------------------------------------------------------

const TOKEN_BYTES = new Set(
  Buffer.from("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"),
)
const VERSION = ' HTTP/1.'
/** Bytes of ` HTTP/1.x` and the carriage return. */
const ENDING_BYTES = VERSION.length + 2

/** A method, a space, and a first line that ends in ` HTTP/1.0` or ` HTTP/1.1` and CRLF. Known only at the newline. */
export function* http(): FirstBytesTest {
  let byte = yield
  if (!TOKEN_BYTES.has(byte)) return false
  while (TOKEN_BYTES.has(byte)) byte = yield
  if (byte !== SPACE) return false
  let matched = 0
  while ((byte = yield) !== NEWLINE) matched = nextOfEnding(matched, byte)
  return matched === ENDING_BYTES
}

/** How many bytes of the ending the line ends with now. The ending has one space, its first byte. */
function nextOfEnding(matched: number, byte: number): number {
  return isEndingByte(matched, byte) ? matched + 1 : byte === SPACE ? 1 : 0
}

function isEndingByte(at: number, byte: number): boolean {
  if (at < VERSION.length) return byte === VERSION.charCodeAt(at)
  return at === VERSION.length ? byte === ZERO || byte === ONE : at < ENDING_BYTES && byte === RETURN
}

export const http2 = (): FirstBytesTest => literally('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

// ---- IRC, where other protocols are possible ------------------------------------------------------------------

const IRC_LINE_BYTES_MAX = 512
/** What may follow each command that a client begins with. */
const IRC_PARAMETERS: Readonly<Record<string, RegExp>> = {
  NICK: /^:?[A-Za-z[-`{-}][A-Za-z0-9[-`{-}-]* *$/,
  CAP: /^(LS( +\d+)?|LIST|END|REQ +:?[^ :].*) *$/,
  USER: /^([^ :][^ ]* +){3}(:.*|[^ :][^ ]* *)$/,
}
const IRC_DECIDING = Object.keys(IRC_PARAMETERS)

/** One whole line that only IRC has. A PASS before it is passed over: alone it is also a line of many test reports. */
export function* irc(): FirstBytesTest {
  let command = yield* ircCommand(['PASS', ...IRC_DECIDING])
  if (command === 'PASS') {
    if ((yield* ircRest()) === null) return false
    command = yield* ircCommand(IRC_DECIDING)
  }
  const parameters = IRC_PARAMETERS[command]
  if (parameters === undefined) return false
  const rest = yield* ircRest()
  return rest !== null && parameters.test(rest)
}

/** One of the commands, with the space after it; empty as soon as it can be none. */
function* ircCommand(commands: readonly string[]): Generator<undefined, string, number> {
  let word = ''
  for (let byte = yield; byte !== SPACE; byte = yield) {
    word += String.fromCharCode(byte)
    if (!commands.some((command) => command.startsWith(word))) return ''
  }
  return commands.includes(word) ? word : ''
}

/** The rest of a line as Latin-1, or null for what no IRC line has. */
function* ircRest(): Generator<undefined, string | null, number> {
  let rest = ''
  for (let byte = yield; byte !== NEWLINE; byte = yield) {
    if (byte === 0 || rest.endsWith('\r') || rest.length === IRC_LINE_BYTES_MAX) return null
    rest += String.fromCharCode(byte)
  }
  return rest.replace(/\r$/, '')
}

// ---- syslog, RELP ---------------------------------------------------------------------------------------------

const PRIORITY_MAX = 191

/** `<`, one to three digits up to 191, `>`. */
export function* syslog(): FirstBytesTest {
  if ((yield) !== LESS) return false
  let priority = 0
  for (let digits = 0; digits <= 3; digits++) {
    const byte = yield
    if (byte === GREATER) return digits > 0 && priority <= PRIORITY_MAX
    if (!isDigit(byte)) return false
    priority = priority * 10 + byte - ZERO
  }
  return false
}

/** A count up to `frameBytesMax`, a space, `<`, digits, `>`. */
export function* syslogCounted(frameBytesMax: number): FirstBytesTest {
  let byte = yield
  if (byte === ZERO) return false
  let count = 0
  for (let digits = 0; isDigit(byte) && digits < 7; digits++, byte = yield) count = count * 10 + byte - ZERO
  if (count === 0 || byte !== SPACE || count > frameBytesMax) return false
  if ((yield) !== LESS || !isDigit(yield)) return false
  do byte = yield
  while (isDigit(byte))
  return byte === GREATER
}

/** A transaction number, `open`, and the first digit of a length. */
export function* relp(): FirstBytesTest {
  let byte = yield
  let digits = 0
  for (; isDigit(byte) && digits < 9; digits++) byte = yield
  if (digits === 0 || byte !== SPACE) return false
  return (yield* literally('open ')) && isDigit(yield)
}

// ---- JSON, binary ---------------------------------------------------------------------------------------------

export const json = (): FirstBytesTest => literally('{')

/** A length up to about 1 MiB, then the beginning of an object. */
export function* framedJson(): FirstBytesTest {
  if ((yield) !== 0 || (yield) > 0x10) return false
  yield
  yield
  const byte = yield
  return byte === BRACE || isWhiteSpace(byte)
}

/** Versions that do not exist yet are ours too: they get an answer that says so. */
export function* binary(): FirstBytesTest {
  const version = yield
  if (version < 1 || version > 8) return false
  const command = yield
  return command >= 1 && command <= 4
}

const WINDOW_MAX = 65_536

/** A window frame, then a frame of data or a compressed one of the same version. */
export function* lumberjack(): FirstBytesTest {
  const version = yield
  if (version !== ONE && version !== TWO) return false
  if ((yield) !== 0x57) return false
  let size = 0
  for (let index = 0; index < 4; index++) {
    size = size * 256 + (yield)
    if (size > WINDOW_MAX) return false
  }
  if (size === 0 || (yield) !== version) return false
  const type = yield
  return type === 0x43 || type === (version === ONE ? 0x44 : 0x4a)
}

/** A MessagePack array of two to four: a short one whose first element is a string, or one with a long header. */
export function* fluentForward(): FirstBytesTest {
  const first = yield
  if (first === 0xdc) return (yield) === 0 && isForwardLength(yield)
  if (first === 0xdd) return (yield* literally('\0\0\0')) && isForwardLength(yield)
  if (first < 0x92 || first > 0x94) return false
  const tag = yield
  return (tag >= 0xa0 && tag <= 0xbf) || (tag >= 0xd9 && tag <= 0xdb)
}

const isForwardLength = (length: number): boolean => length >= 2 && length <= 4
