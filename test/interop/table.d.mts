export interface Play {
  readonly name: string
  readonly title: string
  readonly arrangement: string
  readonly passed: boolean
  readonly limit: string | null
}
export function table(
  plays: readonly Play[],
  about: { readonly apache: string; readonly java: string; readonly seconds: number },
): string
