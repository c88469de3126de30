/** What a filter promises about the records that match it: nothing outside these bounds, both inclusive, does. */
export interface Bounds {
  readonly timeMsMin: number
  readonly timeMsMax: number
  readonly idMin: number
  readonly idMax: number
}

export const UNBOUNDED: Bounds = {
  timeMsMin: -Infinity,
  timeMsMax: Infinity,
  idMin: -Infinity,
  idMax: Infinity,
}

/** Of a record that is within both. */
export function boundsOfBoth(a: Bounds, b: Bounds): Bounds {
  return {
    timeMsMin: Math.max(a.timeMsMin, b.timeMsMin),
    timeMsMax: Math.min(a.timeMsMax, b.timeMsMax),
    idMin: Math.max(a.idMin, b.idMin),
    idMax: Math.min(a.idMax, b.idMax),
  }
}

/** Of a record that is within one of them. */
export function boundsOfEither(a: Bounds, b: Bounds): Bounds {
  return {
    timeMsMin: Math.min(a.timeMsMin, b.timeMsMin),
    timeMsMax: Math.max(a.timeMsMax, b.timeMsMax),
    idMin: Math.min(a.idMin, b.idMin),
    idMax: Math.max(a.idMax, b.idMax),
  }
}
