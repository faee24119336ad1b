#!/usr/bin/env python3
"""measure.py PAGING SERVER: asks a server how it pages, and prints what it answers, as Markdown.

PAGING is a server's paging.json:

    path      of the list, with the parameters it needs     method, body, headers  if not GET
    records   path of the records in the answer; "" for a bare list
    size      the parameter of the page size                 page, offset  the parameter of a place
    next      path of the link or cursor, "header:NAME", or "link" for rel=next of a Link header
    cursor    the parameter that a cursor goes back in, where `next` is one
    total     path, or "header:NAME"

A path is a.b.c; "links[rel=next].href" is the href of the link whose rel is next. `size`, `page`,
`offset` and `cursor` are parameters of the query, or "body:a.b". $NAME in a value is a variable
of the environment.
"""

import json
import os
import re
import sys
import urllib.error
import urllib.parse
import urllib.request

SIZES = ["0", "-1", "abc", "50", "100", "101", "500", "501", "1000", "1001", "10000", "100000"]
PAGES_MAX = 300


class Answer:
    def __init__(self, status, headers, text):
        self.status, self.headers, self.text = status, headers, text
        try:
            self.body = json.loads(text)
        except ValueError:
            self.body = None


class Server:
    def __init__(self, paging, base):
        self.paging, self.base = paging, base
        self.start = urllib.parse.urljoin(base, os.path.expandvars(paging["path"]))

    def ask(self, params=None, url=None):
        """The answer to the list with these parameters more, or to another URL."""
        url = urllib.parse.urljoin(self.start, url) if url else self.start
        body = json.loads(os.path.expandvars(json.dumps(self.paging.get("body"))))
        for name, value in (params or {}).items():
            if name.startswith("body:"):
                number = int(value) if re.fullmatch(r"-?\d+", str(value)) else value
                body = with_member(body, name[len("body:"):].split("."), number)
            else:
                url = with_param(url, name, value)
        headers = {"Accept": "application/json, */*",
                   **{name: os.path.expandvars(value)
                      for name, value in self.paging.get("headers", {}).items()}}
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        request = urllib.request.Request(
            url, None if body is None else json.dumps(body).encode(), headers,
            method=self.paging.get("method", "GET"))
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return Answer(answer.status, answer.headers, answer.read().decode())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read().decode())

    def records(self, answer):
        found = find(answer.body, self.paging.get("records", ""))
        if isinstance(found, dict):
            found = list(found.values())
        return found if isinstance(found, list) else None

    def next_of(self, answer):
        """What leads on, as the server writes it; None where nothing does."""
        where = self.paging.get("next")
        if not where:
            return None
        if where == "link":
            link = re.search(r'<([^>]*)>\s*;\s*rel="?next', answer.headers.get("Link") or "")
            return link and link.group(1)
        return look(answer, where)

    def follow(self, answer):
        after = self.next_of(answer)
        if after in (None, "", False):
            return None
        if "cursor" in self.paging:
            return self.ask({self.paging["cursor"]: after})
        return self.ask(url=after)


def with_member(body, steps, value):
    if not steps:
        return value
    return {**(body or {}), steps[0]: with_member((body or {}).get(steps[0]), steps[1:], value)}


def with_param(url, name, value):
    parts = urllib.parse.urlsplit(url)
    params = [pair for pair in urllib.parse.parse_qsl(parts.query, True) if pair[0] != name]
    text = value if isinstance(value, str) else json.dumps(value)
    return parts._replace(query=urllib.parse.urlencode([*params, (name, text)])).geturl()


def find(value, path):
    for step in re.findall(r"[^.\[\]]+=[^.\[\]]+|[^.\[\]]+", path):
        if "=" in step and isinstance(value, list):
            key, wanted = step.split("=")
            value = next((one for one in value if one.get(key) == wanted), None)
        elif isinstance(value, list) and re.fullmatch(r"-?\d+", step):
            value = value[int(step)] if value else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def look(answer, where):
    if where.startswith("header:"):
        return answer.headers.get(where[len("header:"):])
    return find(answer.body, where)


# --- words ----------------------------------------------------------------------------------

def hidden(text):
    return re.sub(r"http://127\.0\.0\.1:\d+", "http://HOST", text)


