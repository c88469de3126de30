/** The door of ingest/: protocol decoders. Bytes in, values out; no sockets. */
export { ByteBudget } from './byte-budget.ts'
export {
  type Dialect,
  LOG_REFUSALS,
  type LogRefusal,
  LogReplyEncoder,
  refusalReason,
} from './log-replies.ts'
export { type NdjsonBatch, NdjsonDecoder, type NdjsonOptions } from './ndjson-decoder.ts'
export type { NdjsonFieldOptions } from './ndjson-names.ts'
export {
  type NdjsonCounters,
  type NdjsonLimits,
  type NdjsonReason,
  type NdjsonRefusal,
  ndjsonRefusalCode,
  ndjsonRefusalText,
} from './ndjson-refusals.ts'
export { NdjsonWorkspace } from './ndjson-workspace.ts'
export {
  type DatagramProtocol,
  type Detection,
  type DetectionPort,
  detectDatagram,
  ProtocolDetector,
  type StreamProtocol,
} from './protocol-detection.ts'
export { type ProxyAddress, type ProxyHeader, ProxyHeaderDecoder } from './proxy-header.ts'
export { printQueryError, QUERY_REFUSALS, type QueryRefusal } from './query-replies.ts'
export {
  QUERY_LINE_BYTES_MAX,
  type QueryBadRequest,
  type QueryRequest,
  QueryTextDecoder,
  type QueryTextRequest,
} from './query-text-decoder.ts'
export { newTextLogCounters, type TextLogCounters } from './text-log-counters.ts'
export {
  type LogBatchStep,
  type LogStep,
  TextLogDecoder,
  type TextLogOptions,
  type TextLogPeer,
} from './text-log-decoder.ts'
export { TextLogWorkspace } from './text-log-workspace.ts'
