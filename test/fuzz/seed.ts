/** ZK_PSEUDO_SEED replays what failed; without it every run draws its own. A failure names the seed. */
export const seed = Number(process.env.ZK_PSEUDO_SEED ?? Date.now() % 1_000_000)

/** Names the seed in whatever is thrown. */
export function seeded<T>(run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (error instanceof Error) error.message = `${error.message}\n(replay with ZK_PSEUDO_SEED=${seed})`
    throw error
  }
}
