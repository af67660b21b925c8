export function build(options: { types: boolean }): Promise<void>
