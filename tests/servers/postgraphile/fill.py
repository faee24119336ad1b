"""The records into a table, by psql; bigint and numeric come as text, GraphQL's are small."""

import json
import subprocess
import sys

from records import main

COLUMNS = ["id", "n", "name", "note", "big", "amount", "grp", "flag"]
CREATE = """create table odd (id text primary key, n int, name text, note text, big bigint,
    amount numeric, grp int, flag boolean)"""
INSERT = """insert into odd select * from jsonb_populate_record(null::odd, %s)
    on conflict (id) do update set note = excluded.note, amount = excluded.amount"""

statements = []


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def put(record):
    odd = {field: record[field] for field in COLUMNS}
    statements.append(INSERT % quoted(json.dumps(odd)))
    return {**odd, "big": str(odd["big"]), "amount": str(odd["amount"])}


def delete(record):
    statements.append("delete from odd where id = " + quoted(record["id"]))


if sys.argv[-1] != "change":
    statements.append(CREATE)
main(put, delete)
subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", "odd"], check=True, text=True,
               input=";\n".join(statements), stdout=subprocess.DEVNULL)
