import json
import sqlite3
import sys

from records import main

database = sqlite3.connect(sys.argv[1])


def put(record):
    record["flag"] = int(record["flag"])
    record["nested"] = json.dumps(record["nested"])
    database.execute("INSERT OR REPLACE INTO records VALUES (%s)" % ", ".join("?" * len(record)),
                     list(record.values()))
    return record


def delete(record):
    database.execute("DELETE FROM records WHERE id = ?", [record["id"]])


database.execute("CREATE TABLE IF NOT EXISTS records (id TEXT PRIMARY KEY, n INTEGER, name TEXT,"
                 " note TEXT, big INTEGER, amount REAL, grp INTEGER, flag INTEGER, empty TEXT,"
                 " nested TEXT)")
main(put, delete)
database.commit()
