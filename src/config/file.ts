/**
 * Options from a YAML file: text in, texts by option out, with the line of each. All scalars are read as
 * text, so that a value means the same here as in a variable or a flag. Reads what it knows and reports the
 * rest.
 */
import {
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type ParsedNode,
  parseDocument,
  Scalar,
  type YAMLMap,
} from 'yaml'
import type { Children, DeclaredOption, Group } from './declaration.ts'
import { type Layer, splitTexts, type Written } from './layer.ts'
import { nearestName } from './nearest-name.ts'
import { DECLARATION, OPTIONS } from './options.ts'
import { inert, type Origin, type Problems } from './problem.ts'
import { checkYaml } from './yaml-guard.ts'

export interface ConfigFile {
  /** Only for messages. */
  readonly path: string
  readonly text: string
}

/** Null when the text could not be read as a whole: what it says is unknown then. */
export function readConfigFile(file: ConfigFile, problems: Problems): Layer | null {
  const text = file.text.replace(/^\ufeff/, '')
  const lines = new LineCounter()
  const reader = new FileReader(file.path, lines, problems)
  const finding = checkYaml(text)
  if (finding !== null) {
    if (finding.offset !== null) countLines(text, lines)
    reader.report(finding.offset, finding.what, finding.hint)
    return null
  }
  const document = parseDocument(text, {
    schema: 'failsafe',
    uniqueKeys: false,
    lineCounter: lines,
    prettyErrors: false,
    logLevel: 'silent',
  })
  for (const error of document.errors)
    reader.report(error.pos[0], ...syntaxProblem(error.code, error.message))
  if (document.errors.length > 0) return null
  reader.readRoot(document.contents)
  return reader.layer
}

function countLines(text: string, lines: LineCounter): void {
  lines.addNewLine(0)
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines.addNewLine(at + 1)
}

function syntaxProblem(code: string, message: string): [what: string, hint?: string] {
  if (code === 'TAB_AS_INDENT') return ['a tab stands in the indentation', 'use spaces']
  if (code === 'BAD_INDENT')
    return ['the indentation does not fit', 'options of one group begin in the same column']
  if (code === 'RESOURCE_EXHAUSTION') return ['is nested too deeply']
  return [`is not YAML (${inert(message)})`]
}

type Pair = YAMLMap.Parsed['items'][number]

class FileReader {
  readonly layer = new Map<DeclaredOption, Written>()
  readonly #path: string
  readonly #lines: LineCounter
  readonly #problems: Problems
  readonly #options = new Map(OPTIONS.map((option) => [option.path, option]))
  readonly #reportedLines = new Set<number>()

  constructor(path: string, lines: LineCounter, problems: Problems) {
    this.#path = path
    this.#lines = lines
    this.#problems = problems
  }

  /** A problem of the file as such; the first of each line. */
  report(offset: number | null, what: string, hint?: string): void {
    const origin = this.#origin(offset)
    if (this.#reportedLines.has(origin.line)) return
    this.#reportedLines.add(origin.line)
    this.#problems.add(this.#path, origin, what, hint)
  }

  readRoot(node: ParsedNode | null): void {
    if (node === null || isNothing(node)) return
    if (isMap(node)) {
      this.#readGroup(node as YAMLMap.Parsed, DECLARATION, '')
      return
    }
    const what = `is ${isSeq(node) ? 'a list' : 'a single text'}, not options with values`
    this.report(node.range[0], what, 'write each option as "name: value", with a space after the colon')
  }

  #origin(offset: number | null): Origin & { from: 'file' } {
    const line = offset === null ? 0 : this.#lines.linePos(offset).line
    return { from: 'file', path: this.#path, line }
  }

  #readGroup(map: YAMLMap.Parsed, group: Group<Children>, prefix: string): void {
    const seen = new Map<string, number>()
    for (const pair of map.items) {
      const origin = this.#origin(pair.key.range[0])
      if (!isScalar(pair.key)) {
        this.report(pair.key.range[0], 'a name of an option is a list or a group')
        continue
      }
      const name = String(pair.key.value)
      const path = prefix + name
      const firstLine = seen.get(name)
      if (firstLine === undefined) {
        seen.set(name, origin.line)
        this.#readPair(pair, name, path, group, origin)
      } else {
        this.#problems.add(path, origin, `stands twice: at line ${firstLine}, and again`, 'leave one out')
      }
    }
  }

