/**
 * Sentences as they were before they were wrapped for a terminal: the lengths of the tests' paths decide
 * where lines break.
 */
export function unwrapped(text: string): string {
  return text.replace(/\n {2,}/g, ' ')
}
