"""Sends two events, and prints what became of each as JSON."""

import json

import app

eventSvc = app.getElement("events.services.EventSvc")


def batchTriggerEvents(eventList):
    results = []
    for eventConfig in eventList:
        try:
            result = eventSvc.sendEvent(
                sender=eventConfig["sender"],
                kwargs=eventConfig["kwargs"],
                eventType=eventConfig.get("eventType", "events.NormalType"),
            )
            results.append({"success": True, "config": eventConfig, "result": result})
        except Exception as e:
            results.append({"success": False, "config": eventConfig, "error": str(e)})
    return results


events = [
    {
        "sender": "models.UserModel",
        "kwargs": {"userId": 1, "action": "login"},
    },
    {
        "sender": "models.OrderModel",
        "kwargs": {"orderId": 100, "status": "paid"},
    },
]

batchResults = batchTriggerEvents(events)
print(json.dumps(batchResults))
