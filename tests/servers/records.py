"""The odd records that every server is filled with, and a way to send them."""

import json
import sys
import urllib.error
import urllib.request

COUNT = 235
NAMES = ["zebra", "Zebra", "éclair", "eclair", "Ünal", "10", "9", "09", " lead", "trail ",
         "鍵", "🔑 key", "a,b;c", "it's", 'say "so"', "50%", "a&b=c+d", "<b>", "back\\slash"]
NOTES = [None, "", "line\nbreak\ttab", "ключ", "null", "true", "0012", "1e5", "-"]


def record(n):
    """Ids sort badly as text, names are odd, `grp` has ties, `big` is above 2^53."""
    return {
        "id": f"r-{n}",
        "n": n,
        "name": f"{NAMES[n % len(NAMES)]} {n // len(NAMES)}",
        "note": NOTES[n % len(NOTES)],
        "big": 9007199254740993 + 2 * n,
        "amount": 19.99 + n,
        "grp": n // 60,
        "flag": n % 3 == 0,
        "empty": None,
        "nested": {"list": [1, None, {"ü": ""}], "deep": {"big": 9007199254740995, "": n / 8}},
    }


def records():
    return [record(n) for n in range(1, COUNT + 1)]


def rounded(record):
    """As a server has it that reads every number as a double."""
    record["big"] = int(float(record["big"]))
    record["nested"]["deep"]["big"] = int(float(record["nested"]["deep"]["big"]))
    return record


def send(method, url, value, **headers):
    """Sends a value as JSON and returns the answer's; ends the program for a status of 400 and above."""
    body = None if value is None else json.dumps(value).encode()
    headers = {"Content-Type": "application/json", **headers} if body else headers
    request = urllib.request.Request(url, body, headers, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            text = answer.read()
    except urllib.error.HTTPError as error:
        raise SystemExit(f"{method} {url} {value}: {error}: {error.read().decode()}") from None
    return json.loads(text) if text else None


def show(record):
    """A line of what must arrive."""
    print(json.dumps(record, ensure_ascii=False))


def altered(n):
    return {**record(n), "note": "changed", "amount": 1019.99 + n}


# What a fill.py does with `change`: while a client pages, and before it reads again.
GONE, ALTERED, ADDED = [3, 60, 118, 233], [5, 120, 230], [236, 237]


def after():
    """The records when they have changed."""
    kept = [altered(n) if n in ALTERED else record(n)
            for n in range(1, COUNT + 1) if n not in GONE]
    return kept + [record(n) for n in ADDED]


def main(put, delete, update=None):
    """Fills a server and shows what must arrive; as its last word says `change`, changes it.

    `put` and `update` (`put`, if absent) write a record and return it as it must arrive."""
    if sys.argv[-1] != "change":
        for one in records():
            show(put(one))
        return
    for n in GONE:
        delete(record(n))
    for n in ALTERED:
        show((update or put)(altered(n)))
    for n in ADDED:
        show(put(record(n)))


def main_of_app(url, arrives=lambda one: one):
    """The same for a program that has the records in itself, and changes them at a POST."""
    def nothing(one):
        return arrives(one)
    if sys.argv[-1] == "change":
        send("POST", url, {})
    main(nothing, nothing)
