/** The door of record/: the vocabulary of records, their levels, times, limits and encoding. */
export {
  BATCH_HEADER_BYTES,
  BATCH_VERSION,
  BatchEncoder,
  batchCount,
  batchFirstId,
  batchKeyLength,
  batchLength,
  batchReceivedMs,
  batchReceivedNs,
  batchRecordsStart,
  batchSharedCount,
  batchSharedStart,
  batchSharedStreamCount,
  checkBatch,
  FIELD_ABSENT,
  FIELD_FALSE,
  FIELD_HEADER_BYTES,
  FIELD_JSON,
  FIELD_NULL,
  FIELD_NUMBER,
  FIELD_STRING,
  FIELD_TRUE,
  fieldKind,
  fieldLength,
  fieldNameLength,
  RECORD_FLAG_FILED_BY_RECEIVED,
  RECORD_FLAG_LEVEL_UPPER,
  RECORD_FLAG_SENDER_TIME,
  RECORD_FLAG_TRUNCATED,
  RECORD_HEADER_BYTES,
  recordFieldCount,
  recordFieldsStart,
  recordFlags,
  recordLength,
  recordLevelWordLength,
  recordMessageLength,
  recordMessageStart,
  recordSeverity,
  recordStreamFieldCount,
  recordTimeMs,
  recordTimeNs,
  setBatchFirstId,
  setBatchReceived,
} from './batch.ts'
export { BatchBlock, BlockBuilder, TRUNCATED_FIELD } from './batch-block.ts'
export {
  type Block,
  type BlockField,
  type Column,
  emptyColumn,
  type TextTemplate,
  type TextTemplates,
} from './block.ts'
export { fileByReceived } from './filing.ts'
export {
  LEVEL_NAMES,
  LEVELS,
  type Level,
  type LevelName,
  levelLabel,
  levelName,
  levelSeverity,
  levelSeverityOfBytes,
  levelValue,
  levelWordFlags,
} from './levels.ts'
export {
  BATCH_BYTES_MAX,
  BATCH_RECORDS_MAX,
  FIELD_NAME_BYTES_MAX,
  ID_MAX,
  IDEMPOTENCY_KEY_BYTES_MAX,
  LEVEL_WORD_BYTES_MAX,
  RECORD_BYTES_MAX_CEILING,
  RECORD_BYTES_MAX_DEFAULT,
  RECORD_ENCODED_BYTES_MAX,
  RECORD_FIELDS_MAX,
  STREAM_FIELDS_DEFAULT,
  TIME_MS_MAX,
  TIME_MS_MIN,
} from './limits.ts'
export { detectLine, type LineDetection } from './line-detection.ts'
export {
  checkFieldName,
  type EncodeRecordOptions,
  encodeRecord,
  type FieldValue,
  type NewRecord,
} from './record-object.ts'
export {
  countsByGroup,
  countsOfRuns,
  type JoinedRuns,
  joinRuns,
  type LayoutField,
  oneGroup,
  type RowGroups,
  type RowLayout,
  type RowRuns,
  spreadRuns,
} from './row-groups.ts'
export { RowWriter, RowWriterMemory } from './row-writer.ts'
export {
  formatRfc3339,
  parseRfc3339,
  parseUnixTime,
  type TimeResult,
  UNIX_SECONDS_BYTES_MAX,
  writeUnixSeconds,
} from './time.ts'
export { parseTimeSpan, parseTimeText } from './time-text.ts'
export { type TimeZone, timeZoneOf } from './time-zone.ts'
export type { NumberRange, TestNeedle, ValueTest } from './value-test.ts'
export { requiredWords, WORDS_UNICODE_VERSION, type WordSpan, wordEnd, wordStart } from './words.ts'
