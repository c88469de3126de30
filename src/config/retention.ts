/**
 * Rules of retention in the configuration: `90d where level:error`, `30d`. One entry is one text; the first rule that
 * matches a record holds. Not here: what a filter is (query/), which only the program above both knows.
 */
import { isFailure, type Kind, type Parsed, parseDuration, printDuration, type Texts } from './kinds.ts'
import { quoted } from './problem.ts'

export interface RetentionEntry {
  readonly keepMs: number
  /** A LogsQL filter; null: every record. */
  readonly where: string | null
}

const EMPTY = 'none'
const MINUTE_MS = 60_000
const KEEP_MS_MAX = 36_500 * 86_400_000
const RULES_MAX = 50
const FORM = 'write how long, and for which records: `90d where level:error`, or `30d` for all others'

const pattern = '^(retain +)?[0-9][0-9.a-z]* *( where .+)?$'
const entrySchema = { type: 'string', pattern }

export const retentionRules: Kind<readonly RetentionEntry[]> = {
  name: 'list of rules',
  form: 'list',
  unit: '',
  schema: {
    anyOf: [{ const: EMPTY }, entrySchema, { type: 'array', items: entrySchema, maxItems: RULES_MAX }],
  },
  parse(texts) {
    return texts.length === 0 || (texts.length === 1 && texts[0] === EMPTY)
      ? { value: [] }
      : parseEntries(texts)
  },
  print(entries) {
    if (entries.length === 0) return [EMPTY]
    return entries.map(({ keepMs, where }) =>
      where === null ? printDuration(keepMs) : `${printDuration(keepMs)} where ${where}`,
    )
  },
}

function parseEntries(texts: Texts): Parsed<readonly RetentionEntry[]> {
  if (texts.length > RULES_MAX)
    return { what: `there are ${texts.length} rules`, hint: `write at most ${RULES_MAX}` }
  const entries: RetentionEntry[] = []
  for (const { text, index } of rulesOf(texts)) {
    if (entries.at(-1)?.where === null)
      return {
        what: `${quoted(text)} stands behind a rule for all records`,
        hint: 'write it before that one',
        index,
      }
    const parsed = parseEntry(text)
    if (isFailure(parsed)) return { ...parsed, index }
    entries.push(parsed.value)
  }
  return { value: entries }
}

const BEGINNING = /^(?:retain +)?\d[\d.a-z]*(?: |$)/

/** Commas part the texts of a list in variables and flags, and may stand in a filter: what begins no rule goes on. */
function rulesOf(texts: Texts): { readonly text: string; readonly index: number }[] {
  const rules: { text: string; index: number }[] = []
  for (const [index, text] of texts.entries()) {
    const last = rules.at(-1)
    if (last?.text.includes(' where ') && !BEGINNING.test(text)) last.text += `,${text}`
    else rules.push({ text, index })
  }
  return rules
}

function parseEntry(text: string): Parsed<RetentionEntry> {
  const [, keep, where = ''] = /^(?:retain +)?(\S+)(?: +where +(.+))?$/.exec(text) ?? []
  if (keep === undefined) return { what: `${quoted(text)} is not a rule of retention`, hint: FORM }
  const parsed = parseDuration(keep)
  if (isFailure(parsed)) return { what: parsed.what, hint: FORM }
  if (parsed.value < MINUTE_MS || parsed.value > KEEP_MS_MAX)
    return {
      what: `${quoted(keep)} is no time to keep records`,
      hint: 'write at least 1m, and at most 36500d',
    }
  return { value: { keepMs: parsed.value, where: where === '' ? null : where } }
}
