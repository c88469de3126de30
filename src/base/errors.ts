/**
 * The three failures that are kept apart everywhere (STYLE.md habit 9):
 *
 *  - our bug: `assert` throws an AssertionError whose message starts with "BUG". Nobody catches it.
 *  - damaged data: a CodedError whose code says what is damaged, with file and offset in `details`.
 *  - somebody else's mistake, or the machine's: a CodedError that is counted and answered.
 *
 * Every code is one row of ERROR_CODES: docs/errors.md is made from it, and a test holds them level.
 */

export interface ErrorCodeDeclaration {
  /** What happened, in one sentence. */
  readonly meaning: string
  /** What the reader can do about it. */
  readonly remedy: string
}

const declare = <const T extends Record<string, ErrorCodeDeclaration>>(codes: T): T => codes

export const ERROR_CODES = declare({
  DIRECTORY_LOCKED: {
    meaning: 'Another LogCaster process uses this data directory.',
    remedy: 'Stop the other process, or give this one its own directory with `dataDir`.',
  },
  DIRECTORY_UNUSABLE: {
    meaning: 'The data directory cannot be created, read or written.',
    remedy: 'Give the user that runs LogCaster the rights to it, or choose another with `dataDir`.',
  },
  FORMAT_VERSION: {
    meaning: 'A file was written by a newer LogCaster, in a format that this one does not know.',
    remedy: 'Run the newer version.',
  },
  MANIFEST_CORRUPT: {
    meaning: 'No manifest of the store can be read, or its edits contradict each other.',
    remedy: 'Restore the manifest from a backup; the segments are untouched.',
  },
  PART_CORRUPT: {
    meaning: 'A part file is damaged: its bytes are not those that were written.',
    remedy:
      'The file and the place are in the details. Restore the part from a backup; everything that lies in other parts is still served.',
  },
  KEYS_CORRUPT: {
    meaning: 'A file of idempotency keys is damaged: its bytes are not those that were written.',
    remedy:
      'The file is in the details. Restore it from a backup; without it, a batch that is sent again may be stored twice.',
  },
  DELETES_CORRUPT: {
    meaning: 'A file of deleted rows is damaged: its bytes are not those that were written.',
    remedy:
      'The file is in the details. Restore it from a backup; without it, nobody knows which records of its part were deleted.',
  },
  BACKUP_REFUSED: {
    meaning: 'The directory for a backup or an export is not empty, or cannot be written.',
    remedy:
      'Name a directory that is empty or does not exist yet, and that the user of the server may write.',
  },
  RESTORE_REFUSED: {
    meaning: 'The backup is damaged or is none, or the directory that it is to go to is not empty.',
    remedy:
      'The message names the file or the directory. `--partial` restores a damaged backup as far as it can be read.',
  },
  IMPORT_REFUSED: {
    meaning: 'What is to be imported is no whole part, or the store has it already.',
    remedy:
      'The message names what is damaged. `--partial` imports what can be read of it, `--again` what is there already.',
  },
  BATCH_CORRUPT: {
    meaning: 'The bytes are not a canonical batch of records.',
    remedy: 'Report it: the sender of these bytes is LogCaster itself.',
  },
  BATCH_TOO_LARGE: {
    meaning: 'A batch is larger than `storage.batchBytesMax`.',
    remedy: 'Send smaller batches.',
  },
  FRAME_TOO_LARGE: {
    meaning: 'What is to be sent does not fit into one frame of its protocol.',
    remedy: 'Send less at once, or over a protocol with a higher limit.',
  },
  RECORD_TOO_LARGE: {
    meaning: 'A record is larger than `record.bytesMax`.',
    remedy: 'Send a shorter message, or raise the limit.',
  },
  RECORD_INVALID: {
    meaning: 'A record breaks a rule: empty message, bad level, bad time, bad field name, too many fields.',
    remedy: 'The reason names the rule and what would be right.',
  },
  STORE_FULL: {
    meaning: 'The disk has no room (or less than `storage.freeBytesMin`). Nothing was stored.',
    remedy: 'Make room: writing goes on by itself. Queries still work.',
  },
  STORE_READ_ONLY: {
    meaning: 'The store does not take records, because its disk failed or acknowledged records are missing.',
    remedy:
      'The reason is in the statistics and in the log. Queries still work. Where it names ids that are missing, `storage.acceptLoss` for one start accepts that they are lost.',
  },
  STORE_CLOSED: {
    meaning: 'The store was closed.',
    remedy: 'Open it again.',
  },
  STORE_UNKNOWN: {
    meaning: 'The hub has no store of this name.',
    remedy: 'Name one that is configured.',
  },
  TASK_UNKNOWN: {
    meaning: 'No work in the background has this id: it never was, or it is done.',
    remedy: '`logcaster tasks` lists what there is.',
  },
  QUERY_SYNTAX: {
    meaning: 'The query text is not valid.',
    remedy: 'The message says where and what was expected.',
  },
  QUERY_ID_INVALID: {
    meaning: 'The id that a query was given is no name, or that of another query that runs.',
    remedy: 'Give each query its own id, of letters, digits, `.`, `_` and `-`, or none.',
  },
  QUERY_UNKNOWN: {
    meaning: 'No query has this id: it never was, or it ended long ago.',
    remedy: '`logcaster queries` lists those that run, and those that were slow.',
  },
  QUERY_TOO_LARGE: {
    meaning: 'The query needs more memory, text or depth than it may have.',
    remedy: 'Narrow the time range, lower the limit or split the query.',
  },
  QUERY_CANCELLED: {
    meaning: 'The query was cancelled, by its client or by the deadline.',
    remedy: 'Ask again, for less, or with a longer deadline.',
  },
  CONFIG_INVALID: {
    meaning: 'An option is unknown, has a bad value or contradicts another.',
    remedy: 'Each problem names its place and a suggestion; `logcaster config reference` lists all options.',
  },
  PORT_TAKEN: {
    meaning: 'Another program listens on this address and port.',
    remedy: 'Stop it, or choose another port.',
  },
  ADDRESS_UNUSABLE: {
    meaning: 'The address cannot be listened on.',
    remedy: 'Use an address of this machine, and a port above 1023 unless you are root.',
  },
  CERTIFICATE_UNUSABLE: {
    meaning: 'A certificate, its private key or a client authority cannot be used for TLS.',
    remedy: 'The message names the file and what would be right; `logcaster tls init` makes a working set.',
  },
  SERVER_UNREACHABLE: {
    meaning: 'No LogCaster answers at this address.',
    remedy:
      'Start it with `npm start`, or name the address with --host and --log-port, --query-port or --http-port.',
  },
  SERVER_REFUSED: {
    meaning: 'The server answered with an error.',
    remedy: 'Its reason follows.',
  },
  CLIENT_CLOSED: {
    meaning: 'The client was closed, or is being closed.',
    remedy: 'Open another one. What the error names as unacknowledged may be stored or not.',
  },
  SEND_BUFFER_FULL: {
    meaning: 'The client holds as many unacknowledged bytes as it may, in memory or in its spill files.',
    remedy: 'Send more slowly, raise `memoryBytesMax` or `spillBytesMax`, or choose another `overflow`.',
  },
  ANSWER_INVALID: {
    meaning: 'What answered the client does not speak the framed JSON protocol, or broke its rules.',
    remedy:
      'Check host and port, and that nothing between changes the bytes. The client connects again by itself.',
  },
  TIMED_OUT: {
    meaning: 'An answer did not come in time.',
    remedy: 'Try again, or allow more time. Records that timed out may be stored or not.',
  },
  SPILL_UNUSABLE: {
    meaning: 'The spill directory of a client cannot be created, read or written.',
    remedy:
      'Give the process the rights and the room that the reason names, or choose another `spillDirectory`.',
  },
  SPILL_CORRUPT: {
    meaning: 'A spill file of a client has bytes at its end or inside that are no batch.',
    remedy:
      'After a crash it is a write that never finished: nothing to do. The file is kept under a name that ends in `.damaged`.',
  },
  REQUEST_INVALID: {
    meaning: 'A request breaks a rule of its protocol: unknown type, missing or bad value, bad frame.',
    remedy: 'The reason names the rule and what would be right.',
  },
  NOT_ALLOWED: {
    meaning: 'The session may not do this: its port does not grant it, and no token that it gave does.',
    remedy: 'Log in with a token that allows it, use another port, or change `grant` of the port.',
  },
  TOKEN_UNKNOWN: {
    meaning: 'Nobody has this token.',
    remedy: '`logcaster token` makes one; the configuration names those that are known by their hashes.',
  },
  RATE_EXCEEDED: {
    meaning: 'The sender asks for more in a second than it may.',
    remedy: 'Wait a moment, and send less at once or more in one request.',
  },
  SERVER_BUSY: {
    meaning: 'As much is under way as the session or the server may hold.',
    remedy: 'Try again when something of it is done.',
  },
  WORKER_DIED: {
    meaning:
      'A worker thread ended in the middle of its task: it crashed, or needed more memory than it may have.',
    remedy:
      'Another takes its place, and other tasks go on. Ask again; if it happens again, report it with the message.',
  },
  INTERNAL_ERROR: {
    meaning: 'The server failed at something that it should be able to do.',
    remedy: 'Its own log says what happened; report it.',
  },
  BODY_TOO_LARGE: {
    meaning: 'The body of a request is, or expands to, more than it may.',
    remedy: 'The message names the limit. Send less at once; what it says was stored need not be sent again.',
  },
  MEDIA_UNSUPPORTED: {
    meaning: 'The body of a request has a type or a compression that its route does not take.',
    remedy: 'The message lists those that it takes.',
  },
  ROUTE_UNKNOWN: {
    meaning: 'There is nothing at this path.',
    remedy: 'docs/http.md lists all routes.',
  },
  METHOD_REFUSED: {
    meaning: 'This path is there, but not for this method.',
    remedy: 'The header `Allow` names the methods that it takes.',
  },
  ORIGIN_REFUSED: {
    meaning:
      'A request over the loopback interface names a host that is not this server, or comes from the page of another one.',
    remedy:
      'Use localhost or 127.0.0.1, or configure the name in `http.hostNames` and the origin of the page in `http.corsOrigins`.',
  },
  USAGE: {
    meaning: 'The command line is not one that LogCaster knows.',
    remedy: '`logcaster --help` lists commands and options.',
  },
  NODE_TOO_OLD: {
    meaning: 'This Node.js is older than LogCaster needs.',
    remedy: 'Install the version that the message names. In a clone, `npm ci` brings it.',
  },
})

export type ErrorCode = keyof typeof ERROR_CODES

export interface CodedErrorOptions {
  readonly cause?: unknown
  readonly details?: Readonly<Record<string, unknown>>
}

/** A failure that is not our bug. `message` is one sentence that says what was wrong and what would be right. */
export class CodedError extends Error {
  readonly code: ErrorCode
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, message: string, options: CodedErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'CodedError'
    this.code = code
    this.details = options.details ?? {}
  }
}

export function isCodedError(error: unknown, code?: ErrorCode): error is CodedError {
  return error instanceof CodedError && (code === undefined || error.code === code)
}

/** The `code` of a Node.js system error (`ENOSPC`, `EADDRINUSE`, …), or undefined. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** An error with the shape of a Node.js system error, for disks and networks that are not the real ones. */
export function systemError(code: string, what: string): Error & { readonly code: string } {
  return Object.assign(new Error(`${code}: ${what}`), { code })
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
