import { defineCommand } from '../command.ts'
import { completionScripts } from '../completionScripts.ts'
import { nearest, usageError } from '../errors.ts'

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
    const script = completionScripts.get(shell)
    if (script === undefined) {
      const meant = nearest(shell, completionScripts.keys())
      throw usageError(
        `there is no completion for "${shell}"`,
        `${meant === null ? '' : `did you mean ${meant}? `}the shells are bash, zsh and fish`,
      )
    }
    output.print(script)
    return undefined
  },
})
