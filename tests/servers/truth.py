#!/usr/bin/env python3
"""truth.py EXPECTED CHANGED: prints what is there after a change (records.py), a record a line.

EXPECTED has all records in their order, CHANGED those that were altered or added."""

import sys

from records import ADDED, ALTERED, GONE


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        lines = dict(enumerate(file.read().splitlines(), 1))
    with open(sys.argv[2], encoding="utf-8") as file:
        changed = file.read().splitlines()
    assert len(changed) == len(ALTERED) + len(ADDED), f"{len(changed)} records have changed"
    lines.update(zip(ALTERED + ADDED, changed))
    print("\n".join(line for n, line in lines.items() if n not in GONE))


main()
