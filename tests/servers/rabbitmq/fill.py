import base64
import sys
import urllib.parse

from records import main, send

base = sys.argv[1] + "/api/queues/%2F/"
guest = {"Authorization": "Basic " + base64.b64encode(b"guest:guest").decode()}


def url_of(record):
    return base + urllib.parse.quote(record["name"], safe="")


def put(record):
    odd = {"x-" + key: record[key] for key in ["big", "amount", "flag", "nested"]}
    odd["x-nested"] = {"list": [1, {"ü": ""}], "deep": 9007199254740995}  # the server takes no null
    send("PUT", url_of(record), {"durable": True, "arguments": odd}, **guest)
    return {"name": record["name"], "arguments": odd}


def delete(record):
    send("DELETE", url_of(record), None, **guest)


def update(record):
    """A queue keeps its arguments."""
    delete(record)
    return put(record)


main(put, delete, update)
