/**
 * Secrets: never in the configuration itself, only named there, by `{file: path}` or `{env: NAME}` (in
 * variables and flags: `file:path`, `env:NAME`). The value prints as `***` everywhere; only `reveal` hands it
 * out.
 */
import { messageOf } from '../base/base.ts'
import type { Kind, ParseContext, Parsed } from './kinds.ts'
import { inert } from './problem.ts'

const MASK = '***'
const SECRET_LENGTH_MAX = 64 * 1024

export class Secret {
  readonly #value: string
  /** Where it was read: `file:key.pem` or `env:NAME`. Not secret. */
  readonly reference: string

  constructor(value: string, reference: string) {
    this.#value = value
    this.reference = reference
  }

  /** The secret itself. Whoever calls this keeps it out of logs, replies and errors. */
  reveal(): string {
    return this.#value
  }

  /** The path as it was written, when it was read from a file: for whoever reads it again when it changes. */
  get file(): string | null {
    return this.reference.startsWith('file:') ? this.reference.slice('file:'.length) : null
  }

  toString(): string {
    return MASK
  }

  toJSON(): string {
    return MASK
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return MASK
  }
}

const HOW = 'write {file: PATH} or {env: NAME} (in a variable or flag: file:PATH or env:NAME)'

/** No message of this kind repeats what was written: it may be the secret. */
export const secret: Kind<Secret> = {
  name: 'secret',
  form: 'reference',
  unit: '',
  schema: {
    type: 'object',
    properties: { file: { type: 'string' }, env: { type: 'string' } },
    minProperties: 1,
    maxProperties: 1,
    additionalProperties: false,
  },
  parse([text], context) {
    const [, source, name] = /^(file|env):(.+)$/s.exec(text) ?? []
    if (source === undefined)
      return { what: 'a secret does not stand in the configuration itself', hint: HOW }
    return source === 'file' ? readSecretFile(name, context) : readSecretVariable(name, context)
  },
  print: (value) => [value.reference],
}

/** Which file it is must be readable: the paths of keys are long. */
const SHOWN_LENGTH_MAX = 300

function readSecretFile(path: string, context: ParseContext): Parsed<Secret> {
  let text: string
  try {
    text = context.readFile(path)
  } catch (error) {
    return { what: `the secret's file cannot be read (${inert(messageOf(error), SHOWN_LENGTH_MAX)})` }
  }
  return secretOf(
    text.replace(/\r?\n$/, ''),
    `file:${path}`,
    `the secret's file ${inert(path, SHOWN_LENGTH_MAX)}`,
  )
}

function readSecretVariable(name: string, context: ParseContext): Parsed<Secret> {
  const text = context.env[name]
  const what = `the secret's variable ${inert(name)}`
  return text === undefined ? { what: `${what} is not set` } : secretOf(text, `env:${name}`, what)
}

function secretOf(value: string, reference: string, place: string): Parsed<Secret> {
  if (value === '') return { what: `${place} is empty` }
  if (value.length > SECRET_LENGTH_MAX)
    return { what: `${place} is longer than ${SECRET_LENGTH_MAX} characters` }
  return { value: new Secret(value, reference) }
}
