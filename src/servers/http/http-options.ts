/** What the HTTP server can be told, and what its routes work with. */
import type { Clock } from '../../base/base.ts'
import type { Hub } from '../../hub/hub.ts'
import type { ByteBudget, NdjsonWorkspace, TextLogWorkspace } from '../../ingest/ingest.ts'
import type { TimeZone } from '../../record/record.ts'
import type { StoreGate } from '../store-gate.ts'
import type { GatherPool } from './chunk-gatherer.ts'
import type { HttpCounters } from './http-counters.ts'
import type { ServerStats } from './server-stats.ts'

export interface HttpOptions {
  readonly version: string
  /** Of the server, for `/api/status`, the page and the metrics. */
  readonly serverStats: () => ServerStats
  /** Told what our own log should say. */
  readonly problem?: (message: string, error: unknown) => void
  /** The store that queries read. Default: the hub's own. */
  readonly store?: string
  /** Bytes of one message (`record.bytesMax`). */
  readonly recordBytesMax: number
  /** Bytes of one batch (`storage.batchBytesMax`). */
  readonly batchBytesMax: number
  /** Of records whose sender names no stream fields (`ingest.streamFields`). Default: none. */
  readonly streamFields?: readonly string[]
  /** Of times in plain lines that name none (`record.timeZone`); null is UTC. */
  readonly timeZone: TimeZone | null
  /** Bytes of one request that were read and are not stored (`connection.unackedBytesMax`). */
  readonly unackedBytesMax: number
  /** How long a query may run (`query.deadlineMs`); 0: no limit. */
  readonly queryMsMax: number
  /** How long a connection may be quiet (`ports.http.idleMsMax`); 0: no limit. */
  readonly idleMsMax: number
  /** How long the headers of a request may take (`ports.http.handshakeMsMax`). */
  readonly headersMsMax: number
  /** How long a finished connection waits for the peer to close. */
  readonly lingerMsMax: number
  /** Origins whose pages may read answers: `https://a.example`, or `*`. */
  readonly corsOrigins: readonly string[]
  /** Names of this server, beside localhost, that a request over the loopback interface may be for. */
  readonly hostNames: readonly string[]
  /** What the body of one request may expand to; 0: no limit. */
  readonly bodyExpandedBytesMax: number
  /** How many times its own size a body may expand to. */
  readonly bodyExpansionMax: number
  /** After so many requests a connection is closed; 0: no limit. */
  readonly requestsPerConnectionMax: number
  /** Bytes of all requests: lines without an end. Default 64 MiB. */
  readonly halfLineBytesMax?: number
  /** Bodies that are held whole. Default 64 MiB. */
  readonly gatheredBytesMax?: number
  /** What expands compressed bodies. Default 512 MiB. */
  readonly expandingBytesMax?: number
  /** Ids of rows that answers have still to send. Default 256 MiB. */
  readonly answerIdBytesMax?: number
}

/** What all requests share. */
export interface HttpSurroundings {
  readonly hub: Hub
  readonly gate: StoreGate
  readonly clock: Clock
  readonly options: HttpOptions
  readonly problem: (message: string, error: unknown) => void
  readonly counters: HttpCounters
  readonly startedMs: number
  readonly ndjson: NdjsonWorkspace
  readonly text: TextLogWorkspace
  /** For pieces of bodies that came within one turn of the event loop. */
  readonly reading: GatherPool
  /** Bodies that are held whole. */
  readonly gathered: ByteBudget
  /** Bodies that are given back: everybody may send those, and nobody else should wait for their memory. */
  readonly echoed: ByteBudget
  /** Memory that expanding bodies may take. */
  readonly expanding: ByteBudget
  /** Places of rows that answers have still to send. */
  readonly answers: ByteBudget
  /** Sessions end: nobody should send new requests. */
  readonly isDraining: () => boolean
}

/** Bytes of headers, the first line included. */
export const HEADER_BYTES_MAX = 16 * 1024
export const HEADERS_MAX = 100
export const URL_BYTES_MAX = 8 * 1024
export const JSON_TYPE = 'application/json; charset=utf-8'
/** Of a body that is held whole, where its route names no other limit. */
export const BODY_BYTES_MAX = 1024 * 1024
