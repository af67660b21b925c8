/** Sentences as they were before they were broken for a terminal: paths of tests decide where that is. */
export function unwrapped(text: string): string {
  return text.replace(/\n {2,}/g, ' ')
}