def shorten(value, length=90):
    text = hidden(json.dumps(value, ensure_ascii=False))
    return text if len(text) <= length else text[:length - 1] + "…"


def code(text):
    return f"`{text}`"


def outcome(server, answer):
    """"200, 100 records" or "400 {…}"."""
    records = server.records(answer)
    if answer.status < 400 and records is not None:
        return f"{answer.status}, {len(records)} records"
    what = answer.body if answer.body is not None else answer.text.strip()[:60]
    return f"{answer.status} {code(shorten(what, 70))}" if what else f"{answer.status}, no body"


def kind(value):
    names = {bool: "a boolean", int: "a number", float: "a number", str: "text", list: "a list",
             dict: "an object", type(None): "null"}
    return names[type(value)]


def grouped(pairs):
    """Values with the same outcome, in one piece: "0, -1: 200, 100 records"."""
    by_outcome = {}
    for value, said in pairs:
        by_outcome.setdefault(said, []).append(value)
    return "; ".join(f"{', '.join(code(value) for value in values)} → {said}"
                     for said, values in by_outcome.items())


# --- what is asked --------------------------------------------------------------------------

def first_page(server, first):
    records = server.records(first)
    yield f"without a parameter: {outcome(server, first)}"
    beside = {name: value for name, value in (first.body or {}).items()
              if value is not records and name != server.paging["records"].split(".")[0]} \
        if isinstance(first.body, dict) else None
    if beside:
        yield "beside the records: " + code(shorten(beside, 220))
    headers = [f"{name}: {hidden(value)[:120]}" for name, value in first.headers.items()
               if re.search(r"(?i)link|page|total|count|range|next|cursor|limit", name)
               and name.lower() not in ("content-length",)]
    if headers:
        yield "headers: " + ", ".join(code(header) for header in headers)


def sizes(server):
    name = server.paging.get("size")
    if name:
        yield f"{code(name)}: " + grouped((size, outcome(server, server.ask({name: size})))
                                          for size in SIZES)


def total(server, first):
    where = server.paging.get("total")
    if where:
        value = look(first, where)
        yield f"total: {code(where)}, {kind(value)}, {code(shorten(value))}"


def to_the_end(server, first):
    if not server.paging.get("next"):
        return
    after = server.next_of(first)
    yield f"next: {code(server.paging['next'])}, {code(shorten(after))}"
    answer, counts, end = first, [], None
    while answer is not None and answer.status < 400 and len(counts) < PAGES_MAX:
        counts.append(len(server.records(answer) or []))
        last, before, end = answer, end, server.next_of(answer)
        if end == before:  # it leads nowhere else
            break
        answer = server.follow(answer)
    is_there = re.sub(r"\[.*|\..*", "", server.paging["next"]) in (last.body or {}) \
        if isinstance(last.body, dict) else False
    how = "absent" if end is None and not is_there else code(shorten(end))
    yield f"followed: {len(counts)} pages, {sum(counts)} records, the last with {counts[-1]}; " \
          f"there it is {how}"


def past_the_end(server):
    for param, place in (("page", 1000), ("offset", 100000)):
        if param in server.paging:
            name = server.paging[param]
            answer = server.ask({name: place})
            after = server.next_of(answer)
            leads = f", next: {code(shorten(after))}" if after else ""
            yield f"past the end, {code(f'{name}={place}')}: {outcome(server, answer)}{leads}"
            yield f"{code(name)}: " + grouped(
                (value, outcome(server, server.ask({name: value}))) for value in ["0", "-1", "abc"])


def mistakes(server):
    yield f"unknown parameter {code('odd=1')}: {outcome(server, server.ask({'odd': '1'}))}"
    if "cursor" in server.paging:
        name = server.paging["cursor"]
        yield f"bad cursor {code(name + '=odd')}: {outcome(server, server.ask({name: 'odd'}))}"


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        server = Server(json.load(file), sys.argv[2])
    first = server.ask()
    for part in (first_page(server, first), sizes(server), total(server, first),
                 to_the_end(server, first), past_the_end(server), mistakes(server)):
        for line in part:
            print(f"- {line}")


main()
