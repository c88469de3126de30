/** From options to what the hub takes, and what is said when a store's state changes. */
import type { Config } from '../config/config.ts'
import type { openHub } from '../hub/hub.ts'
import { BATCH_BYTES_MAX } from '../record/record.ts'
import { retentionOf } from './retention-rules.ts'
import type { ServerSurroundings } from './server-parts.ts'

/** Headers, level word and the fields that the server adds to a record. */
const RECORD_ROOM_BYTES = 4096

export function hubOptions(
  config: Config,
  dataDir: string,
  around: ServerSurroundings,
): Parameters<typeof openHub>[0] {
  const { storage, query } = config
  const { retentionMs, retentionRules } = retentionOf(storage, around.clock.wallMs())
  return {
    dataDir,
    disk: around.disk,
    clock: around.clock,
    random: around.random,
    stores: config.stores,
    queryMemoryBytesMax: query.memoryBytesMax,
    queriesMax: query.concurrentMax,
    queryThreads: query.threads,
    queryCacheBytesMax: query.cacheBytesMax,
    queryAggregateBytesMax: query.aggregateBytesMax,
    queriesBytesMax: config.memory.queriesBytesMax,
    answersBytesMax: query.answersBytesMax,
    store: {
      segmentBytesMax: storage.segmentBytesMax,
      bufferBytesMax: storage.bufferBytesMax,
      // Decoders keep to the option; one record of the largest size and what stands around it must still fit.
      batchBytesMax: Math.min(BATCH_BYTES_MAX, storage.batchBytesMax + RECORD_ROOM_BYTES),
      groupBytesMax: storage.groupBytesMax,
      gatherBytesMax: storage.gatherBytesMax,
      blockBytesMax: storage.blockBytesMax,
      cacheBytesMax: storage.cacheBytesMax,
      freeBytesMin: storage.freeBytesMin,
      warnFreeBytesMin: storage.warnFreeBytesMin,
      shedFreeBytesMin: storage.shedFreeBytesMin,
      dropOldest: storage.dropOldest,
      retentionMs,
      retentionBytes: storage.retentionBytesMax,
      scrubDays: storage.scrubDays,
      keyWindowMs: storage.idempotencyWindowMs,
      keysMax: storage.idempotencyKeysMax,
      acceptLoss: storage.acceptLoss,
    },
    retentionRules,
    storeStateChanged: (store, state, reason) => stateChanged(config, around, store, state, reason),
    spaceChanged: (store, level, freeBytes) => spaceChanged(around, store, level, freeBytes),
    damageFound: (store, file, reason) =>
      around.log.error({ store, file, reason }, 'a file is damaged: its records cannot all be read'),
    taskChanged: (task) => around.log.info({ task }, `deletion ${task.id}: ${task.state}`),
  }
}

const SPACE_TEXTS = {
  roomy: 'The disk has room again.',
  warn: 'The disk is getting full.',
  shed: 'The disk is nearly full: merging waits.',
  refuse: 'The disk is full.',
} as const

function spaceChanged(
  { log }: ServerSurroundings,
  store: string,
  level: keyof typeof SPACE_TEXTS,
  freeBytes: number,
): void {
  const say = { roomy: 'info', warn: 'warn', shed: 'warn', refuse: 'error' } as const
  log[say[level]]({ store, freeBytes }, SPACE_TEXTS[level])
}

function stateChanged(
  config: Config,
  around: ServerSurroundings,
  store: string,
  state: string,
  reason: string | null,
): void {
  if (state === 'closed') return
  if (state === 'writable') {
    around.log.info({ store }, 'takes records again')
    return
  }
  around.log.error({ store, state }, reason ?? state)
  const { failureExitMs } = config.storage
  // Missing records are for an operator to look at; a disk that fails may be well after a restart elsewhere.
  if (state !== 'readOnly' || !reason?.startsWith('The disk failed') || failureExitMs === 0) return
  around.clock.after(failureExitMs, () => around.failed(`store \`${store}\`: ${reason}`))
}
