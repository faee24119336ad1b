import json
import sqlite3
import sys

from records import records, show

database = sqlite3.connect(sys.argv[1])
database.execute("CREATE TABLE records (id TEXT PRIMARY KEY, n INTEGER, name TEXT, note TEXT,"
                 " big INTEGER, amount REAL, grp INTEGER, flag INTEGER, empty TEXT, nested TEXT)")
for record in records():
    record["flag"] = int(record["flag"])
    record["nested"] = json.dumps(record["nested"])
    database.execute("INSERT INTO records VALUES (%s)" % ", ".join("?" * len(record)),
                     list(record.values()))
    show(record)
database.commit()