  #readPair(pair: Pair, name: string, path: string, group: Group<Children>, origin: Origin): void {
    const child = Object.hasOwn(group.children, name) ? group.children[name] : undefined
    if (child === undefined) {
      this.#problems.add(path, origin, 'unknown option', () => suggestion(name, path, group))
    } else if (child.node === 'group') {
      this.#readNested(pair.value, child, path, origin)
    } else {
      this.#readOption(pair.value, this.#options.get(path)!, origin)
    }
  }

  #readNested(node: ParsedNode | null, group: Group<Children>, path: string, origin: Origin): void {
    if (node === null || isNothing(node)) return
    if (isMap(node)) {
      this.#readGroup(node as YAMLMap.Parsed, group, `${path}.`)
      return
    }
    const first = Object.keys(group.children)[0]
    const name = path.slice(path.lastIndexOf('.') + 1)
    this.#problems.add(path, origin, 'is a group of options', `write it as ${name}: { ${first}: … }`)
  }

  #readOption(node: ParsedNode | null, option: DeclaredOption, origin: Origin): void {
    const place = option.path
    if (node === null || isNothing(node)) {
      this.layer.set(option, { texts: [''], place, origin })
      return
    }
    if (isScalar(node)) {
      this.layer.set(option, { texts: splitTexts(option, String(node.value)), place, origin })
    } else if (isSeq(node) && option.kind.form === 'list') {
      this.#readList(node.items as ParsedNode[], option, origin)
    } else if (isMap(node) && option.kind.form === 'reference') {
      this.#readReference(node as YAMLMap.Parsed, option, origin)
    } else {
      const found = isMap(node) ? 'a group' : 'a list'
      this.#problems.add(place, origin, `takes a value (${option.kind.name}), not ${found}`)
    }
  }

  #readList(items: readonly ParsedNode[], option: DeclaredOption, origin: Origin): void {
    const isFlat = items.every((item) => isScalar(item) && !isNothing(item))
    if (!isFlat) {
      this.#problems.add(option.path, origin, `takes a ${option.kind.name}, each one text`)
      return
    }
    const texts = items.map((item) => String((item as Scalar).value).trim())
    const origins = items.map((item) => this.#origin(item.range[0]))
    this.layer.set(option, { texts, place: option.path, origin, origins })
  }

  /**
   * `{ file: key.pem }` becomes the text `file:key.pem`. Nothing of it is repeated when it is something else.
   */
  #readReference(map: YAMLMap.Parsed, option: DeclaredOption, origin: Origin): void {
    const [pair, ...rest] = map.items
    const isReference = pair !== undefined && rest.length === 0 && isScalar(pair.key) && isScalar(pair.value)
    const text = isReference
      ? `${(pair.key as Scalar).value}:${(pair.value as Scalar).value}`
      : 'not a reference'
    this.layer.set(option, { texts: [text], place: option.path, origin })
  }
}

/** Nothing after the colon, or a plain `null` or `~`. */
function isNothing(node: ParsedNode): boolean {
  return isScalar(node) && node.type === Scalar.PLAIN && /^(~|null|)$/i.test(String(node.value))
}

function suggestion(name: string, path: string, group: Group<Children>): string {
  const sibling = nearestName(name, Object.keys(group.children))
  if (sibling !== null) return `did you mean ${sibling}?`
  const elsewhere = optionElsewhere(name, path)
  if (elsewhere !== null) return elsewhere
  return '`logcaster config reference` lists all options'
}

function optionElsewhere(name: string, path: string): string | null {
  const paths = OPTIONS.map((option) => option.path)
  if (name.includes('.')) {
    const whole = paths.find((known) => known === path || known === `ports.${path}`)
    if (whole !== undefined) return `write it in groups, ${nested(whole.split('.'))}`
    const near = nearestName(path, paths)
    return near === null ? null : `did you mean ${near}?`
  }
  const sameName = paths.find((known) => known.endsWith(`.${name}`))
  const sameGroup = Object.hasOwn(DECLARATION.children.ports.children, name) ? `ports.${name}` : undefined
  const found = sameGroup ?? sameName ?? nearestName(path, paths)
  return found === null || found === path ? null : `did you mean ${found}?`
}

function nested(names: readonly string[]): string {
  return names.reduceRight((inner, name) => (inner === '' ? `${name}: …` : `${name}: { ${inner} }`), '')
}
