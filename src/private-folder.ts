import { chmod, mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Makes a folder that its owner alone may enter (mode 0700), also of one that was there with other rights. Where it belongs
 * to somebody else, as a container's volume may, it stays as it is. Throws Error for one that is everybody's, such as /tmp.
 */
export async function makePrivateFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 })
  const { mode, uid } = await stat(path)
  if ((mode & sticky) !== 0) throw new Error(`${path} is shared with others: choose a folder of its own`)
  if ((mode & 0o777) === 0o700 || (uid !== process.getuid?.() && process.getuid?.() !== 0)) return
  await chmod(path, 0o700)
}

/** In a folder with this bit everybody may write, and remove what is his own: chmod(1). */
const sticky = 0o1000

/** Takes from all that is in a folder of ours what rights others have to it. */
export async function makeContentsPrivate(path: string): Promise<void> {
  const names = await readdir(path, { recursive: true })
  for (const name of names) {
    const { mode } = await stat(join(path, name))
    if ((mode & 0o077) !== 0) await chmod(join(path, name), mode & 0o700)
  }
}
