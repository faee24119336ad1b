#!/usr/bin/env python3
"""document.py DOCUMENT MEASURED CATALOGUE: puts what was measured into docs/servers.md.

MEASURED is a folder with NAME.md, what measure.py printed, and NAME.row, the row of run.sh's table.
Between `<!-- measured -->` and `<!-- end -->` stand a table and a section for each server; one
that was not measured now keeps what it has."""

import pathlib
import re
import sys

HEAD = "| server | version | read | while records change | `discover` |\n|---|---|---|---|---|\n"


def read_old(text):
    rows = dict(re.findall(r"^(\| `([a-z0-9_]+)` .*)$", text, re.MULTILINE) and
                [(name, row) for row, name in
                 re.findall(r"^(\| `([a-z0-9_]+)` .*)$", text, re.MULTILINE)])
    sections = {}
    for piece in re.split(r"^### ", text, flags=re.MULTILINE)[1:]:
        sections[piece.split()[0].strip("`")] = "### " + piece.strip() + "\n"
    return rows, sections


def main():
    document, measured = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    before, rest = document.read_text(encoding="utf-8").split("<!-- measured -->\n")
    old, after = rest.split("<!-- end -->", 1)
    rows, sections = read_old(old)
    for file in measured.glob("*.row"):
        cells = file.read_text(encoding="utf-8").strip("\n").split("\t")
        rows[cells[0]] = "| `%s` | %s |" % (cells[0], " | ".join(cells[1:]))
        facts = file.with_suffix(".md")
        if facts.exists() and facts.stat().st_size:
            sections[cells[0]] = "### `%s` %s\n\n%s" % (cells[0], cells[1],
                                                        facts.read_text(encoding="utf-8"))
    table = HEAD + "\n".join(rows[name] for name in sorted(rows))
    text = table + "\n\n" + "\n".join(sections[name] for name in sorted(sections))
    document.write_text(f"{before}<!-- measured -->\n\n{text}\n<!-- end -->{after}",
                        encoding="utf-8")


main()
