/**
 * All options of LogCaster, declared once. The file, variables, flags, defaults, units, validation, JSON
 * Schema and docs/configuration.md follow from this declaration: an option is added here and nowhere else.
 * Rules between options are in rules.ts.
 */
import {
  BATCH_BYTES_MAX,
  checkFieldName,
  RECORD_BYTES_MAX_CEILING,
  RECORD_BYTES_MAX_DEFAULT,
  STREAM_FIELDS_DEFAULT,
} from '../record/record.ts'
import { type DeclaredOption, flatten, group, option, optional, type ValueOf } from './declaration.ts'
import {
  bool,
  bytes,
  count,
  duration,
  type Kind,
  listOf,
  nameOf,
  oneOf,
  path,
  printBytes,
  timeZone,
} from './kinds.ts'
import { ANY_MACHINE, MEMORY_BYTES_MIN, planMemory, type SharedOption, usualMemory } from './memory-plan.ts'
import { address, network } from './network.ts'
import { retentionRules } from './retention.ts'
import { secret } from './secret.ts'
import { CAPABILITIES, tokens } from './token.ts'

const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB
const SECOND_MS = 1000
const DAY_MS = 86_400 * SECOND_MS

const STORE_NAME_RULE = 'write a lower case letter, then at most 62 of a-z, 0-9, _ and -'

const ORIGIN_RULE = 'write a scheme and a host, as in https://dashboards.example, or *'
const HOST_NAME_RULE = 'write a name without scheme and port, as in logs.example'

const fieldText = nameOf('field name', /^[^\s,]{1,128}$/, 'write a name without spaces, as in service')

/** What a record may have as a field. */
const fieldName: Kind<string> = {
  ...fieldText,
  parse(texts, context) {
    const problem = checkFieldName(texts[0])
    return problem === null ? fieldText.parse(texts, context) : { what: problem, hint: 'name another field' }
  },
}

const THIS_MACHINE = ['127.0.0.0/8', '::1/128']
const EVERYBODY = ['0.0.0.0/0', '::/0']

/**
 * The founding documents' policy (PROTOCOLS section 6). Only what they state: the rest is as in `loopback`.
 */
interface PortLan {
  readonly listen?: string
  readonly allow?: readonly string[]
  readonly auth?: string
  readonly connectionsPerSecondMax?: string
  readonly connectionsPerWindowMax?: string
}

interface PortDefaults {
  readonly what: string
  readonly number: number
  /** What the port grants to everybody that it lets in, while `auth` is `none`. */
  readonly grant: readonly string[]
  readonly lan: PortLan
}

const lanDefault = <T>(text: T | undefined): Record<string, T> => (text === undefined ? {} : { lan: text })

