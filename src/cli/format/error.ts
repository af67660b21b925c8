/** An error for people: what went wrong, and below it, indented, what to do next. */
import { printedWidth, TEXT_WIDTH, wrapText } from './wrap.ts'

/** @param label `error:`, in colours or not */
export function errorText(message: string, hint: string | null, label = 'error:'): string {
  const said = wrapText(`${label} ${message}`, TEXT_WIDTH, printedWidth(label) + 1)
  if (hint === null || hint === '') return said
  const lines = hint.split('\n').map((line) => `  ${line}`)
  return `${said}\n${wrapText(lines.join('\n'), TEXT_WIDTH)}`
}
