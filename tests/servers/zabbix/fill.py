import subprocess
import sys

from records import main

# The API writes no events: they are rows that the server's own processes write.


def run(sql):
    subprocess.run(["psql", "-X", "-q", "-d", "zabbix", "-v", "ON_ERROR_STOP=1"], input=sql.encode(), check=True)


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def put(record):
    event = {"name": f"{record['n']} {record['name']}", "clock": 1700000000 + record["n"] // 10,
             "ns": record["n"], "severity": record["n"] % 6, "acknowledged": int(record["note"] == "changed")}
    names, values = zip(*event.items())
    run(f"""insert into events (eventid, source, object, objectid, value, {', '.join(names)})
            values ({record['big']}, 0, 0, 1, 1, {', '.join(quoted(str(value)) for value in values)})
            on conflict (eventid) do update set acknowledged = excluded.acknowledged""")
    return event


def delete(record):
    run(f"delete from events where eventid = {record['big']}")


main(put, delete)
