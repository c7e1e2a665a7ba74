// Sends two events, and prints what became of each as JSON.
import { getElement } from './app.mjs'

const eventSvc = getElement('events.services.EventSvc')

async function batchTriggerEvents(eventList) {
  const results = []
  for (const eventConfig of eventList) {
    try {
      const result = await eventSvc.sendEvent({
        sender: eventConfig.sender,
        kwargs: eventConfig.kwargs,
        eventType: eventConfig.eventType ?? 'events.NormalType',
      })
      results.push({ success: true, config: eventConfig, result })
    } catch (e) {
      results.push({ success: false, config: eventConfig, error: e.message })
    }
  }
  return results
}

const events = [
  {
    sender: 'models.UserModel',
    kwargs: { userId: 1, action: 'login' },
  },
  {
    sender: 'models.OrderModel',
    kwargs: { orderId: 100, status: 'paid' },
  },
]

const batchResults = await batchTriggerEvents(events)
process.stdout.write(`${JSON.stringify(batchResults)}\n`)
