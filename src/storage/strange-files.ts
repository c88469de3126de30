/**
 * Files of a store's directory that its manifest does not list (rule R17): what a crash left behind, and what is not
 * ours. Reads only; settle.ts removes the former and puts the latter aside.
 */
import { CodedError, type Disk, readFull } from '../base/base.ts'
import { deletesFileName, keysFileName, parseFileName, partFileName, QUARANTINE } from './file-names.ts'
import { decodeSegmentHeader, SEGMENT_HEADER_BYTES } from './frame.ts'
import { isManifestName, Manifest } from './manifest.ts'
import { RESTORE_ADVICE } from './manifest-text.ts'
import { segmentName, walkSegment } from './segment-file.ts'
import type { Surroundings } from './surroundings.ts'

export interface StrangeFiles {
  /** Not ours, or not understood: to be put aside. */
  readonly unknown: string[]
  /** What a crash left of work in the background: unfinished files, and files that others had replaced. */
  readonly remnants: string[]
}

/** Names of the files that the manifest lists, sorted; not that of the manifest itself. */
export async function listedFiles(disk: Disk, directory: string): Promise<string[]> {
  return namesOf(await Manifest.read(disk, directory)).sort()
}

function namesOf({ state }: Manifest): string[] {
  return [
    ...state.segments.map(({ number }) => segmentName(number)),
    ...state.parts.map(({ number }) => partFileName(number)),
    ...state.parts.flatMap(({ deletes }) => (deletes === null ? [] : [deletesFileName(deletes.number)])),
    ...state.keys.map(({ number }) => keysFileName(number)),
  ]
}

/**
 * Files that the manifest does not list. MANIFEST_CORRUPT where a segment is newer than the manifest and holds frames: the
 * manifest itself lost edits, and to put the segment aside would hide acknowledged records.
 */
export async function findStrangers(around: Surroundings, manifest: Manifest): Promise<StrangeFiles> {
  const { state } = manifest
  const known = new Set([...namesOf(manifest), QUARANTINE, 'lock'])
  const found: StrangeFiles = { unknown: [], remnants: [] }
  const names = await around.disk.list(around.directory)
  for (const name of names) {
    if (known.has(name) || isManifestName(name)) continue
    const file = parseFileName(name)
    if (file?.kind === 'part' || file?.kind === 'deletes' || file?.kind === 'keys') {
      if (state.highestSegment === 0) throw withoutManifest(around, names, name)
      found.remnants.push(name)
      continue
    }
    if (file?.kind === 'segment') {
      if (file.number > state.highestSegment) await refuseIfWritten(around, manifest, names, name)
      if (await isSegmentRemnant(around, manifest, name)) {
        found.remnants.push(name)
        continue
      }
    }
    found.unknown.push(name)
  }
  return found
}

/**
 * Whether nothing of a segment that the manifest does not list is missed: it has no frames, or it was sealed, or its
 * frames are those of a segment that is listed. One with damage is kept for whoever wants to look at it.
 */
async function isSegmentRemnant(
  { disk, directory }: Surroundings,
  { state }: Manifest,
  name: string,
): Promise<boolean> {
  const file = await disk.open(`${directory}/${name}`, 'read')
  try {
    if ((await file.size()) <= SEGMENT_HEADER_BYTES) return true
    const bytes = new Uint8Array(SEGMENT_HEADER_BYTES)
    const header = decodeSegmentHeader(bytes.subarray(0, await readFull(file, bytes, 0)))
    if (typeof header === 'string') return false
    const { firstId } = header
    if (firstId <= state.sealedThroughId) return true
    if (!state.segments.some((segment) => segment.firstId === firstId)) return false
    const walk = await walkSegment(file, header, Number.POSITIVE_INFINITY, () => {})
    return walk.holes.length === 0 && walk.headerProblem === null
  } finally {
    await file.close()
  }
}

/** Of the files `names`, `name` is one that only a store with a manifest has. */
function withoutManifest({ directory }: Surroundings, names: readonly string[], name: string): CodedError {
  const start = names.some(isManifestName)
    ? `No manifest in ${directory} can be read`
    : `There is no manifest in ${directory}`
  return new CodedError('MANIFEST_CORRUPT', `${start}, but there is ${name}. ${RESTORE_ADVICE}`, {
    details: { file: name },
  })
}

async function refuseIfWritten(
  around: Surroundings,
  { state }: Manifest,
  names: readonly string[],
  name: string,
): Promise<void> {
  const path = `${around.directory}/${name}`
  const stat = await around.disk.stat(path)
  if (stat === null || stat.bytes <= SEGMENT_HEADER_BYTES) return
  const copyOf = await readCopyOf(around.disk, path)
  // A start that was interrupted left a copy. What it is a copy of is still there, or the copy is all that is left.
  const isCopy = state.segments.some((segment) => segment.number === copyOf)
  if (isCopy && (await around.disk.stat(`${around.directory}/${segmentName(copyOf)}`)) !== null) return
  if (state.highestSegment === 0) throw withoutManifest(around, names, name)
  throw new CodedError(
    'MANIFEST_CORRUPT',
    `${path} holds records, but the manifest does not know it: the manifest is older than this segment. ${RESTORE_ADVICE}`,
    { details: { file: name } },
  )
}

async function readCopyOf(disk: Disk, path: string): Promise<number> {
  const file = await disk.open(path, 'read')
  try {
    const bytes = new Uint8Array(SEGMENT_HEADER_BYTES)
    const length = await readFull(file, bytes, 0)
    const header = decodeSegmentHeader(bytes.subarray(0, length))
    return typeof header === 'string' ? 0 : header.copyOf
  } finally {
    await file.close()
  }
}
