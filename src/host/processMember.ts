/**
 * The entry of a child process with one member. The process ends with its member, and at once when the
 * supervisor has ended: the channel between them then closes, however the supervisor died.
 */
import { MemberMain } from './memberMain.ts'
import type { FromMember, ToMember } from './messages.ts'

const member = new MemberMain({
  send: (message: FromMember) => void process.send?.(message),
  block: () => {},
  // When the channel has closed, earlier messages have been sent.
  done: () => process.disconnect(),
})

process.on('message', (message: ToMember) => member.receive(message))
process.on('disconnect', () => process.exit(0))
process.on('uncaughtException', (error) => member.crash(error))
process.on('unhandledRejection', (error) => member.crash(error))
// Ctrl-C in a terminal reaches the whole process group, but only the supervisor acts on it.
process.on('SIGINT', () => {})
process.send?.({ kind: 'ready' } satisfies FromMember)
