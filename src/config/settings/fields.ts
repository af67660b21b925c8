/**
 * Groups of settings by table: a row names a field's key and how it is read, and both reading and writing follow
 * from it. For groups that are large and need no checks of their own.
 */
import { keySpec } from './keys.ts'
import type { Settings } from './settings.ts'

export type FieldKind = 'number' | 'boolean' | 'text' | 'words'
export type FieldTable = Readonly<Record<string, readonly [kind: FieldKind, key: string, min?: number]>>

/** `text` is null where the key is missing or empty. */
export type Fields<T extends FieldTable> = { -readonly [Name in keyof T]: FieldType[T[Name][0]] }

interface FieldType {
  number: number
  boolean: boolean
  text: string | null
  words: string[]
}

export function readFields<T extends FieldTable>(table: T, settings: Settings): Fields<T> {
  const readers = {
    // `+ 0` turns the −0 of "-0.0" into 0, which is what is written.
    number: (key: string, min?: number) => settings.number(key, min) + 0,
    boolean: (key: string) => settings.boolean(key),
    text: (key: string) => settings.text(key),
    words: (key: string) => settings.words(key),
  }
  const values = Object.entries(table).map(([name, [kind, key, min]]) => [name, readers[kind](key, min)])
  return Object.fromEntries(values) as Fields<T>
}

/** Keys and values that read back as these fields; those at their default are left out. */
export function fieldTexts<T extends FieldTable>(table: T, values: Fields<T>): [key: string, text: string][] {
  return Object.entries(table).flatMap(([name, [, key]]): [string, string][] => {
    const value: string | number | boolean | string[] | null = values[name as keyof T]
    if (value === null) return []
    const text = Array.isArray(value) ? value.join(',') : String(value)
    return text === (keySpec(key)?.default ?? '') ? [] : [[key, text]]
  })
}
