/** What values of records can be asked for. Plain data: it goes to other threads. */

export type ValuesWanted = WantedKind & {
  /** Only what holds this text. */
  readonly part?: string
}

type WantedKind =
  /** Names of fields; hits are the records that have the field. */
  | { readonly kind: 'fieldNames' }
  /** Values of a field that are not empty. */
  | { readonly kind: 'fieldValues'; readonly field: string }
  /** Streams as `_stream` shows them; records without stream fields are in none. */
  | { readonly kind: 'streams' }
  /** Ids of streams: `streamId` of each. */
  | { readonly kind: 'streamIds' }
  /** Names of fields that are stream fields. */
  | { readonly kind: 'streamFieldNames' }
  /** Values of a field where it is a stream field. */
  | { readonly kind: 'streamFieldValues'; readonly field: string }
