// Watches one handler: node monitor.mjs FULL_NAME [SECONDS_BETWEEN] [ROUNDS]
import { setTimeout as sleep } from 'node:timers/promises'
import { getElement } from './app.mjs'

const eventSvc = getElement('events.services.EventSvc')

async function monitorEventStatus(eventFullName, checkInterval = 300, rounds = Number.POSITIVE_INFINITY) {
  for (let round = 0; round < rounds; round++) {
    const endTime = new Date()
    const startTime = new Date(endTime.getTime() - 5 * 60 * 1000)

    const logs = await eventSvc.getEventLog({
      fullName: eventFullName,
      startTime: formatTime(startTime),
      endTime: formatTime(endTime),
      status: 'fail',
    })

    if (logs.totalCount > 0) {
      process.stdout.write(`failed events: ${logs.totalCount}\n`)
    }

    await sleep(checkInterval * 1000)
  }
}

/** `YYYY-MM-DD HH:MM:SS` in this machine's time zone, which should be the server's. */
function formatTime(time) {
  const pad = number => String(number).padStart(2, '0')
  const date = [time.getFullYear(), time.getMonth() + 1, time.getDate()].map(pad).join('-')
  return `${date} ${[time.getHours(), time.getMinutes(), time.getSeconds()].map(pad).join(':')}`
}

const [fullName, seconds = '300', rounds = 'Infinity'] = process.argv.slice(2)
await monitorEventStatus(fullName, Number(seconds), Number(rounds))