const port = ({ what, number, grant, lan }: PortDefaults) =>
  group(
    what,
    {
      listen: option(listOf('list of addresses', address(number), { emptyWord: 'off' }), {
        help:
          'Addresses to listen on, or `off`. One that other machines can reach needs `allow` and `auth` ' +
          'beside it.',
        default: `127.0.0.1:${number}`,
        profiles: lanDefault(lan.listen),
      }),
      allow: option(
        listOf('list of networks', network, {
          emptyHint: 'write the networks that may connect, or close the port with listen: off',
        }),
        {
          help: 'Networks that may connect. Everybody is `0.0.0.0/0` and `::/0`, and is never assumed.',
          default: THIS_MACHINE,
          profiles: lanDefault(lan.allow),
        },
      ),
      auth: option(oneOf('none', 'required'), {
        help:
          'Whether a session needs credentials. With `none`, everybody who may connect has what `grant` ' +
          'lists.',
        default: 'none',
        profiles: lanDefault(lan.auth),
      }),
      grant: option(listOf('list of capabilities', oneOf(...CAPABILITIES), { emptyWord: 'nothing' }), {
        help:
          'What a session may do without credentials while `auth` is `none`: `write`, `read`, `chat`, ' +
          'or `nothing`. ' +
          '`admin` is only given by a credential.',
        default: grant,
        when: { option: 'auth', is: 'required', default: 'nothing' },
      }),
      connectionsPerSecondMax: option(count({ max: 1_000_000 }), {
        help: 'New connections per second and address.',
        default: '0',
        zero: 'no limit',
        profiles: lanDefault(lan.connectionsPerSecondMax),
      }),
      connectionsPerWindowMax: option(count({ max: 1_000_000 }), {
        help: 'New connections per address within `windowMs`.',
        default: '0',
        zero: 'no limit',
        profiles: lanDefault(lan.connectionsPerWindowMax),
      }),
      windowMs: option(duration({ min: SECOND_MS, max: DAY_MS }), {
        help: 'The window of `connectionsPerWindowMax`.',
        default: '60s',
      }),
      connectionsPerAddressMax: option(count({ max: 1_000_000 }), {
        help: 'Connections open at once from one address.',
        default: '0',
        zero: 'no limit',
      }),
      connectionsMax: option(count({ min: 1, max: 1_000_000 }), {
        help: 'Connections open at once. Further ones are closed and counted.',
        default: '10000',
      }),
      bytesPerSecondMax: option(bytes(), {
        help:
          'Bytes that one address may send per second, over all its connections. Who sends faster is read ' +
          'more slowly; datagrams beyond it are dropped and counted.',
        default: '0',
        zero: 'no limit',
      }),
      authMsMax: option(duration(), {
        help: 'How long a session that may do nothing may take to show a credential.',
        default: '10s',
        zero: 'no limit',
      }),
      authBytesMax: option(bytes({ min: 256 }), {
        help: 'How much a session that may do nothing may send before it has shown a credential.',
        default: '4KiB',
      }),
      proxies: option(listOf('list of networks', network, { emptyWord: 'none' }), {
        help:
          'Proxies that may say with a PROXY protocol header (version 1 or 2) who the peer is. From anybody ' +
          'else such a header is not one.',
        default: [],
      }),
      idleMsMax: option(duration(), {
        help: 'A connection on which nothing moves for this long is closed.',
        default: '1h',
        zero: 'no limit',
      }),
      handshakeMsMax: option(duration({ min: 100 }), {
        help: 'How long the first bytes may leave the protocol open, and how long a TLS handshake may take.',
        default: '5s',
      }),
      protocol: option(
        nameOf('protocol', /^[a-z][a-z0-9-]{0,62}$/, 'write auto, or the name of a protocol'),
        {
          help: "Pins the port to one protocol, by its name. With `auto` a connection's first bytes decide.",
          default: 'auto',
        },
      ),
      tls: group('TLS of this port: certificate and key, or neither. Changed files are read again.', {
        cert: optional(path, { help: 'PEM file with the certificate and its chain, the own one first.' }),
        key: optional(secret, { help: 'The private key, PEM, without a passphrase.' }),
        clientCa: optional(path, {
          help: 'PEM file with the authorities that client certificates must come from.',
        }),
        clientCertificate: option(oneOf('off', 'request', 'require'), {
          help:
            'Whether clients are asked for a certificate. `request` lets those without a valid one in ' +
            'as well, `require` refuses them in the handshake.',
          default: 'off',
        }),
        only: option(bool, {
          help: 'Refuse everything that does not come over TLS.',
          default: 'false',
          when: { option: 'clientCertificate', is: 'require', default: 'true' },
        }),
      }),
    },
    'port',
  )

const LARGE_PLAN = planMemory({
  bytesMax: usualMemory(ANY_MACHINE),
  stores: 1,
  processors: 2,
  stated: {},
})

/** The default is a share of `memory.bytesMax`. */
const shareOf = (path: SharedOption, print: (value: number) => string = printBytes) => ({
  default: print(LARGE_PLAN[path]),
  isShare: true,
})

