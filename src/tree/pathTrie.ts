/**
 * Values by path, asked for everything at and above a path. A query reads its path once, whatever its depth:
 * looking up each ancestor by its whole path would cost the square of it, and a client may send a path of
 * 500,000 levels.
 *
 * Names that do not branch share one label, so that a deep path costs no more memory than its characters.
 *
 * Invariant: but for the root, a branch has a value or at least two children, and `parent` holds it under the
 * first name of its label.
 */
interface Branch<T> {
  /** Whole names, each with the slash before it: `/a/b`. Empty for the root. */
  label: string
  value: T | undefined
  readonly children: Map<string, Branch<T>>
  parent: Branch<T> | null
}

function branch<T>(label: string, value: T | undefined, parent: Branch<T> | null): Branch<T> {
  return { label, value, children: new Map(), parent }
}

/** Where the name that begins at `from` ends. */
function endOfName(path: string, from: number): number {
  const slash = path.indexOf('/', from + 1)
  return slash === -1 ? path.length : slash
}

function nameAt(path: string, from: number): string {
  return path.substring(from, endOfName(path, from))
}

export class PathTrie<T> {
  private readonly root = branch<T>('', undefined, null)
  private count = 0

  get size(): number {
    return this.count
  }

  /** Values at and above the path, from the root ('') down. */
  *above(path: string): Generator<T, void, void> {
    let at = 0
    for (let here: Branch<T> | undefined = this.root; here !== undefined; here = this.below(here, path, at)) {
      at += here.label.length
      if (here.value !== undefined) yield here.value
    }
  }

  get(path: string): T | undefined {
    return this.find(path)?.value
  }

  set(path: string, value: T): void {
    let at = 0
    let here = this.root
    for (let next = this.below(here, path, at); next !== undefined; next = this.below(here, path, at)) {
      here = next
      at += here.label.length
    }
    if (at < path.length) here = this.grow(here, path, at)
    if (here.value === undefined) this.count += 1
    here.value = value
  }

  delete(path: string): void {
    const here = this.find(path)
    if (here?.value === undefined) return
    here.value = undefined
    this.count -= 1
    this.tidy(here)
  }

  private find(path: string): Branch<T> | undefined {
    let at = 0
    let here: Branch<T> | undefined = this.root
    for (; here !== undefined; here = this.below(here, path, at)) {
      at += here.label.length
      if (at === path.length) return here
    }
    return undefined
  }

  /** The child whose whole label is in the path at `at`. */
  private below(here: Branch<T>, path: string, at: number): Branch<T> | undefined {
    if (here.children.size === 0 || at === path.length) return undefined
    const child = here.children.get(nameAt(path, at))
    return child !== undefined && commonLength(child.label, path, at) === child.label.length
      ? child
      : undefined
  }

  /** A new branch for the rest of the path, below a part of a label that is split for it. */
  private grow(here: Branch<T>, path: string, at: number): Branch<T> {
    const name = nameAt(path, at)
    const child = here.children.get(name)
    if (child === undefined) {
      const grown = branch(path.substring(at), undefined as T | undefined, here)
      here.children.set(name, grown)
      return grown
    }
    const common = commonLength(child.label, path, at)
    const fork = branch(child.label.substring(0, common), undefined as T | undefined, here)
    here.children.set(name, fork)
    this.attach(fork, child, child.label.substring(common))
    return at + common === path.length ? fork : this.grow(fork, path, at + common)
  }

  private attach(parent: Branch<T>, child: Branch<T>, label: string): void {
    child.label = label
    child.parent = parent
    parent.children.set(nameAt(label, 0), child)
  }

  /**
   * A branch without a value is removed when it is a leaf, and joined with its only child when it has one.
   */
  private tidy(here: Branch<T>): void {
    const { parent } = here
    if (parent === null || here.value !== undefined || here.children.size > 1) return
    const name = nameAt(here.label, 0)
    const [only] = here.children.values()
    if (only !== undefined) {
      this.attach(parent, only, here.label + only.label)
      return
    }
    parent.children.delete(name)
    this.tidy(parent)
  }
}

/** Number of characters of the label that are in the path at `at`, in whole names. */
function commonLength(label: string, path: string, at: number): number {
  if (path.startsWith(label, at) && endsName(path, at + label.length)) return label.length
  let common = 0
  for (let end = endOfName(label, 0); ; end = endOfName(label, common)) {
    const isShared = path.startsWith(label.substring(common, end), at + common) && endsName(path, at + end)
    if (!isShared || end === label.length) return isShared ? end : common
    common = end
  }
}

function endsName(path: string, at: number): boolean {
  return at === path.length || path.charCodeAt(at) === 0x2f
}
