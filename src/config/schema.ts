/** The JSON Schema of the configuration file, for editors that complete and check YAML. */
import type { Children, Group, Option } from './declaration.ts'
import type { JsonSchema } from './kinds.ts'
import { DECLARATION } from './options.ts'

/**
 * The text of `config.schema.json`. Rules between options are beyond it: `logcaster config check` knows them.
 */
export function printSchema(): string {
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'LogCaster configuration',
    ...groupSchema(DECLARATION),
  }
  return `${JSON.stringify(schema, null, 2)}\n`
}

function groupSchema(group: Group<Children>): JsonSchema {
  const properties = Object.entries(group.children).map(([name, node]) => {
    return [name, node.node === 'group' ? nullable(groupSchema(node)) : optionSchema(node)]
  })
  return {
    description: group.help,
    type: 'object',
    properties: Object.fromEntries(properties),
    additionalProperties: false,
  }
}

/** A group may stand in the file with nothing in it. */
function nullable(schema: JsonSchema): JsonSchema {
  return { ...schema, type: ['object', 'null'] }
}

function optionSchema({ kind, rules }: Option<unknown>): JsonSchema {
  const zero = rules.zero === undefined ? '' : ` 0: ${rules.zero}.`
  const description = rules.help.replaceAll('`', '') + zero
  const bare = rules.default === undefined ? {} : { default: schemaDefault(kind.form, rules.default) }
  return { description, ...kind.schema, ...bare }
}

function schemaDefault(form: string, text: string | readonly string[]): unknown {
  if (form === 'switch') return text === 'true'
  if (typeof text === 'string' && /^\d+$/.test(text)) return Number(text)
  return text
}
