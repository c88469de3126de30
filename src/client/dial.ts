/**
 * Makes a connection and proves it: network, TLS, then a login or a ping, all within `connectMsMax`. What it returns
 * has answered in our protocol at least once.
 */
import type { Duplex } from 'node:stream'
import { CodedError, isCodedError, messageOf } from '../base/base.ts'
import type { ClientSettings } from './client-options.ts'
import { Connection, invalidAnswer, unreachable } from './connection.ts'
import { deadline } from './waiting.ts'

/** Rejects when there is no connection; with CLIENT_CLOSED when `signal` aborts. */
export type Dial = (signal: AbortSignal) => Promise<Connection>

/** SERVER_UNREACHABLE, TIMED_OUT, TOKEN_UNKNOWN, ANSWER_INVALID, CLIENT_CLOSED. */
export async function dial(settings: ClientSettings, signal: AbortSignal): Promise<Connection> {
  const { clock, connectMsMax } = settings
  const limit = deadline(clock, connectMsMax, signal)
  try {
    return await introduce(await openStream(settings, limit.signal), settings, limit.signal)
  } catch (error) {
    if (signal.aborted) throw new CodedError('CLIENT_CLOSED', 'The client was closed.', { cause: error })
    if (!limit.isOver()) throw error
    throw new CodedError('TIMED_OUT', `No connection within ${connectMsMax} ms.`, { cause: error })
  } finally {
    limit.cancel()
  }
}

/** A stream that comes after the abort, for all that `connect` was told, is destroyed. */
async function openStream(settings: ClientSettings, signal: AbortSignal): Promise<Duplex> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(unreachable('given up'))
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) abort()
  const opening = (async () => settings.connect(settings, signal))()
  try {
    return await Promise.race([opening, aborted])
  } catch (cause) {
    opening.then((stream) => stream.destroy()).catch(() => {})
    throw isCodedError(cause) ? cause : unreachable(messageOf(cause), cause)
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

async function introduce(stream: Duplex, settings: ClientSettings, signal: AbortSignal): Promise<Connection> {
  const connection = new Connection(stream, settings)
  const giveUp = (): void => connection.lose(unreachable('it does not answer'))
  signal.addEventListener('abort', giveUp, { once: true })
  if (signal.aborted) giveUp()
  try {
    await (settings.token === null ? connection.check() : login(connection, settings.token))
    return connection
  } catch (error) {
    const problem = isCodedError(error) ? error : unreachable(messageOf(error), error)
    connection.lose(problem)
    throw problem
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}

async function login(connection: Connection, token: string): Promise<void> {
  const { type } = await connection.request('auth', { token })
  if (type !== 'auth_ok') throw invalidAnswer(`a frame ${JSON.stringify(type)} to a login`)
}
