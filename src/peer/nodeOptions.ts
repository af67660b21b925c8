/** What a member's config says of the kinds of znodes. */
import type { ServerConfig } from '../config/serverConfig.ts'
import type { TtlRule } from '../tree/znode.ts'

/** `emulate353TTLNodes` counts only beside `extendedTypesEnabled` (EphemeralType.get). */
export function ttlRuleOf(config: ServerConfig): TtlRule {
  if (!config.extendedTypesEnabled) return 'none'
  return config.emulate353TtlNodes ? 'since353' : 'since354'
}
