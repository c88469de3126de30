/** A match, as both engines give it. Places are code units of the text. */
export interface RegexpMatch {
  readonly start: number
  readonly end: number
  /** By number, the whole match first; empty where a group took no part. */
  groups(): readonly string[]
}
