#!/usr/bin/env python3
"""lost.py KEY BEFORE AFTER ROWS: prints how many records that were there all the time have no row,
and how many have more than one.

They are in BEFORE and in AFTER, a change between, and told apart by KEY alone."""

import json
import sys


def keys(path, key):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line)[key] for line in file if line.strip()]


def main():
    key, *paths = sys.argv[1:]
    before, after, rows = (keys(path, key) for path in paths)
    print(len((set(before) & set(after)) - set(rows)), len(rows) - len(set(rows)))


main()
