/** Ids of acknowledged records that cannot be read, both inclusive. */
export interface LostRange {
  readonly fromId: number
  readonly toId: number
  readonly reason: string
}

const NOTED_MAX = 1000

/** Notes a range once; beyond a thousand no more. */
export function noteRange(noted: LostRange[], range: LostRange): void {
  const isKnown = noted.some((known) => known.fromId === range.fromId && known.toId === range.toId)
  if (!isKnown && noted.length < NOTED_MAX) noted.push(range)
}
