"""requests_copy.py URL TABLE: every page of the API into the table, as one writes it by hand: requests and
psycopg's COPY, one transaction."""

import sys
from decimal import Decimal

import psycopg
import requests
from psycopg.types.json import Jsonb

FIELDS = ["id", "uuid", "code", "name", "email", "status", "active", "quantity", "price", "ratio",
          "created_at", "updated_at", "due_on", "address", "note"]

url, table = sys.argv[1:]
with requests.Session() as session, psycopg.connect() as conn:
    with conn.cursor().copy(f"copy {table} ({', '.join(FIELDS)}) from stdin") as copy:
        page, pages = 1, 1
        while page <= pages:
            answer = session.get(url, params={"page": page}, timeout=60)
            answer.raise_for_status()
            body = answer.json(parse_float=Decimal)
            for record in body["data"]:
                record["address"] = Jsonb(record["address"])
                copy.write_row([record[field] for field in FIELDS])
            page, pages = page + 1, body["pages"]
