/**
 * `logcaster token`: makes a token, or hashes one. The configuration knows a token only by its hash, so the token is
 * shown once, on stdout, and kept nowhere.
 */
import { CodedError, type Random } from '../base/base.ts'
import { hashToken, parseGrant, printTokenEntry, TOKEN_NAME, type Token } from '../config/config.ts'
import type { CliInput } from './cli-io.ts'
import type { Command, CommandContext } from './command.ts'
import { EXIT_DONE } from './exit-codes.ts'
import { isJsonWanted } from './row-output.ts'

const TOKEN_PREFIX = 'lc_'
const TOKEN_RANDOM_BYTES = 32
const TOKEN_BYTES_MAX = 4096

const ACTIONS: Readonly<Record<string, (context: CommandContext) => Promise<number>>> = {
  new: runNew,
  hash: runHash,
}

export const tokenCommand: Command = {
  name: 'token',
  summary: 'make a token, or hash one, for the option tokens',
  examples: [
    { line: 'logcaster token new --name ci --grant write', what: 'a new token and its configuration entry' },
    { line: 'logcaster token new --name board --grant read --json', what: 'the same as JSON' },
    { line: 'pass show logs | logcaster token hash', what: 'the hash of a token that you have' },
  ],
  notes: [
    'The entry goes into the list tokens of the configuration; the server knows it after its next start. The token ' +
      'itself is not stored: give it to whoever uses it, in LOGCASTER_TOKEN or with AUTH.',
  ],
  uses: ['output'],
  options: [
    { name: 'name', kind: 'text', value: 'NAME', help: 'what the token is called in logs and statistics' },
    {
      name: 'grant',
      kind: 'text',
      value: 'LIST',
      help: 'what it allows: write, read, chat, admin, with commas between them',
    },
  ],
  positionals: [
    {
      name: 'ACTION',
      help: 'new, or hash (reads the token from stdin)',
      required: true,
      many: false,
      choices: Object.keys(ACTIONS),
    },
  ],
  run: (context) => ACTIONS[context.args.positionals[0]](context),
}

async function runNew(context: CommandContext): Promise<number> {
  const { name, grant } = wishesOf(context)
  if (name === undefined || grant === undefined) {
    throw new CodedError(
      'USAGE',
      'a new token needs --name and --grant: logcaster token new --name ci --grant write',
    )
  }
  const token = newToken(context.io.random)
  const entry = printTokenEntry({ name, grant, hash: hashToken(token) })
  if (isJsonWanted(context.args)) {
    await context.out.write(`${JSON.stringify({ name, grant, token, hash: hashToken(token), entry })}\n`)
    return EXIT_DONE
  }
  await context.out.write(`token  ${token}\nentry  ${entry}\n`)
  context.messages.note(
    `The token is shown this once. The server learns it from its entry, after the next start:\ntokens:\n  - ${entry}`,
  )
  return EXIT_DONE
}

/** `lc_` and 256 random bits: nobody guesses it, and whoever finds one in a file knows what it is. */
function newToken(random: Random): string {
  const bytes = Buffer.alloc(TOKEN_RANDOM_BYTES)
  for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32LE(random.uint32(), at)
  return TOKEN_PREFIX + bytes.toString('base64url')
}

async function runHash(context: CommandContext): Promise<number> {
  const { name = 'NAME', grant } = wishesOf(context)
  const { io, messages } = context
  if (io.stdin.isTTY === true)
    messages.note('Type the token and Enter, then Ctrl+D. It is shown as you type.')
  const hash = hashToken(await readToken(io.stdin))
  const entry =
    grant === undefined ? `${name} CAPABILITY sha256:${hash}` : printTokenEntry({ name, grant, hash })
  const text = isJsonWanted(context.args) ? JSON.stringify({ hash, entry }) : `entry  ${entry}`
  await context.out.write(`${text}\n`)
  return EXIT_DONE
}

/** All of stdin without its last line end. Nothing of it is repeated in an error. */
async function readToken(stdin: CliInput): Promise<Buffer> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const chunk of stdin) {
    pieces.push(Buffer.from(chunk))
    length += chunk.length
    if (length > TOKEN_BYTES_MAX + 2) break
  }
  const token = withoutLineEnd(Buffer.concat(pieces))
  if (token.length === 0) throw new CodedError('USAGE', 'there is no token on stdin')
  if (token.length > TOKEN_BYTES_MAX) {
    throw new CodedError(
      'USAGE',
      `what stands on stdin is no token: it is longer than ${TOKEN_BYTES_MAX} bytes`,
    )
  }
  if (token.some((byte) => byte < 0x21 || byte === 0x7f)) {
    throw new CodedError(
      'USAGE',
      'what stands on stdin is no token: it has spaces, line ends or control characters',
    )
  }
  return token
}

const LINE_FEED = 10
const CARRIAGE_RETURN = 13

function withoutLineEnd(bytes: Buffer): Buffer {
  const line = bytes.at(-1) === LINE_FEED ? bytes.subarray(0, -1) : bytes
  return line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line
}

/** What --name and --grant say; each may be missing. */
function wishesOf({ args }: CommandContext): Partial<Pick<Token, 'name' | 'grant'>> {
  const name = args.text('name')
  if (name !== undefined && !TOKEN_NAME.test(name)) {
    throw new CodedError('USAGE', '--name must be 1 to 63 letters, digits, ".", "_" and "-", such as ci')
  }
  const words = args.text('grant')
  if (words === undefined) return { name }
  const grant = parseGrant(words.replaceAll(' ', ''))
  if ('what' in grant) throw new CodedError('USAGE', `--grant: ${grant.what}; ${grant.hint}`)
  return { name, grant: grant.value }
}
