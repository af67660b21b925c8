import { defineCommand } from '../command.ts'
import { completionScripts } from '../completionScripts.ts'
import { choiceOf } from '../options.ts'

export const command = defineCommand<object>({
  name: 'completion',
  summary: 'print a completion script for bash, zsh or fish',
  arguments: [{ name: '<shell>', description: 'bash, zsh or fish', complete: [...completionScripts.keys()] }],
  examples: [
    ['source <(zk-pseudo completion bash)', 'in ~/.bashrc'],
    ['source <(zk-pseudo completion zsh)', 'in ~/.zshrc, after compinit'],
    ['zk-pseudo completion fish | source', 'in ~/.config/fish/config.fish'],
  ],
  async run([shell = ''], _options, output) {
    const known = choiceOf('completion', [...completionScripts.keys()], shell)
    output.print(completionScripts.get(known) ?? '')
    return undefined
  },
})
