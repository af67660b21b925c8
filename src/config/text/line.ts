/**
 * One `key=value` line that java.util.Properties and the lexer beside this file read back as it was. Pure.
 */

export function line(key: string, value: string | number | boolean): string {
  return `${escaped(key, /[\\ \t\f=:#!]/g)}=${escaped(String(value), /[\\#]|^[ \t\f]|\/(?=\/)/g)}`
}

const NAMED_ESCAPES: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r', '\f': '\\f' }

function escaped(text: string, special: RegExp): string {
  return (
    text
      .replace(special, (c) => NAMED_ESCAPES[c] ?? `\\${c}`)
      .replace(/[\n\r]/g, (c) => NAMED_ESCAPES[c] ?? c)
      // Code unit by code unit, as Properties reads \uXXXX.
      .replace(/[^\x20-\x7e\t\f]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
  )
}
