/** A client's chroot: a path that is put before every path of the client. */
import { checkPath } from './checks.ts'

/** Converts the client's paths into the server's, and back. */
export interface Chroot {
  /**
   * @param isSequential the server will append a number, so the path may end in /
   * @throws TypeError for what is not a path
   */
  toServer(path: string, isSequential?: boolean): string
  toClient(path: string): string
}

/** @param chroot as `parseConnectString` returns it; empty: none */
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
