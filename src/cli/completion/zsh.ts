/** The completion script for zsh. */
import type { CommandWords, Completion, OptionWords } from './model.ts'

export function printZsh({ commands, options }: Completion): string {
  return `#compdef logcaster
# zsh completion for logcaster: put this into a file named _logcaster in a directory of $fpath
#   logcaster completion zsh > ~/.zsh/completions/_logcaster
_logcaster() {
  local curcontext=$curcontext state line
  typeset -A opt_args
  local -a commands=(
${commands.map(({ name, summary }) => `    ${quote(`${name}:${summary}`)}`).join('\n')}
  )
  _arguments -C \\
${argumentLines(options).join('')}    '1:command:->command' \\
    '*::argument:->argument'
  case $state in
    command) _describe command commands ;;
    argument)
      case $line[1] in
${commands.map(commandCase).join('\n')}
      esac
      ;;
  esac
}
# Read as a function of $fpath at its first use, or with source.
if [[ $funcstack[1] == _logcaster ]]; then
  _logcaster "$@"
else
  compdef _logcaster logcaster
fi
`
}

function commandCase({ name, options, words, takesFiles }: CommandWords): string {
  const files = takesFiles ? `    '*:file:_files'` : `    '*:word:(${words.join(' ')})'`
  return `        ${name})
          _arguments \\
${argumentLines(options).join('')}${files}
          ;;`
}

function argumentLines(options: readonly OptionWords[]): string[] {
  return options.flatMap(({ names, help, value }) =>
    names.map((name) => {
      const sign = value !== null && name.startsWith('--') ? '=' : ''
      return `    ${quote(`*${name}${sign}[${escapeSpec(help)}]${valueSpec(value)}`)} \\\n`
    }),
  )
}

function valueSpec(value: OptionWords['value']): string {
  if (value === null) return ''
  const action = value.isFile ? '_files' : value.choices.length === 0 ? ' ' : `(${value.choices.join(' ')})`
  return `:${escapeSpec(value.name)}:${action}`
}

const escapeSpec = (text: string): string => text.replace(/[[\]:\\]/g, '\\$&')
const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
