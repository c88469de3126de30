/** `logcaster completion`: a script that teaches a shell the commands and options. */
import type { Command } from './command.ts'
import { printBash } from './completion/bash.ts'
import { printFish } from './completion/fish.ts'
import { type Completion, completionOf } from './completion/model.ts'
import { printZsh } from './completion/zsh.ts'
import { EXIT_DONE } from './exit-codes.ts'

const SHELLS: Readonly<Record<string, (completion: Completion) => string>> = {
  bash: printBash,
  zsh: printZsh,
  fish: printFish,
}

/** Takes the registry as an argument, because it is a row of it. */
export function completionCommand(commands: () => readonly Command[], fallback: Command): Command {
  return {
    name: 'completion',
    summary: 'print a script that completes commands and options in a shell',
    examples: [
      { line: 'source <(logcaster completion bash)', what: 'in ~/.bashrc' },
      { line: 'logcaster completion zsh > ~/.zsh/completions/_logcaster', what: 'in a directory of $fpath' },
      { line: 'logcaster completion fish > ~/.config/fish/completions/logcaster.fish', what: 'for fish' },
    ],
    uses: [],
    options: [],
    positionals: [
      { name: 'SHELL', help: 'bash, zsh or fish', required: true, many: false, choices: Object.keys(SHELLS) },
    ],
    async run({ args, out }) {
      await out.write(SHELLS[args.positionals[0]](completionOf(commands(), fallback)))
      return EXIT_DONE
    },
  }
}
