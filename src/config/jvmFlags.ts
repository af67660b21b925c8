/** Settings that Apache takes only as JVM options, and that this program also takes in zoo.cfg. Pure. */
import { keySpec } from './settings/keys.ts'

/** Whether Apache ignores this key in zoo.cfg and reads the system property of the same name. */
export function isJvmOnly(key: string): boolean {
  return keySpec(key)?.source === 'jvm'
}

/** `-Djute.maxbuffer=4194304`. */
export function jvmFlag(key: string, value: string): string {
  return `-D${key}=${value}`
}

/**
 * The flags in a java.env, or in any text with -D options, that zoo.cfg can express, too:
 * `-Dzookeeper.<key>`, and those that Apache takes only as JVM options.
 */
export function settingsOfFlags(text: string): Map<string, string> {
  const settings = new Map<string, string>()
  for (const [, name = '', quoted, plain] of withoutComments(text).matchAll(FLAG)) {
    const value = quoted ?? plain ?? ''
    const key = name.replace(/^zookeeper\./, '')
    const isProperty = key !== name && keySpec(key)?.source === 'property'
    if (isJvmOnly(name) || isProperty) settings.set(isProperty ? key : name, value)
  }
  return settings
}

const FLAG = /(?<=^|[\s"'=])-D([\w.-]+)=(?:\\?"([^"\\]*)\\?"|([^\s"']*))/gm

function withoutComments(text: string): string {
  return text.replace(/^\s*#.*$/gm, '')
}

/** A java.env for the conf folder, which Apache's zkEnv.sh reads. Its values cannot contain blanks. */
export function javaEnv(flags: readonly string[]): string {
  const words = flags.join(' ').replace(/[\\"$`]/g, '\\$&')
  return `# Settings that Apache ZooKeeper takes as JVM options only.\nexport JVMFLAGS="${words} $JVMFLAGS"\n`
}
