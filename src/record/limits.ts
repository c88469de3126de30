/**
 * Every limit on a record, and what holds where nothing is said, in one place. A limit that can be configured is the default here and an option in
 * config/; a limit of the encoding itself cannot be raised.
 */

const KIB = 1024
const MIB = 1024 * KIB

/** Bytes of one message (option `record.bytesMax`). */
export const RECORD_BYTES_MAX_DEFAULT = 256 * KIB
/** The most that `record.bytesMax` may be set to. */
export const RECORD_BYTES_MAX_CEILING = 1 * MIB
/** Fields that name where a record comes from, where its sender names none (option `ingest.streamFields`). */
export const STREAM_FIELDS_DEFAULT: readonly string[] = ['host', 'service']
/** Fields of one record. */
export const RECORD_FIELDS_MAX = 1000
/** Bytes of a field's name. The encoding has one byte for it. */
export const FIELD_NAME_BYTES_MAX = 128
/** Bytes of one encoded record, all fields included. */
export const RECORD_ENCODED_BYTES_MAX = 2 * MIB
/** Bytes of the sender's own word for a level. */
export const LEVEL_WORD_BYTES_MAX = 64
/** Bytes of one encoded batch (`storage.batchBytesMax` may be lower). */
export const BATCH_BYTES_MAX = 4 * MIB
/** Records of one batch. */
export const BATCH_RECORDS_MAX = 1_000_000
/** Bytes of an idempotency key. */
export const IDEMPOTENCY_KEY_BYTES_MAX = 256
/** Largest time: int64 nanoseconds since the epoch hold about 1677-09-21 to 2262-04-11. */
export const TIME_MS_MAX = 9_223_372_036_853
export const TIME_MS_MIN = -9_223_372_036_853
/** Largest id: integers below 2^53. */
export const ID_MAX = Number.MAX_SAFE_INTEGER
