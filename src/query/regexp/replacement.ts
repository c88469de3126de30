/**
 * The text that takes the place of a match, by the rules of Go's `Regexp.Expand`: `$1`, `${1}`, `$name` and `${name}`
 * are groups of the match, `$$` is a dollar. A name goes on as long as letters, digits and underscores do (`$1x` is
 * `${1x}`). A group that does not exist is empty; a dollar that begins nothing stands for itself.
 */
const NAME = /[\p{L}\p{Nd}_]+/uy
const NUMBER = /^(?:0|[1-9]\d{0,7})$/

/** Texts, and numbers of groups between them. */
export type Replacement = readonly (string | number)[]

/** `groupNames` by number, as in CompiledRegexp. */
export function parseReplacement(text: string, groupNames: readonly string[]): Replacement {
  const parts: (string | number)[] = []
  let plain = ''
  for (let at = 0; at < text.length; ) {
    const dollar = text.indexOf('$', at)
    if (dollar < 0) {
      plain += text.slice(at)
      break
    }
    plain += text.slice(at, dollar)
    const reference = readReference(text, dollar + 1)
    at = reference?.end ?? dollar + 1
    if (reference === null) plain += '$'
    else if (reference.name === '$') plain += '$'
    else {
      const number = groupOf(reference.name, groupNames)
      if (number < 0) continue
      if (plain !== '') parts.push(plain)
      plain = ''
      parts.push(number)
    }
  }
  if (plain !== '') parts.push(plain)
  return parts
}

/** What stands behind a dollar, `$` for another one; null where it is neither a name nor a dollar. */
function readReference(text: string, at: number): { name: string; end: number } | null {
  if (text[at] === '$') return { name: '$', end: at + 1 }
  const isBraced = text[at] === '{'
  NAME.lastIndex = isBraced ? at + 1 : at
  const name = NAME.exec(text)?.[0]
  if (name === undefined) return null
  const end = at + name.length
  if (!isBraced) return { name, end }
  return text[end + 1] === '}' ? { name, end: end + 2 } : null
}

/** -1 where there is no such group. */
function groupOf(name: string, groupNames: readonly string[]): number {
  if (!NUMBER.test(name)) return groupNames.indexOf(name)
  return Number(name) < groupNames.length ? Number(name) : -1
}

/** The text of a replacement that takes nothing from the match; else null. */
export function plainReplacement(parts: Replacement): string | null {
  if (parts.length === 0) return ''
  const [only] = parts
  return parts.length === 1 && typeof only === 'string' ? only : null
}

/** `groups` by number, the whole match first. */
export function fillReplacement(parts: Replacement, groups: readonly string[]): string {
  let text = ''
  for (const part of parts) text += typeof part === 'number' ? groups[part] : part
  return text
}
