"""Watches one handler: python3 monitor.py FULL_NAME [SECONDS_BETWEEN] [ROUNDS]"""

import sys

import app

eventSvc = app.getElement("events.services.EventSvc")


def monitorEventStatus(eventFullName, checkInterval=300, rounds=float("inf")):
    import time
    from datetime import datetime, timedelta

    round = 0
    while round < rounds:
        round += 1
        endTime = datetime.now()
        startTime = endTime - timedelta(minutes=5)

        logs = eventSvc.getEventLog(
            fullName=eventFullName,
            startTime=startTime.strftime("%Y-%m-%d %H:%M:%S"),
            endTime=endTime.strftime("%Y-%m-%d %H:%M:%S"),
            status="fail",
        )

        if logs["totalCount"] > 0:
            print(f"failed events: {logs['totalCount']}")

        time.sleep(checkInterval)


monitorEventStatus(sys.argv[1], *map(float, sys.argv[2:4]))
