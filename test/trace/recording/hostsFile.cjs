/**
 * Gives a process a hosts file of its own, as a container has one: names in the file that ZK_TRACE_HOSTS_FILE
 * names resolve as it says, all others as ever. Members of ours load it by NODE_OPTIONS; Java has
 * jdk.net.hosts.file for it.
 */
const dns = require('node:dns')
const { readFileSync } = require('node:fs')

/** Lines `address name`. */
function parseHosts(text) {
  const entries = text.split('\n').map((line) => line.trim().split(/\s+/))
  return new Map(entries.filter(({ length }) => length === 2).map(([address, name]) => [name, address]))
}

function resolveBy(hosts) {
  const { lookup } = dns
  dns.lookup = (name, options, callback) => {
    const answer = callback ?? options
    const address = hosts.get(name)
    if (address === undefined) return lookup(name, options, callback)
    const all = typeof options === 'object' && options !== null && options.all
    return process.nextTick(() => (all ? answer(null, [{ address, family: 4 }]) : answer(null, address, 4)))
  }
}

const file = process.env.ZK_TRACE_HOSTS_FILE
if (file !== undefined) resolveBy(parseHosts(readFileSync(file, 'utf8')))

module.exports = { parseHosts, resolveBy }
