/** A client's chroot: the znode that stands before every path of its own. */

/** Turns paths of the client's into the server's and back. */
export interface Chroot {
  toServer(path: string): string
  toClient(path: string): string
}

/** @param chroot as `parseConnectString` gives it: empty for none */
export function chrootAt(chroot: string): Chroot {
  if (chroot === '') return { toServer: (path) => path, toClient: (path) => path }
  return {
    toServer: (path) => (path === '/' ? chroot : chroot + path),
    toClient: (path) => {
      if (path === chroot) return '/'
      return path.startsWith(`${chroot}/`) ? path.slice(chroot.length) : path
    },
  }
}
