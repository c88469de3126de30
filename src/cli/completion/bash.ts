/** The completion script for bash. */
import type { CommandWords, Completion, OptionWords } from './model.ts'

export function printBash({ commands, options }: Completion): string {
  const names = commands.map(({ name }) => name)
  const root: CommandWords = { name: '', summary: '', options, words: names, takesFiles: false }
  const all = [root, ...commands]
  return `# bash completion for logcaster: put this line into ~/.bashrc
#   source <(logcaster completion bash)
_logcaster() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command= i
  # bash takes --name=value apart at the sign.
  if [[ $cur == '=' ]]; then
    cur=
  elif [[ $prev == '=' ]]; then
    prev=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
      ${names.join('|')}) command=\${COMP_WORDS[i]}; break ;;
    esac
  done
  COMPREPLY=()
  case $command:$prev in
${all.flatMap(valueCases).join('\n')}
  esac
  local words= files=
  case $command in
${all.map(commandCase).join('\n')}
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
  if [[ $files && $cur != -* ]]; then
    mapfile -t -O \${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- "$cur")
  fi
}
complete -o filenames -F _logcaster logcaster
`
}

/** What follows an option that takes a value; nothing where it may be anything. */
function valueCases({ name, options }: CommandWords): string[] {
  return options.flatMap((option) => {
    const { value, names } = option
    if (value === null) return []
    const patterns = names.map((word) => `${name}:${word}`).join('|')
    return [`    ${patterns}) ${valueAction(option)}return ;;`]
  })
}

function valueAction({ value }: OptionWords): string {
  if (value === null) return ''
  if (value.isFile) return 'mapfile -t COMPREPLY < <(compgen -f -- "$cur"); '
  if (value.choices.length === 0) return ''
  return `mapfile -t COMPREPLY < <(compgen -W '${value.choices.join(' ')}' -- "$cur"); `
}

/** Options are offered once a dash is typed, else they would hide the words. */
function commandCase({ name, options, words, takesFiles }: CommandWords): string {
  const long = options.flatMap(({ names }) => names).filter((word) => word.startsWith('--'))
  const files = takesFiles ? ' files=yes' : ''
  return `    '${name}') words='${words.join(' ')}'${files}; [[ $cur == -* ]] && words='${long.join(' ')}' ;;`
}
