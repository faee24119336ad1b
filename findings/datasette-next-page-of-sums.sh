#!/usr/bin/env bash
# Datasette 0.65.5 (PyPI), with the SQLite of Python.
#
# Setting: a table of sums, made by `create table totals as select customer, sum(amount) as total …`: 235 customers. Its
# JSON is read in order of the sum, by `next_url`, 50 a page. `filtered_table_rows_count` is 235.
#
# A good guess: 235 customers in five pages, up and down; equal sums are told apart by the row's number.
#
# Seen: upwards the first page is followed by an empty one, and a proper end: 50 of 235. Downwards page 1 comes for ever. A sum
# has no type in such a table, and the place of the next page comes back as text: to SQLite each number without a type is
# less than any text. In order of a column with a type, and of the same sums in a view, all come.
#
# The count says that rows are missing. A client compares it, and knows a page that it has had.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check datasette==0.65.5
cat >"$dir/walk.py" <<'END'
import asyncio
import sqlite3
import sys

import datasette
import datasette.app

shop = sqlite3.connect(sys.argv[1])
shop.execute("create table orders (id integer primary key, customer integer, amount integer)")
shop.executemany("insert into orders values (?, ?, ?)", ((i, i % 235, i * 7 % 100) for i in range(1000)))
sums = "select customer, sum(amount) as total from orders group by customer"
shop.execute("create table totals as " + sums)
shop.execute("create view totals_view as " + sums)
shop.commit()
print("datasette", datasette.__version__)
print(shop.execute("select sql from sqlite_master where name = 'totals'").fetchone()[0])


async def main():
    server = datasette.app.Datasette([sys.argv[1]])
    for path in ("totals.json?_sort=customer", "totals.json?_sort=total", "totals.json?_sort_desc=total",
                 "totals_view.json?_sort=total"):
        url, seen = f"/shop/{path}&_size=50&_shape=objects", []
        pages = 0
        while url and pages < 10:
            page = (await server.client.get(url)).json()
            seen += [row["customer"] for row in page["rows"]]
            pages += 1
            url = (page.get("next_url") or "").removeprefix("http://localhost")
        print(f"{path}: {pages} pages, {len(seen)} rows, {len(set(seen))} of",
              page["filtered_table_rows_count"], "customers,", "and more" if url else "the end")


asyncio.run(main())
END
"$dir/venv/bin/python" "$dir/walk.py" "$dir/shop.db" 2>"$dir/log" | tee "$dir/seen"
diff "$dir/seen" - <<'END'
datasette 0.65.5
CREATE TABLE totals(customer INT,total)
totals.json?_sort=customer: 5 pages, 235 rows, 235 of 235 customers, the end
totals.json?_sort=total: 2 pages, 50 rows, 50 of 235 customers, the end
totals.json?_sort_desc=total: 10 pages, 500 rows, 50 of 235 customers, and more
totals_view.json?_sort=total: 5 pages, 235 rows, 235 of 235 customers, the end
END
echo "as seen"
