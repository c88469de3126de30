/** The door of client/: programs that talk to a LogCaster server (`logcaster/client`). */
export { CodedError, type ErrorCode } from '../base/base.ts'
export type { NewRecord } from '../record/record.ts'
export type { Gap, Refusal, RowObject } from './answers.ts'
export type { ClientEvents, ClientListener } from './client-events.ts'
export { CLIENT_LIMITS, type ClientLimits, type ClientOptions, type Overflow } from './client-options.ts'
export type { ClientState } from './lane.ts'
export {
  type ClientStats,
  type CloseOptions,
  type CloseReport,
  type LogClient,
  openClient,
} from './log-client.ts'
export type { Connect, ServerAddress, TlsSettings } from './network.ts'
export type { QueryOptions, TailItem, TailOptions } from './queries.ts'
export type { SentIds } from './send-ticket.ts'
export type { RefusedRecord } from './sender.ts'
