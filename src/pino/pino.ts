/**
 * The door of pino/: a transport for pino that sends to a LogCaster server (`logcaster/pino`).
 *
 *   const transport = pino.transport({ target: 'logcaster/pino', options: { host: 'logs.example' } })
 *   const log = pino(transport)
 *
 * It takes lines as fast as the client has room for them and waits otherwise, so that pino's own buffer pushes back; it
 * does not wait for each acknowledgement. At the end it waits for all of them, `closeMsMax` long.
 */
import type { Transform } from 'node:stream'
import build from 'pino-abstract-transport'
import { type ClientOptions, type LogClient, openClient } from '../client/client.ts'
import { type PinoRecordOptions, pinoRecord } from './pino-record.ts'
import { TransportWarnings, type Warn } from './transport-warnings.ts'

export interface PinoTransportOptions extends ClientOptions, PinoRecordOptions {
  /** Where trouble is told. Default: `process.emitWarning`. */
  readonly warn?: Warn
  /** What pino adds by itself. */
  readonly $context?: unknown
  readonly pinoWillSendConfig?: unknown
}

/** pino gives a transport ten seconds to end. */
const CLOSE_MS_MAX = 5000

/**
 * Resolves when pino may write. CONFIG_INVALID and the codes of spill directories reject; that the server is not there
 * does not.
 *
 * The default export is what pino asks of a transport, and the only one in this program.
 */
export default async function logcasterTransport(options: PinoTransportOptions = {}): Promise<Transform> {
  const {
    warn,
    messageKey,
    errorKey,
    stream,
    $context: _,
    pinoWillSendConfig: __,
    ...clientOptions
  } = options
  const warnings = new TransportWarnings(warn)
  const client = await openClient({ closeMsMax: CLOSE_MS_MAX, name: 'logcaster-pino', ...clientOptions })
  client.on('problem', (error) => warnings.tell(error))
  const close = async (): Promise<void> => {
    const { unacknowledged } = await client.close()
    warnings.tellLeft(unacknowledged)
  }
  const recordOptions = { messageKey, errorKey, stream }
  return build((source) => sendAll(source, client, recordOptions, warnings), { close })
}

async function sendAll(
  source: Transform & build.OnUnknown,
  client: LogClient,
  options: PinoRecordOptions,
  warnings: TransportWarnings,
): Promise<void> {
  const send = (line: Readonly<Record<string, unknown>>): void => {
    client.send(pinoRecord(line, options)).catch((error) => warnings.tell(error))
  }
  // A line that is no JSON is a record all the same.
  source.on('unknown', (line) => send({ [options.messageKey ?? 'msg']: line }))
  for await (const line of source) {
    send(line)
    await client.room()
  }
}
