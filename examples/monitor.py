"""
A monitor in plain Python, without packages: prints every run that fails, as it happens. It reads `GET /stream` (server-sent
events), reconnects by itself, and goes on behind the last change that it saw.

    DAYBOOK_TOKEN=$(cat .daybook/super-token) python3 examples/monitor.py
"""

import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request

URL = os.environ.get("DAYBOOK_URL", "http://127.0.0.1:7411")
TOKEN = os.environ["DAYBOOK_TOKEN"]
# A heartbeat comes every 15 seconds: a stream that is silent for longer is lost.
SILENCE_SECONDS = 40


def open_stream(resource, condition, cursor):
    query = urllib.parse.urlencode({"resource": resource, "condition": json.dumps(condition)})
    headers = {"Authorization": f"Bearer {TOKEN}"}
    if cursor is not None:
        headers["Last-Event-ID"] = cursor
    request = urllib.request.Request(f"{URL}/stream?{query}", headers=headers)
    return urllib.request.urlopen(request, timeout=SILENCE_SECONDS)


def events(stream):
    """The events of a stream, as (name, id, data)."""
    event = {"event": "message", "id": None, "data": []}
    for line in stream:
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name == "":
            if event["data"]:
                yield event["event"], event["id"], json.loads("\n".join(event["data"]))
            event = {"event": "message", "id": None, "data": []}
        elif name == "data":
            event["data"].append(value)
        elif name in event:
            event[name] = value


def follow(resource, condition):
    """Every record that fulfils the conditions, as it is written or changes."""
    cursor = None
    while True:
        try:
            with open_stream(resource, condition, cursor) as stream:
                for name, event_id, data in events(stream):
                    cursor = event_id or cursor
                    if name == "start":
                        print(f"watching {resource}", flush=True)
                    elif name == "message":
                        yield data
        except urllib.error.HTTPError as error:
            # 401 and 403 do not get better, and neither does a condition that is refused.
            if error.code < 500 and error.code != 429:
                raise SystemExit(f"{error.code}: {error.read().decode()}")
        except OSError as error:
            print(f"trying again: {error}", flush=True)
        time.sleep(1)


try:
    for row in follow("js-result", ["is_failure"]):
        print(f"{row['js_worker_name']} failed: {row['error_message']}", flush=True)
except KeyboardInterrupt:
    pass
