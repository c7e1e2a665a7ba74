import { acquireDataLock } from '../../src/database/data-lock.ts'

/** Holds the lock of the folder named by its argument until it is killed. */
await acquireDataLock(process.argv[2] ?? '')
process.stdout.write('locked\n')
setInterval(() => undefined, 60_000)
