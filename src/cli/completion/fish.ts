/** The completion script for fish. */
import type { CommandWords, Completion, OptionWords } from './model.ts'

export function printFish({ commands, options }: Completion): string {
  const lines = [
    '# fish completion for logcaster: put this into a file',
    '#   logcaster completion fish > ~/.config/fish/completions/logcaster.fish',
    'complete -c logcaster -f',
    ...commands.map(({ name, summary }) => line('__fish_use_subcommand', `-a ${name} -d ${quote(summary)}`)),
    ...options.flatMap((option) => optionLines('__fish_use_subcommand', option)),
    ...commands.flatMap(commandLines),
  ]
  return `${lines.join('\n')}\n`
}

function commandLines({ name, options, words, takesFiles }: CommandWords): string[] {
  const condition = `__fish_seen_subcommand_from ${name}`
  return [
    ...(words.length === 0 ? [] : [line(condition, `-a ${quote(words.join(' '))}`)]),
    ...(takesFiles ? [line(condition, '-F')] : []),
    ...options.flatMap((option) => optionLines(condition, option)),
  ]
}

function optionLines(condition: string, { names, help, value }: OptionWords): string[] {
  const short = names.find((name) => !name.startsWith('--'))
  const long = names.filter((name) => name.startsWith('--'))
  return long.map((name, index) => {
    const letter = index === 0 && short !== undefined ? ` -s ${short.slice(1)}` : ''
    return line(condition, `-l ${name.slice(2)}${letter}${valueFlags(value)} -d ${quote(help)}`)
  })
}

function valueFlags(value: OptionWords['value']): string {
  if (value === null) return ''
  if (value.isFile) return ' -r -F'
  return value.choices.length === 0 ? ' -x' : ` -x -a ${quote(value.choices.join(' '))}`
}

const line = (condition: string, rest: string): string =>
  `complete -c logcaster -n ${quote(condition)} ${rest}`
const quote = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`
