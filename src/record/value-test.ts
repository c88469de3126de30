/**
 * A test of single values, as a filter asks it of whoever stores them. Storage may answer it on what it has (a
 * dictionary, the static text of templates, an index) instead of on every row; what it may conclude is declared here.
 */
export interface ValueTest {
  /** Roughly what testing a value costs; 1 is comparing a number. */
  readonly cost: number
  /** The bytes of `data` from `start` to `end` pass. An absent field is an empty value. */
  test(data: Uint8Array, start: number, end: number): boolean
  /**
   * A value that passes holds at least one of these. Absent: nothing is known, an empty value may pass too. Never an
   * empty list.
   */
  readonly needles?: readonly TestNeedle[]
  /**
   * An empty value does not pass, and a value that passes and is a plain decimal number (`-12`, `0.50`: a minus or
   * none, digits, and digits behind a point or none) lies within these bounds, read as `Number` reads it. Values that
   * are spelled otherwise (`1KB`, `5m`, `0x10`, `1e3`) may pass wherever they lie. Absent: nothing is known.
   */
  readonly range?: NumberRange
  /**
   * A value passes exactly when it has so many characters; a byte that is not part of UTF-8 is one. Absent: there is more
   * to it.
   */
  readonly characters?: NumberRange
}

/** Bytes that stand in every value that passes. Not empty. */
export interface TestNeedle {
  readonly bytes: Uint8Array
  /**
   * ASCII letters stand there in either case; those of `bytes` are small. Other bytes stand exactly as they are. Absent:
   * all do.
   */
  readonly anyCase?: boolean
  /** No word character stands right before the bytes, at the place that counts. */
  readonly startsWord: boolean
  /** No word character stands right behind them. */
  readonly endsWord: boolean
  /** The value is these bytes and nothing else. */
  readonly isWhole: boolean
  /** Whoever holds the bytes so passes: the test need not be asked any more. */
  readonly decides: boolean
}

/** Both inclusive. */
export interface NumberRange {
  readonly min: number
  readonly max: number
}
