/**
 * One source of values (file, variables, flags) as the loader sees it: texts by option, each with where it
 * stands. Values are not parsed here; that happens once, in load.ts, for whichever source wins and for those
 * that lose.
 */
import type { DeclaredOption } from './declaration.ts'
import type { Texts } from './kinds.ts'
import type { Origin } from './problem.ts'

export interface Written {
  readonly texts: Texts
  /** How the user wrote the name: a path, a variable, a flag. */
  readonly place: string
  readonly origin: Origin
  /** Where each text of a list stands, when that is not where the name stands. */
  readonly origins?: readonly Origin[]
}

export type Layer = ReadonlyMap<DeclaredOption, Written>

/** The texts in one piece of text: for a list, what stands between commas. */
export function splitTexts(option: DeclaredOption, text: string): Texts {
  const pieces = option.kind.form === 'list' ? text.split(',') : [text]
  return pieces.map((piece) => piece.trim())
}
