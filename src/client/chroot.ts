/** A client's chroot: the znode that stands before every path of its own. */

import { checkPath } from './checks.ts'

/** Turns paths of the client's into the server's and back. */
export interface Chroot {
  /**
   * @param isSequential the server will append a number, so that the path may end in /
   * @throws TypeError for what is no path
   */
  toServer(path: string, isSequential?: boolean): string
  toClient(path: string): string
}

/** @param chroot as `parseConnectString` gives it: empty for none */
export function chrootAt(chroot: string): Chroot {
  return {
    toServer: (path, isSequential) => {
      checkPath(path, isSequential)
      return path === '/' && chroot !== '' ? chroot : chroot + path
    },
    toClient: (path) => {
      if (chroot === '') return path
      if (path === chroot) return '/'
      return path.startsWith(`${chroot}/`) ? path.slice(chroot.length) : path
    },
  }
}
