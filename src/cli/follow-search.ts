/**
 * Where a file that was followed is now: under its path, under the name that a rotation gave it, or in the copy that
 * was made before it was cut. Looked for in the directory of the path only.
 */
import { open, readdir, realpath } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { systemErrorCode } from '../base/base.ts'
import { type FileIdentity, identityOf, isSameFile } from './follow-file.ts'
import { fingerprintAt } from './follow-fingerprint.ts'
import type { FollowPlace } from './follow-state.ts'

/** The path of the file that holds what the place says, or null. Files of `taken` are not looked at. */
export async function findPlace(
  path: string,
  place: FollowPlace,
  taken: readonly FileIdentity[],
): Promise<string | null> {
  let copy: string | null = null
  const real = await realPathOf(path)
  for (const candidate of [path, ...(await siblingsOf(real))]) {
    const match = await matchOf(candidate, place, taken)
    if (match === 'same') return candidate
    if (match === 'copy' && (candidate === path || isRelated(candidate, real))) copy ??= candidate
  }
  return copy
}

/**
 * Files that were rotated after the one at `older` and before the one at `newer`, oldest first: logrotate counts,
 * `app.log.3` is older than `app.log.2`. Other ways of naming tell no order that could be relied on.
 */
export async function rotatedBetween(path: string, older: string, newer: string): Promise<string[]> {
  const real = await realPathOf(path)
  const from = rotationNumber(real, older)
  const to = newer === path ? 0 : rotationNumber(real, newer)
  if (from === null || to === null || from <= to) return []
  const there = new Set(await siblingsOf(real))
  const between = Array.from({ length: from - to - 1 }, (_, i) => `${real}.${from - 1 - i}`)
  return between.filter((name) => there.has(name))
}

function rotationNumber(path: string, rotated: string): number | null {
  const number = rotated.startsWith(path) ? /^\.(\d{1,4})$/.exec(rotated.slice(path.length)) : null
  return number === null ? null : Number(number[1])
}

type Match = 'same' | 'copy' | 'other'

async function matchOf(path: string, place: FollowPlace, taken: readonly FileIdentity[]): Promise<Match> {
  try {
    await using file = await open(path, 'r')
    const identity = await identityOf(file)
    if (taken.some((other) => isSameFile(other, identity))) return 'other'
    if ((await fingerprintAt(file, place.seenEnd)) !== place.fingerprint) return 'other'
    if (isSameFile(place, identity)) return 'same'
    // Of a file of which nothing was seen, every other would be a copy.
    return place.seenEnd > 0 ? 'copy' : 'other'
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    return 'other'
  }
}

/** Behind a link, files are rotated where it leads. */
function realPathOf(path: string): Promise<string> {
  return realpath(path).catch(() => path)
}

async function siblingsOf(path: string): Promise<string[]> {
  const directory = dirname(path)
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => [])
  const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name)
  return names.sort().flatMap((name) => (name === basename(path) ? [] : [join(directory, name)]))
}

/** `app.log.1`, `app.log-20261120`, `app-2.log`: names that a rotation of `app.log` may give. */
function isRelated(candidate: string, path: string): boolean {
  const extension = extname(path)
  const stem = basename(path, extension)
  const name = basename(candidate)
  return name.startsWith(basename(path)) || (name.startsWith(stem) && name.endsWith(extension))
}
