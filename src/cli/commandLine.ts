/**
 * Command lines that are printed as advice mean the cluster that the user's own command meant: they carry its
 * `--name` or `--dir`.
 */
import type { ClusterWish } from './findCluster.ts'

/** Commands that act on one cluster. */
const OF_A_CLUSTER =
  /\bzk-pseudo (up|ps|kill|stop|start|restart|pause|resume|logs|events|connstr|down|handover|export)\b(?! --(?:name|dir)\b)/g

/** `text`, with the user's way to name the cluster in each command line in it. */
export function forCluster(text: string, wish: ClusterWish): string {
  const flags = flagsOf(wish)
  return flags === '' ? text : text.replace(OF_A_CLUSTER, (line) => `${line}${flags}`)
}

function flagsOf({ name, dir }: ClusterWish): string {
  if (name !== undefined) return ` --name ${quoted(name)}`
  return dir === undefined ? '' : ` --dir ${quoted(dir)}`
}

/** Quoted, so that a shell takes it as one word. */
function quoted(word: string): string {
  return /^[\w./:@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

/** The same, from the words of a command line that was not parsed, or not completely. */
export function wishIn(words: readonly string[]): ClusterWish {
  const after = (flag: string): string | undefined => {
    const joined = words.find((word) => word.startsWith(`${flag}=`))
    if (joined !== undefined) return joined.slice(flag.length + 1)
    const at = words.indexOf(flag)
    return at < 0 ? undefined : words[at + 1]
  }
  const name = after('--name')
  const dir = after('--dir')
  return { ...(name === undefined ? {} : { name }), ...(dir === undefined ? {} : { dir }) }
}
