"""Stands for the `app` of JitAi's examples: an element's methods are called on the server at DAYBOOK_URL."""

import json
import os
import urllib.request


def getElement(fullName):
    return Element(fullName)


class Element:
    def __init__(self, fullName):
        self.fullName = fullName

    def __getattr__(self, method):
        def call(*args, **kwargs):
            return send(f"{self.fullName}.{method}", kwargs or list(args))

        return call


def send(method, params):
    body = {"jsonrpc": "2.0", "method": method, "params": params, "id": 1}
    headers = {
        "Content-Type": "application/json",
        "Authorization": f"Bearer {os.environ['DAYBOOK_TOKEN']}",
    }
    request = urllib.request.Request(os.environ["DAYBOOK_URL"], json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        parsed = json.load(answer)
    if "error" in parsed:
        raise Exception(parsed["error"]["message"])
    return parsed["result"]
