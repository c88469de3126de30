/** Ids of acknowledged records that cannot be read, both inclusive. */
export interface LostRange {
  readonly fromId: number
  readonly toId: number
  readonly reason: string
}
