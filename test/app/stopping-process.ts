import { runUntilSignal } from '../../src/app/until-signal.ts'

// Says when it is ready and when it starts to stop; its stop takes as many milliseconds as its argument says.
const stopMs = Number(process.argv[2])
const alive = setInterval(() => undefined, 1000)
const stopped = runUntilSignal(async () => {
  process.stdout.write('stopping\n')
  await new Promise(resolve => setTimeout(resolve, stopMs))
})
process.stdout.write('ready\n')
await stopped
clearInterval(alive)
