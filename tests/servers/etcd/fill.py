import base64
import sys

from records import main, send

TOGETHER = range(31, 91)  # in one transaction: they have one create_revision
waiting = []


def packed(text):
    return base64.b64encode(text.encode()).decode()


def put(record):
    odd = {"key": packed(record["name"]), "value": packed(record["note"] or "")}
    if record["n"] not in TOGETHER or sys.argv[-1] == "change":
        send("POST", sys.argv[1] + "/v3/kv/put", odd)
    else:
        waiting.append({"requestPut": odd})
        if len(waiting) == len(TOGETHER):
            send("POST", sys.argv[1] + "/v3/kv/txn", {"success": waiting})
    return {field: odd[field] or None for field in odd}


def delete(record):
    send("POST", sys.argv[1] + "/v3/kv/deleterange", {"key": packed(record["name"])})


main(put, delete)
