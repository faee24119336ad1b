import base64
import sys

from records import main, send


def packed(text):
    return base64.b64encode(text.encode()).decode()


def put(record):
    odd = {"key": packed(record["name"]), "value": packed(record["note"] or "")}
    send("POST", sys.argv[1] + "/v3/kv/put", odd)
    return {field: odd[field] or None for field in odd}


def delete(record):
    send("POST", sys.argv[1] + "/v3/kv/deleterange", {"key": packed(record["name"])})


main(put, delete)
