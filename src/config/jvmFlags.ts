/**
 * Settings that Apache takes as JVM options only, to and from zoo.cfg, where this program takes them too. Pure.
 */
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
 * What of the flags in a java.env (or any text with -D options) zoo.cfg can say as well: `-Dzookeeper.<key>` and those
 * of the kind above.
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

/** A java.env for the conf folder, which Apache's zkEnv.sh reads; it takes no value with blanks in it. */
export function javaEnv(flags: readonly string[]): string {
  const words = flags.join(' ').replace(/[\\"$`]/g, '\\$&')
  return `# Settings that Apache ZooKeeper takes as JVM options only.\nexport JVMFLAGS="${words} $JVMFLAGS"\n`
}
