/**
 * What Apache ZooKeeper needs in addition to a config file that our members accept: JVM options for settings
 * that it reads only there, and a refusal, with all reasons at once, of what it would misread.
 */
import { readFileSync } from 'node:fs'
import { formatLocation } from '../../config/problem.ts'
import type { ServerConfig } from '../../config/serverConfig.ts'
import { keySpec } from '../../config/settings/keys.ts'
import { type Entry, lex } from '../../config/text/lexer.ts'
import { ApacheError } from './error.ts'

const NETTY = 'org.apache.zookeeper.server.NettyServerCnxnFactory'

/** The `-D` options, in no particular order. @throws ApacheError */
export function jvmOptions(config: ServerConfig): string[] {
  const { entries } = lex(readFileSync(config.file, 'utf8'), config.file)
  refuse(entries)
  const written = (key: string) => entries.some((entry) => entry.key === key)
  const options = entries
    .filter(({ key }) => keySpec(key)?.source === 'jvm')
    .map(({ key, value }) => `-D${key}=${value}`)
  // Otherwise members on one host would compete for port 8080. Settings in the file take precedence.
  if (!entries.some(({ key }) => key.startsWith('admin.'))) {
    options.push('-Dzookeeper.admin.enableServer=false')
  }
  // Apache parses the server list according to the system property alone
  // (QuorumServer.initializeWithAddressString).
  const severalAddresses = entries.findLast(({ key }) => key === 'multiAddress.enabled')
  if (severalAddresses) options.push(`-Dzookeeper.multiAddress.enabled=${severalAddresses.value}`)
  // Apache's NIO connection factory does not support TLS.
  if (written('secureClientPort') && !written('serverCnxnFactory')) {
    options.push(`-Dzookeeper.serverCnxnFactory=${NETTY}`)
  }
  return options
}

function refuse(entries: readonly Entry[]): void {
  const lines = entries.flatMap((entry) => {
    const reason = misread(entry)
    return reason === null ? [] : [`${formatLocation(entry)}: ${reason}`]
  })
  if (lines.length === 0) return
  const message = 'Apache ZooKeeper does not read this config as our members do'
  throw new ApacheError('NOT_FOR_APACHE', message, lines.join('\n'), 2)
}

function misread({ key, comment, trailingBlank }: Entry): string | null {
  if (comment !== null) {
    return `the comment after ${key} becomes part of its value; put it on a line of its own`
  }
  if (trailingBlank && /^(server|group|weight)\./.test(key)) {
    return `the blank at the end of ${key} is refused; remove it`
  }
  return null
}
