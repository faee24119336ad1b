import json
import sys
import urllib.parse
import urllib.request

from records import main

base = sys.argv[1]
TIME = 1700000000000000000


def post(path, text):
    with urllib.request.urlopen(urllib.request.Request(base + path, text.encode(), method="POST")) as answer:
        said = answer.read()
    assert b"error" not in said, said


def query(text):
    post("/query?db=odd", urllib.parse.urlencode({"q": text}))


def time_of(record):
    return TIME + record["n"] // 10 * 10 * 4 * 86400 * 10**9 + 1


def put(record):
    """A tag and fields; a text of a point may have any sign, its end of line too."""
    fields = {"n": record["n"], "name": record["name"], "note": record["note"] or "", "big": record["big"],
              "amount": record["amount"], "flag": record["flag"]}
    written = {name: f"{value}i" if type(value) is int else json.dumps(value, ensure_ascii=False).replace("\\n", "\n").replace("\\t", "\t")
               for name, value in fields.items()}
    post("/write?db=odd", f"odd,code={record['id']} " + ",".join("=".join(one) for one in written.items()) + f" {time_of(record)}")
    return {"code": record["id"], "time": time_of(record), **fields}


def delete(record):
    query(f"DELETE FROM odd WHERE time = {time_of(record)} AND code = '{record['id']}'")


if sys.argv[-1] != "change":
    query("CREATE DATABASE odd")
main(put, delete)
