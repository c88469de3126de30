/** Options from flags of the command line: what `parseArgs` of node:util needs to know, and what it found. */
import type { DeclaredOption } from './declaration.ts'
import { type Layer, splitTexts, type Written } from './layer.ts'
import { nearestName } from './nearest-name.ts'
import { OPTIONS } from './options.ts'
import type { Problems } from './problem.ts'

/** Values as `parseArgs` gives them, by flag without dashes. */
export type FlagValue = string | boolean | readonly (string | boolean)[] | undefined
export type Flags = Readonly<Record<string, FlagValue>>

/** One entry of the `options` that `parseArgs` takes. */
export interface FlagDeclaration {
  readonly type: 'string' | 'boolean'
  readonly short?: string
  readonly multiple?: boolean
}

/**
 * All options as `parseArgs` takes them. With `allowNegative: true`, `--no-<flag>` works for true or false.
 *
 *     parseArgs({ args, allowNegative: true, options: { config: { type: 'string' }, ...optionFlags() } })
 */
export function optionFlags(): Record<string, FlagDeclaration> {
  return Object.fromEntries(OPTIONS.map((option) => [option.flag, flagDeclaration(option)]))
}

function flagDeclaration({ kind, short }: DeclaredOption): FlagDeclaration {
  return {
    type: kind.form === 'switch' ? 'boolean' : 'string',
    ...(short === undefined ? {} : { short }),
    ...(kind.form === 'list' ? { multiple: true } : {}),
  }
}

export function readFlags(flags: Flags, problems: Problems): Layer {
  const layer = new Map<DeclaredOption, Written>()
  const byFlag = new Map(OPTIONS.map((option) => [option.flag, option]))
  for (const [name, value] of Object.entries(flags)) {
    if (value === undefined) continue
    const option = byFlag.get(name)
    const place = `--${name}`
    const origin = { from: 'flag', flag: name } as const
    if (option === undefined) {
      const near = nearestName(name, byFlag.keys())
      problems.add(place, origin, 'unknown option', near === null ? undefined : `did you mean --${near}?`)
      continue
    }
    const texts = flagTexts(option, value)
    if (texts === null) problems.add(place, origin, 'needs a value')
    else layer.set(option, { texts, place, origin })
  }
  return layer
}

function flagTexts(option: DeclaredOption, value: Exclude<FlagValue, undefined>): readonly string[] | null {
  const given = typeof value === 'object' ? value : [value]
  const isSwitch = option.kind.form === 'switch'
  if (!isSwitch && given.some((item) => typeof item === 'boolean')) return null
  return given.flatMap((item) => splitTexts(option, String(item)))
}
