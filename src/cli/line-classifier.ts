/**
 * Would the log port read this line as a command (PROTOCOLS §2)? Such a line must be wrapped, so that it is stored and
 * not obeyed. Looks at as few bytes as decide it. When in doubt about the short dialect it says command: a wrapped
 * line keeps its bytes and only loses the detection of level and time.
 */
export const LINE_PLAIN = 0
export const LINE_COMMAND = 1
export const LINE_EMPTY = 2
/** More bytes are needed. */
export const LINE_UNDECIDED = 3

const WHOLE_LINE_COMMANDS = ['PING', 'STATS', 'QUIT'].map((word) => Buffer.from(word))
const PREFIX_COMMANDS = ['LOG|', 'AUTH|'].map((word) => Buffer.from(word))
const SHORT_DIALECT = Buffer.from('LOG:')
const MAY_START_COMMAND = new Set([...'PSQLA'].map((letter) => letter.charCodeAt(0)))
const CARRIAGE_RETURN = 13
const COLON = 0x3a

/**
 * @param start,end the line without its line feed, a carriage return at its end included
 * @param isComplete the line ends at `end`; otherwise more of it may follow
 */
export function classifyLine(bytes: Uint8Array, start: number, end: number, isComplete: boolean): number {
  const first = bytes[start]
  if (start === end) return isComplete ? LINE_EMPTY : LINE_UNDECIDED
  if (first === CARRIAGE_RETURN && start + 1 === end) return isComplete ? LINE_EMPTY : LINE_UNDECIDED
  if (!MAY_START_COMMAND.has(first)) return LINE_PLAIN
  const stop = isComplete && bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end
  return classifyHead(bytes.subarray(start, stop), isComplete)
}

function classifyHead(line: Uint8Array, isComplete: boolean): number {
  let undecided = false
  for (const word of WHOLE_LINE_COMMANDS) {
    if (isComplete && equals(line, word)) return LINE_COMMAND
    undecided ||= !isComplete && isPrefixOf(withoutReturn(line), word)
  }
  for (const word of PREFIX_COMMANDS) {
    if (isPrefixOf(word, line)) return LINE_COMMAND
    undecided ||= !isComplete && isPrefixOf(line, word)
  }
  if (isPrefixOf(SHORT_DIALECT, line)) return classifyShortDialect(line, isComplete)
  undecided ||= !isComplete && isPrefixOf(line, SHORT_DIALECT)
  return undecided ? LINE_UNDECIDED : LINE_PLAIN
}

/** `LOG:` [digits and dots] `:` letters `:`. */
function classifyShortDialect(line: Uint8Array, isComplete: boolean): number {
  let i = SHORT_DIALECT.length
  while (i < line.length && isTimeByte(line[i])) i++
  if (i < line.length && line[i] !== COLON) return LINE_PLAIN
  i++
  while (i < line.length && isLetter(line[i])) i++
  if (i < line.length) return line[i] === COLON ? LINE_COMMAND : LINE_PLAIN
  return isComplete ? LINE_PLAIN : LINE_UNDECIDED
}

const isTimeByte = (byte: number): boolean => (byte >= 0x30 && byte <= 0x39) || byte === 0x2e
const isLetter = (byte: number): boolean => (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a

function withoutReturn(line: Uint8Array): Uint8Array {
  return line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line
}

function isPrefixOf(prefix: Uint8Array, line: Uint8Array): boolean {
  return prefix.length <= line.length && equals(prefix, line.subarray(0, prefix.length))
}

function equals(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0
}
