#!/usr/bin/env python3
"""compare.py KEY OWN EXPECTED ROWS [BEFORE]: prints how the rows of a table differ from the records.

KEY is the field that tells records apart, OWN the columns that may be there besides (words).
Both files have one JSON object a line. Numbers are compared as decimals, times as instants, and
a field that is null may have no column. Nothing is printed where all is as expected; rows that
are missing, but right otherwise, are "N of M records". A row of a record that stands in BEFORE alone,
which is gone from the server, may have been kept.
"""

import datetime
import decimal
import json
import sys


PAGETIDES = {"_pt_run", "_pt_at", "_pt_hash"}


def read(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line, parse_float=decimal.Decimal, parse_int=decimal.Decimal)
                for line in file if line.strip()]


def instant(text):
    try:
        time = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return text
    return time.astimezone(datetime.timezone.utc) if time.tzinfo else text


def is_same(wanted, got):
    if isinstance(wanted, str) and isinstance(got, str):
        return wanted == got or instant(wanted) == instant(got)
    return type(wanted) is type(got) and wanted == got


def differences(key, own, expected, rows, before):
    wanted = {record[key]: record for record in expected}
    seen = set()
    kept = {record[key] for record in before} - set(wanted)
    for row in rows:
        if row[key] in kept:
            continue
        record = wanted.get(row[key])
        if record is None or row[key] in seen:
            yield f"{row[key]!r} differs: {'it came twice' if record else 'no such record'}"
            continue
        seen.add(row[key])
        for field in {*record, *row} - own - PAGETIDES:
            if not is_same(record.get(field), row.get(field)):
                yield f"{row[key]!r} differs: {field} is {row.get(field)!r}, " \
                      f"not {record.get(field)!r}"
    if len(seen) < len(wanted):
        yield f"{len(seen)} of {len(wanted)} records"


def main():
    key, own, expected, rows, *before = sys.argv[1:]
    found = list(differences(key, set(own.split()), read(expected), read(rows),
                             read(before[0]) if before else []))
    print("; ".join(found[:3]), end="")


main()
