/**
 * The folder `shared` beside the repository: real log samples and cases that are too large or not ours to keep in it.
 * A clone does without; then a test that needs it is skipped and says so. Where it must be there (`.ci/run` sets
 * LOGCASTER_REQUIRE_SHARED), its absence is a failure.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

const shared = join(import.meta.dirname, '../../shared')

export interface SharedFolderOptions {
  /** Where the folders lie. Default: `shared` beside the repository. */
  readonly parent?: string
  /** Throws instead of skipping. Default: LOGCASTER_REQUIRE_SHARED is set. */
  readonly required?: boolean
}

/**
 * The path of a file or folder in `shared`, or null after the test was skipped:
 *
 *   const corpus = sharedFolder(t, 'corpus')
 *   if (corpus === null) return
 */
export function sharedFolder(
  t: Pick<TestContext, 'skip'>,
  name: string,
  options: SharedFolderOptions = {},
): string | null {
  const { parent = shared, required = Boolean(process.env['LOGCASTER_REQUIRE_SHARED']) } = options
  const path = join(parent, name)
  if (existsSync(path)) return path
  const reason = `there is no folder ../shared/${name} beside the repository`
  if (required) throw new Error(`${reason}, and LOGCASTER_REQUIRE_SHARED is set`)
  t.skip(reason)
  return null
}
