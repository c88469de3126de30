/**
 * Options from environment variables. A variable that starts like ours but is none is a problem when it looks
 * like a slip of the pen (a misspelt LOGCASTER_QUERY_ALLOW must not be overlooked), and a warning otherwise:
 * images and orchestrators set variables of their own.
 */
import { ENV_PREFIX } from './declaration.ts'
import { type Layer, splitTexts, type Written } from './layer.ts'
import { nearestName } from './nearest-name.ts'
import { OPTIONS } from './options.ts'
import type { Problems } from './problem.ts'

/** What Kubernetes sets in every container for a service whose name starts with "logcaster". */
const SERVICE_VARIABLE = /_SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)$|_PORT(_\d+_(TCP|UDP)(_(PROTO|PORT|ADDR))?)?$/
const SERVICE_URL = /^(tcp|udp):\/\//

export interface EnvironmentNames {
  /** Variables with our prefix that are no options and belong to somebody else: the command line, a test. */
  readonly ignored: readonly string[]
}

export function readEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  { ignored }: EnvironmentNames,
  problems: Problems,
  warnings: Problems,
): Layer {
  const layer = new Map<(typeof OPTIONS)[number], Written>()
  const byName = new Map(OPTIONS.map((option) => [option.env, option]))
  for (const [name, text] of Object.entries(env)) {
    if (text === undefined || !name.startsWith(ENV_PREFIX) || ignored.includes(name)) continue
    const option = byName.get(name)
    const origin = { from: 'env', name } as const
    if (option !== undefined) layer.set(option, { texts: splitTexts(option, text), place: name, origin })
    else if (!isServiceVariable(name, text)) reportUnknown(name, [...byName.keys()], problems, warnings)
  }
  return layer
}

function isServiceVariable(name: string, text: string): boolean {
  if (!SERVICE_VARIABLE.test(name)) return false
  return (
    !name.endsWith('_PORT') ||
    name.endsWith('_SERVICE_PORT') ||
    /_\d+_(TCP|UDP)_PORT$/.test(name) ||
    SERVICE_URL.test(text)
  )
}

function reportUnknown(name: string, known: readonly string[], problems: Problems, warnings: Problems): void {
  const bare = (text: string) => text.slice(ENV_PREFIX.length)
  const near = nearestName(bare(name), known.map(bare))
  const origin = { from: 'env', name } as const
  if (near === null) warnings.add(name, origin, 'no option has this variable', 'it is ignored')
  else problems.add(name, origin, 'unknown variable', `did you mean ${ENV_PREFIX}${near}?`)
}
