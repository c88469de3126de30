/**
 * How options are declared, and what follows from a declaration: the type of the configuration, and for each
 * option its path, flag and variable. The declaration itself is options.ts; nothing about any one option
 * stands here.
 *
 * Names follow from the path: `record.bytesMax` is `--record-bytes-max` and `LOGCASTER_RECORD_BYTES_MAX`;
 * `ports.` is left out, so `ports.log.listen` is `--log-listen` and `LOGCASTER_LOG_LISTEN`.
 */
import { assert } from '../base/base.ts'
import { isFailure, type Kind, type ParseContext, type Texts } from './kinds.ts'

export const ENV_PREFIX = 'LOGCASTER_'

export interface OptionRules {
  /** What it does, one or two sentences. */
  readonly help: string
  /** In the text that a user would write. */
  readonly default?: Texts | string
  /** Other defaults, by the name of the profile. */
  readonly profiles?: Readonly<Record<string, Texts | string>>
  /** Another default while the option beside it has this value. */
  readonly when?: { readonly option: string; readonly is: unknown; readonly default: Texts | string }
  /** The default is a share of the memory: `default` is that of a large machine. */
  readonly isShare?: boolean
  /** What 0 means, where it does not mean zero: `no limit`. */
  readonly zero?: string
  /** One letter: `d` for `-d`. */
  readonly short?: string
}

export interface Option<T> {
  readonly node: 'option'
  readonly kind: Kind<T>
  readonly rules: OptionRules
}

export interface Group<C extends Children> {
  readonly node: 'group'
  readonly help: string
  readonly children: C
  /** Groups of one family have the same options: the reference shows them once. */
  readonly family?: string
}

export type Children = { readonly [name: string]: Option<unknown> | Group<Children> }

/** The type of what a declaration declares. */
export type ValueOf<N> =
  N extends Option<infer T>
    ? T
    : N extends Group<infer C>
      ? { readonly [Name in keyof C]: ValueOf<C[Name]> }
      : never

/** An option that always has a value. */
export function option<T>(kind: Kind<T>, rules: OptionRules & { default: Texts | string }): Option<T> {
  return { node: 'option', kind, rules }
}

/** An option that may be absent. */
export function optional<T>(kind: Kind<T>, rules: OptionRules & { default?: never }): Option<T | undefined> {
  return { node: 'option', kind: kind as Kind<T | undefined>, rules }
}

export function group<const C extends Children>(help: string, children: C, family?: string): Group<C> {
  return { node: 'group', help, children, family }
}

// ---- what follows from it -----------------------------------------------------------------------------------

/** One option with everything that follows from its place in the declaration. */
export interface DeclaredOption {
  /** `ports.log.listen` */
  readonly path: string
  /** The path in pieces. */
  readonly names: readonly string[]
  /** Without the dashes: `log-listen`. */
  readonly flag: string
  /** `LOGCASTER_LOG_LISTEN` */
  readonly env: string
  readonly short: string | undefined
  readonly kind: Kind<unknown>
  readonly unit: Kind<unknown>['unit']
  /** The texts of the default; undefined when there is none. */
  readonly default: Texts | undefined
  readonly profiles: Readonly<Record<string, Texts>>
  readonly when: { readonly option: string; readonly is: unknown; readonly default: Texts } | undefined
  readonly help: string
  readonly zero: string | undefined
  readonly isShare: boolean
}

export function flatten(root: Group<Children>): DeclaredOption[] {
  const found: DeclaredOption[] = []
  const walk = (children: Children, names: readonly string[]): void => {
    for (const [name, node] of Object.entries(children)) {
      if (node.node === 'group') walk(node.children, [...names, name])
      else found.push(describe(node, [...names, name]))
    }
  }
  walk(root.children, [])
  return found
}

function describe({ kind, rules }: Option<unknown>, names: readonly string[]): DeclaredOption {
  const words = (names[0] === 'ports' ? names.slice(1) : names).flatMap(wordsOf)
  const profiles = Object.entries(rules.profiles ?? {}).map(([name, text]) => [name, textsOf(text)])
  return {
    path: names.join('.'),
    names,
    flag: words.join('-'),
    env: ENV_PREFIX + words.join('_').toUpperCase(),
    short: rules.short,
    kind,
    unit: kind.unit,
    default: rules.default === undefined ? undefined : textsOf(rules.default),
    profiles: Object.fromEntries(profiles),
    when: rules.when && { ...rules.when, default: textsOf(rules.when.default) },
    help: rules.help,
    zero: rules.zero,
    isShare: rules.isShare === true,
  }
}

function textsOf(text: Texts | string): Texts {
  return typeof text === 'string' ? [text] : text
}

function wordsOf(name: string): string[] {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).split('-')
}

/** The configuration whose values `valueAt` gives, in the shape of the declaration. */
export function build<C extends Children>(
  root: Group<C>,
  valueAt: (path: string) => unknown,
): ValueOf<Group<C>> {
  const make = (children: Children, prefix: string): unknown => {
    const made = Object.entries(children).map(([name, node]) => {
      const path = prefix + name
      return [name, node.node === 'group' ? make(node.children, `${path}.`) : valueAt(path)]
    })
    return Object.freeze(Object.fromEntries(made))
  }
  return make(root.children, '') as ValueOf<Group<C>>
}

/** The value of a text from the declaration itself: one that does not parse is a bug. */
export function parseDeclared(option: DeclaredOption, texts: Texts, context: ParseContext): unknown {
  const parsed = option.kind.parse(texts, context)
  if (isFailure(parsed)) assert(false, `default of ${option.path}: ${parsed.what}`)
  return parsed.value
}
