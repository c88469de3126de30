/** `logcaster config`: what is configured, what could be, and what is wrong with it. */
import {
  checkConfig,
  checkJson,
  printCheck,
  printReference,
  printSchema,
  printShow,
  referenceJson,
  showJson,
} from '../config/config.ts'
import type { Command, CommandContext } from './command.ts'
import { CONFIG_OPTIONS, configInput, loadCliConfig } from './config-options.ts'
import { EXIT_DONE, EXIT_FALSE } from './exit-codes.ts'
import { isJsonWanted } from './row-output.ts'
import { jsonSafe } from './terminal.ts'

type Action = (context: CommandContext) => Promise<number>

const ACTIONS: Readonly<Record<string, Action>> = {
  check: runCheck,
  show: async (context) => {
    const loaded = await loadCliConfig(context.io, context.args)
    for (const { text } of loaded.warnings) context.messages.problem(text)
    return print(context, isJsonWanted(context.args) ? jsonLine(showJson(loaded)) : printShow(loaded))
  },
  reference: (context) =>
    print(context, isJsonWanted(context.args) ? jsonLine(referenceJson()) : printReference()),
  schema: (context) => print(context, printSchema()),
}

export const configCommand: Command = {
  name: 'config',
  summary: 'check, show and explain the configuration',
  examples: [
    {
      line: 'logcaster config check --config lan.yaml',
      what: 'all problems at once; exit code 1 if there are any',
    },
    { line: 'logcaster config show', what: 'every option, its value, and where the value comes from' },
    { line: 'logcaster config show --json', what: 'the same for a program' },
    { line: 'logcaster config reference', what: 'every option explained, as Markdown' },
    { line: 'logcaster config schema > config.schema.json', what: 'JSON Schema for your editor' },
  ],
  uses: ['output'],
  options: CONFIG_OPTIONS,
  positionals: [
    {
      name: 'ACTION',
      help: 'check, show, reference or schema',
      required: true,
      many: false,
      choices: Object.keys(ACTIONS),
    },
  ],
  notes: ['Further options are those of the configuration: see logcaster config reference.'],
  run: (context) => ACTIONS[context.args.positionals[0]](context),
}

async function runCheck(context: CommandContext): Promise<number> {
  const checked = checkConfig(await configInput(context.io, context.args))
  await context.out.write(isJsonWanted(context.args) ? jsonLine(checkJson(checked)) : printCheck(checked))
  return checked.problems.length === 0 ? EXIT_DONE : EXIT_FALSE
}

const jsonLine = (value: object): string => `${jsonSafe(JSON.stringify(value))}\n`

async function print({ out }: CommandContext, text: string): Promise<number> {
  await out.write(text)
  return EXIT_DONE
}
