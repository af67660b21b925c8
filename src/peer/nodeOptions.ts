/** From a member's zoo.cfg to the kinds of nodes that it knows. */
import type { ServerConfig } from '../config/serverConfig.ts'
import type { TtlRule } from '../tree/znode.ts'

/** `emulate353TTLNodes` has an effect only together with `extendedTypesEnabled` (EphemeralType.get). */
export function ttlRuleOf(config: ServerConfig): TtlRule {
  if (!config.extendedTypesEnabled) return 'none'
  return config.emulate353TtlNodes ? 'since353' : 'since354'
}