export const DECLARATION = group('Options of LogCaster.', {
  profile: option(oneOf('loopback', 'lan'), {
    help:
      'Which defaults hold. `loopback`: every port on this machine only, without credentials. `lan`: ' +
      'log and IRC port ' +
      'open to the network, queries and IRC with credentials, with limits on new connections.',
    default: 'loopback',
    short: 'p',
  }),
  dataDir: option(path, {
    help: 'Directory of everything that is stored. One process at a time uses it.',
    default: './data',
    short: 'd',
  }),
  stores: option(
    listOf('list of names', nameOf('store name', /^[a-z][a-z0-9_-]{0,62}$/, STORE_NAME_RULE), {
      emptyWord: 'none',
    }),
    {
      help: 'Stores beside `logs`, which always exists. Each has a directory of its own.',
      default: [],
    },
  ),
  tokens: option(tokens, {
    help:
      'Credentials: each entry is a name, what it grants (`write`, `read`, `chat`, `admin`) and the SHA-256 of ' +
      'a token, `ci write,read sha256:…`. `logcaster token new` makes one.',
    default: [],
  }),
  clientAddressFields: option(bool, {
    help:
      'Keep the sender in the fields `client.address` and `client.port` of records from the text log ' +
      'protocol.',
    default: 'true',
  }),
  drainMsMax: option(duration(), {
    help: 'How long a stop may take to answer what was read, store it and close the connections.',
    default: '10s',
  }),
  ports: group('The four ports: where they listen, who may connect, and what everybody may do there.', {
    log: port({
      what: 'Takes records.',
      number: 9999,
      grant: ['write'],
      lan: { listen: '0.0.0.0:9999', allow: EVERYBODY, auth: 'none', connectionsPerSecondMax: '100' },
    }),
    query: port({
      what: 'Answers queries.',
      number: 9998,
      grant: ['read', 'write'],
      lan: {
        listen: '127.0.0.1:9998',
        allow: ['127.0.0.1/32', '::1/128'],
        auth: 'required',
        connectionsPerSecondMax: '10',
        connectionsPerWindowMax: '10',
      },
    }),
    irc: port({
      what: 'Chat, and logs in chat.',
      number: 6667,
      grant: ['chat', 'read'],
      lan: {
        listen: '0.0.0.0:6667',
        allow: EVERYBODY,
        auth: 'required',
        connectionsPerSecondMax: '50',
        connectionsPerWindowMax: '10',
      },
    }),
    http: port({
      what: 'HTTP, WebSocket and web UI.',
      number: 9997,
      grant: ['read', 'write'],
      lan: { listen: '127.0.0.1:9997' },
    }),
  }),
  udp: group('Records in datagrams, on the addresses and numbers of the log port and under its policy.', {
    enabled: option(bool, {
      help: 'Whether the log port takes datagrams too.',
      default: 'true',
    }),
    receiveBufferBytesMax: option(bytes({ min: 64 * KIB, max: GIB }), {
      help:
        'Asked of the system for each socket: what comes while we are busy waits there. Linux gives no more than ' +
        '`net.core.rmem_max`.',
      default: '8MiB',
    }),
    datagramsPerSecondMax: option(count({ max: 100_000_000 }), {
      help: 'Datagrams of one address per second. Those beyond it are dropped and counted.',
      default: '0',
      zero: 'no limit',
    }),
  }),
  record: group('What a record may be.', {
    bytesMax: option(bytes({ min: 1, max: RECORD_BYTES_MAX_CEILING }), {
      help:
        'The longest message. A longer one is refused, or cut and marked where the protocol cannot ' +
        'answer.',
      default: printBytes(RECORD_BYTES_MAX_DEFAULT),
    }),
    timeZone: option(timeZone, {
      help: 'Time zone of times in plain lines that name none.',
      default: 'UTC',
    }),
  }),
  memory: group(
    'Memory. A default that is a share stands for 14 GiB or more, and is less where there is less; what is set is taken from ' +
      'the other shares. The parts, and what was measured, are in docs/storage.md.',
    {
      bytesMax: option(bytes({ min: MEMORY_BYTES_MIN }), {
        help:
          'What the whole process is to stay under: an eighth of the memory of the machine or the container, 192 MiB at ' +
          'least and 1792 MiB at most, if nothing is set. When parts of it are used up, senders and queries wait.',
        default: printBytes(usualMemory(ANY_MACHINE)),
        isShare: true,
      }),
      inputBytesMax: option(bytes({ min: MIB }), {
        help: 'Bytes of all connections that were read and are not yet on disk. Above it, nothing more is read.',
        ...shareOf('memory.inputBytesMax'),
      }),
      queriesBytesMax: option(bytes({ min: MIB }), {
        help: 'Memory of all queries together. One that might need more than is left of it waits.',
        ...shareOf('memory.queriesBytesMax'),
      }),
    },
  ),
  ingest: group('Records on their way in.', {
    streamFields: option(listOf('list of fields', fieldName, { emptyWord: 'none' }), {
      help:
        'Fields that name where a record comes from, of JSON records and records of programs that name none. The ' +
        'fields of a record with these names are its stream.',
      default: STREAM_FIELDS_DEFAULT,
    }),
  }),
  plainLines: group('Lines that are no command, on the log port.', {
    reply: option(oneOf('none', 'ack'), {
      help:
        '`ack` answers every stored line with `ACK`. A sender that never reads would lose its last ' +
        'lines to that.',
      default: 'none',
    }),
  }),
  connection: group('Limits of one connection.', {
    unackedBytesMax: option(bytes({ min: 64 * KIB, max: GIB }), {
      help: 'Bytes that were read and are not yet on disk. Above it, reading pauses.',
      default: '4MiB',
    }),
    unsentReplyBytesMax: option(bytes({ min: 4 * KIB, max: GIB }), {
      help: 'Replies that the peer has not taken. Above it, reading pauses.',
      default: '256KiB',
    }),
  }),
  http: group('HTTP.', {
    corsOrigins: option(
      listOf('list of origins', nameOf('origin', /^(?:\*|https?:\/\/[^\s/?#@]{1,253})$/, ORIGIN_RULE), {
        emptyWord: 'none',
      }),
      {
        help: 'Origins whose web pages may use this server: `https://dashboards.example`, or `*` for all.',
        default: [],
      },
    ),
    hostNames: option(
      listOf('list of host names', nameOf('host name', /^[A-Za-z0-9._-]{1,253}$/, HOST_NAME_RULE), {
        emptyWord: 'none',
      }),
      {
        help:
          'Names of this server beside localhost, for requests over the loopback interface, as from a proxy on ' +
          'this machine. Others are refused there: a web page may have made its own name stand for 127.0.0.1.',
        default: [],
      },
    ),
    bodyExpandedBytesMax: option(bytes(), {
      help: 'What the compressed body of one request may expand to.',
      default: '16GiB',
      zero: 'no limit',
    }),
    bodyExpansionMax: option(count({ min: 1, max: 1_000_000 }), {
      help: 'How many times its own size a compressed body may expand to, beyond its first MiB.',
      default: '200',
    }),
    requestsPerConnectionMax: option(count({ max: 1_000_000_000 }), {
      help: 'After so many requests a connection is closed behind the answer.',
      default: '0',
      zero: 'no limit',
    }),
  }),
  query: group('Limits of queries.', {
    rowsMax: option(count({ min: 1, max: 100_000_000 }), {
      help:
        'The newest rows that an answer of the text query protocol holds, unless the query sets its own ' +
        'limit. What a pipe like `stats` makes of all rows is not cut.',
      default: '10000',
    }),
    memoryBytesMax: option(bytes({ min: MIB }), {
      help: 'Memory that one query may use. One that needs more is refused.',
      ...shareOf('query.memoryBytesMax'),
    }),
    deadlineMs: option(duration({ max: DAY_MS }), {
      help: 'How long a query may run. A tail has no deadline.',
      default: '5m',
      zero: 'no deadline',
    }),
    concurrentMax: option(count({ min: 1, max: 10_000 }), {
      help: 'Queries that run at once. Further ones wait.',
      default: '8',
    }),
    threads: option(count({ max: 256 }), {
      help:
        'Threads that search what is sealed, of all queries together; never more than the machine has ' +
        'processors.',
      ...shareOf('query.threads', String),
      zero: 'the thread that does everything else',
    }),
    cacheBytesMax: option(bytes(), {
      help: 'Memory for decoded data that queries keep for the next ones, of all threads together.',
      ...shareOf('query.cacheBytesMax'),
      zero: 'nothing is kept',
    }),
    aggregateBytesMax: option(bytes(), {
      help:
        'Memory for what pipes such as `stats` and `top` made of sealed parts, so that the same question is answered ' +
        'without reading them again; no more than an eighth of `query.memoryBytesMax`, whatever is set.',
      default: '32MiB',
      zero: 'nothing is kept',
    }),
    answersBytesMax: option(bytes({ min: MIB }), {
      help: 'Memory for rows that were found and that nobody has taken yet, of all answers together.',
      ...shareOf('query.answersBytesMax'),
    }),
  }),
  storage: group('The stores and their write-ahead logs.', {
    segmentBytesMax: option(bytes({ min: MIB, max: 4 * GIB - 1 }), {
      help: 'A segment of the write-ahead log is closed when the next frame would make it larger.',
      default: '64MiB',
    }),
    bufferBytesMax: option(bytes({ min: MIB }), {
      help: 'Memory for the newest records of a store.',
      ...shareOf('storage.bufferBytesMax'),
    }),
    batchBytesMax: option(bytes({ min: 64 * KIB, max: BATCH_BYTES_MAX }), {
      help: 'The most that one batch may hold.',
      default: printBytes(BATCH_BYTES_MAX),
    }),
    groupBytesMax: option(bytes({ min: 64 * KIB, max: 64 * MIB }), {
      help: 'The most that one write to the disk holds, unless one batch is larger.',
      default: '1MiB',
    }),
    gatherBytesMax: option(bytes({ min: 64 * KIB }), {
      help: 'When more than this waits for the disk, senders wait.',
      ...shareOf('storage.gatherBytesMax'),
    }),
    blockBytesMax: option(bytes({ min: 256 * KIB, max: 64 * MIB }), {
      help:
        'Records that are sealed into one block, at most 65,536 of them: larger blocks take less of the disk. Sealing ' +
        'takes about nine times as much memory.',
      ...shareOf('storage.blockBytesMax'),
    }),
    cacheBytesMax: option(bytes(), {
      help: 'Memory for decoded data of each store, of what is read without a worker, such as tails.',
      ...shareOf('storage.cacheBytesMax'),
    }),
    freeBytesMin: option(bytes(), {
      help: 'With less room than this on the disk, records are refused until there is room again.',
      default: '64MiB',
    }),
    retentionMs: option(duration({ max: 36_500 * DAY_MS }), {
      help:
        'Records are dropped, in whole parts, when the larger of their time and their receivedTime is older than ' +
        'this. 0 keeps them for ever.',
      default: '0',
    }),
    retentionBytesMax: option(bytes(), {
      help: 'The oldest parts are dropped while a store has more bytes than this. 0 is no limit.',
      default: '0',
    }),
    retention: option(retentionRules, {
      help:
        'How long which records are kept: `90d where level:error`, `30d`. The first rule that matches a record ' +
        'holds; what none matches is kept for `retentionMs`.',
      default: [],
    }),
    warnFreeBytesMin: option(bytes(), {
      help: 'With less room than this on the disk, the log and the statistics say so.',
      default: '1GiB',
    }),
    shedFreeBytesMin: option(bytes(), {
      help: 'With less room than this on the disk, merging waits.',
      default: '256MiB',
    }),
    dropOldest: option(bool, {
      help:
        'With less room than `freeBytesMin`, drop the oldest records until `shedFreeBytesMin` are free, in place ' +
        'of refusing new ones.',
      default: 'false',
    }),
    scrubDays: option(count({ max: 3650 }), {
      help: 'Every part is read and checked in the background once in so many days of running.',
      default: '7',
      zero: 'never',
    }),
    idempotencyWindowMs: option(duration({ max: 365 * DAY_MS }), {
      help:
        'How long the key of a batch is remembered, so that the same batch sent again is not stored ' +
        'again.',
      default: '24h',
    }),
    idempotencyKeysMax: option(count({ max: 10_000_000 }), {
      help: 'How many keys are remembered; the oldest go first.',
      default: '100000',
    }),
    acceptLoss: option(bool, {
      help:
        'Go on although acknowledged records are missing. Set it for one start, after reading which ids ' +
        'are lost, ' +
        'and take it out again.',
      default: 'false',
    }),
    failureExitMs: option(duration(), {
      help:
        'A store whose disk failed stays readable; when it cannot write for this long, the process ' +
        'exits.',
      default: '30s',
      zero: 'never',
    }),
  }),
  ownLog: group("LogCaster's own log, on standard error.", {
    level: option(oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'), {
      help: 'The lowest level that is written.',
      default: 'info',
    }),
    format: option(oneOf('pretty', 'json'), {
      help: '`pretty` for people, `json` for programs.',
      default: 'pretty',
    }),
  }),
})

/** The whole configuration. Its type follows from the declaration. */
export type Config = ValueOf<typeof DECLARATION>
export type PortConfig = Config['ports']['log']
export type PortName = keyof Config['ports']
export type Capability = PortConfig['grant'][number]
export type ProfileName = Config['profile']

export const PORT_NAMES = Object.keys(DECLARATION.children.ports.children) as readonly PortName[]

/** Every option, in the order of the declaration. */
export const OPTIONS: readonly DeclaredOption[] = flatten(DECLARATION)
