/** The text of `logcaster config show` and `logcaster config check`. */
import type { Children, Group } from './declaration.ts'
import type { Kind, Texts } from './kinds.ts'
import type { CheckedConfig, LoadedConfig } from './load.ts'
import { DECLARATION, OPTIONS } from './options.ts'
import { type Problem, printOrigin } from './problem.ts'

/**
 * Every option with its effective value, as YAML that loads again, and behind it where the value came from.
 * Secrets show only the reference that they were read from, tokens only the start of their hash.
 */
export function printShow(loaded: LoadedConfig): string {
  const lines = showLines(DECLARATION, '', '', loaded)
  const width = Math.min(
    60,
    Math.max(...lines.filter(({ note }) => note !== '').map(({ text }) => text.length)),
  )
  const printed = lines.map(({ text, note }) => (note === '' ? text : `${text.padEnd(width)}  # ${note}`))
  return `${printed.join('\n')}\n`
}

interface Line {
  readonly text: string
  readonly note: string
}

function showLines(group: Group<Children>, prefix: string, indent: string, loaded: LoadedConfig): Line[] {
  return Object.entries(group.children).flatMap(([name, node]) => {
    const path = prefix + name
    if (node.node === 'group') {
      return [{ text: `${indent}${name}:`, note: '' }, ...showLines(node, `${path}.`, `${indent}  `, loaded)]
    }
    const value = loaded.values.get(path)
    const origin = printOrigin(loaded.origins.get(path)!)
    if (value === undefined) return [{ text: `${indent}# ${name}:`, note: 'not set' }]
    const meaning = value === 0 && node.rules.zero !== undefined ? ` (${node.rules.zero})` : ''
    return [{ text: `${indent}${name}: ${printValue(node.kind, value)}`, note: origin + meaning }]
  })
}

function printValue(kind: Kind<unknown>, value: unknown): string {
  const texts = kind.print(value)
  if (kind.form === 'reference') return printReferenceText(texts)
  if (kind.form === 'list' && texts.length !== 1) return `[${texts.map(printScalar).join(', ')}]`
  return printScalar(texts[0])
}

function printReferenceText([text]: Texts): string {
  const colon = text.indexOf(':')
  return `{ ${text.slice(0, colon)}: ${printScalar(text.slice(colon + 1))} }`
}

/** Plain where nothing can be misread, else in double quotes with everything unprintable escaped. */
function printScalar(text: string): string {
  const isPlain =
    /^[A-Za-z0-9./][A-Za-z0-9./:+_-]*$/.test(text) && !text.endsWith(':') && !/^null$/i.test(text)
  if (isPlain) return text
  return JSON.stringify(text).replace(/[^\x20-\x7e]/gu, escapeCharacter)
}

function escapeCharacter(character: string): string {
  if (/[\p{L}\p{N}]/u.test(character)) return character
  const code = character.codePointAt(0)!.toString(16)
  return code.length > 4 ? `\\U${code.padStart(8, '0')}` : `\\u${code.padStart(4, '0')}`
}

/** The same for programs: by path, the texts that a file would have (null where not set) and where they came from. */
export function showJson({ values, origins }: LoadedConfig): object {
  const entries = OPTIONS.map(({ path, kind }) => {
    const value = values.get(path)
    const texts = value === undefined ? null : kind.print(value)
    const shown = texts !== null && kind.form !== 'list' ? texts[0] : texts
    return [path, { value: shown, from: printOrigin(origins.get(path)!) }]
  })
  return Object.fromEntries(entries)
}

/** What `logcaster config check` says: the problems and warnings, one a line, or that all is well. */
export function printCheck({ loaded, problems, warnings }: CheckedConfig): string {
  const lines = problems.map(({ text }) => text)
  for (const { text } of warnings) lines.push(`warning: ${text}`)
  if (loaded !== null) lines.push(summary(loaded))
  return `${lines.join('\n')}\n`
}

/** The same for programs. */
export function checkJson({ loaded, problems, warnings }: CheckedConfig): object {
  const brief = ({ place, text, hint, origin }: Problem) => ({ place, text, hint, from: printOrigin(origin) })
  return { valid: loaded !== null, problems: problems.map(brief), warnings: warnings.map(brief) }
}

function summary({ config, origins }: LoadedConfig): string {
  const set = { file: 0, env: 0, flag: 0, profile: 0, default: 0 }
  for (const { path } of OPTIONS) set[origins.get(path)!.from]++
  const counts = `${set.flag} options from flags, ${set.env} from variables, ${set.file} from the file`
  return `The configuration is valid: profile ${config.profile}, ${counts}.`
}
