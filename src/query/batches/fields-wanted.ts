/**
 * Which fields of the rows somebody will look at: what a scan has to read. Asked from the last pipe to the first one;
 * may be too many, never too few. Plain data inside, so that it can be sent to a thread.
 */
export interface FieldPattern {
  readonly name: string
  /** All names that begin so; with an empty name, all names. */
  readonly isPrefix: boolean
}

export interface FieldsWanted {
  readonly allow: readonly FieldPattern[]
  readonly deny: readonly FieldPattern[]
}

export const EVERY_FIELD: FieldsWanted = { allow: [{ name: '', isPrefix: true }], deny: [] }
export const NO_FIELD: FieldsWanted = { allow: [], deny: [] }

export function matchesPattern(name: string, { name: wanted, isPrefix }: FieldPattern): boolean {
  return isPrefix ? name.startsWith(wanted) : name === wanted
}

export function isWanted({ allow, deny }: FieldsWanted, name: string): boolean {
  return allow.some((each) => matchesPattern(name, each)) && !deny.some((each) => matchesPattern(name, each))
}

/** Some field may be wanted. */
export function isAnyWanted({ allow }: FieldsWanted): boolean {
  return allow.length > 0
}

/** It is wanted by its own name, not only among others. */
export function isNamed({ allow, deny }: FieldsWanted, name: string): boolean {
  const isListed = allow.some((each) => !each.isPrefix && each.name === name)
  return isListed && !deny.some((each) => matchesPattern(name, each))
}

/** Exactly these, or null where the names that exist decide. */
export function namesWanted({ allow, deny }: FieldsWanted): readonly string[] | null {
  if (allow.some(({ isPrefix }) => isPrefix)) return null
  return allow.map(({ name }) => name).filter((name) => !deny.some((each) => matchesPattern(name, each)))
}

export const nameOf = (name: string): FieldPattern => ({ name, isPrefix: false })

/** These as well; a name also beside a prefix that means it, since `_stream_id` is there only for who names it. */
export function withFields(wanted: FieldsWanted, fields: readonly (string | FieldPattern)[]): FieldsWanted {
  const added = fields.map((field) => (typeof field === 'string' ? nameOf(field) : field))
  const allow = [...wanted.allow, ...added.filter((each) => !wanted.allow.some((had) => says(had, each)))]
  return { allow, deny: wanted.deny.filter((each) => !added.some((field) => overlaps(field, each))) }
}

/** Every field, and what is there only for who names it. */
export function withEveryField({ allow }: FieldsWanted): FieldsWanted {
  return withFields(
    EVERY_FIELD,
    allow.filter(({ isPrefix }) => !isPrefix),
  )
}

/** Not these any more: a pipe before this one cannot be what they come from. */
export function withoutFields(
  wanted: FieldsWanted,
  fields: readonly (string | FieldPattern)[],
): FieldsWanted {
  const removed = fields.map((field) => (typeof field === 'string' ? nameOf(field) : field))
  const allow = wanted.allow.filter((each) => !removed.some((field) => covers(field, each)))
  const cuts = removed.filter((field) => allow.some((each) => overlaps(each, field)))
  return { allow, deny: [...wanted.deny, ...cuts] }
}

/** Those of `wanted` that the patterns let through. */
export function narrowedTo(wanted: FieldsWanted, patterns: readonly FieldPattern[]): FieldsWanted {
  const allow = patterns.flatMap((pattern) =>
    wanted.allow.flatMap((each) => (covers(each, pattern) ? [pattern] : covers(pattern, each) ? [each] : [])),
  )
  return { allow, deny: wanted.deny }
}

/** All that matches `inner` matches `outer`. */
function covers(outer: FieldPattern, inner: FieldPattern): boolean {
  if (outer.isPrefix) return inner.name.startsWith(outer.name)
  return !inner.isPrefix && inner.name === outer.name
}

function says(had: FieldPattern, each: FieldPattern): boolean {
  return covers(had, each) && had.isPrefix === each.isPrefix
}

function overlaps(a: FieldPattern, b: FieldPattern): boolean {
  return covers(a, b) || covers(b, a)
}
