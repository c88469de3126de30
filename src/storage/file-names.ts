/**
 * The names of the files in a store's directory: what a file is, and its number, at least so many digits long.
 *
 * Invariant: a kind and a number have one name. What would not be printed so (`part-0000012`) is no name of ours.
 * Not here: which of the files belong to the store (manifest.ts), and what lies in them.
 */
const DIGITS = { segment: 8, manifest: 6, part: 6, deletes: 6, keys: 6 } as const

export type FileKind = keyof typeof DIGITS

/** The directory of files that were put aside. */
export const QUARANTINE = 'quarantine'

const NAME = /^([a-z]+)-(\d{6,16})$/

export const partFileName = (number: number): string => fileName('part', number)
export const deletesFileName = (number: number): string => fileName('deletes', number)
export const keysFileName = (number: number): string => fileName('keys', number)

export function fileName(kind: FileKind, number: number): string {
  return `${kind}-${String(number).padStart(DIGITS[kind], '0')}`
}

/** What the name says, or null when it is none of a store's numbered files. */
export function parseFileName(name: string): { readonly kind: FileKind; readonly number: number } | null {
  const match = NAME.exec(name)
  if (match === null || !isKind(match[1])) return null
  const number = Number(match[2])
  return fileName(match[1], number) === name ? { kind: match[1], number } : null
}

const isKind = (text: string): text is FileKind => Object.hasOwn(DIGITS, text)
