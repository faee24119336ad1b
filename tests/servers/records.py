"""The odd records that every server is filled with, and a way to send them."""

import json
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


def send(method, url, value, **headers):
    """Sends a value as JSON and returns the answer's; ends the program for a status of 400 and above."""
    body = None if value is None else json.dumps(value).encode()
    headers = {"Content-Type": "application/json", **headers}
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
