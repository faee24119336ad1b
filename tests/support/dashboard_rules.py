"""Rules with the queries of a Grafana dashboard, for promtool to read: dashboard_rules.py FILE

Prints a rules file. What Grafana fills in is filled in here.
"""
import json
import sys


def fill(query):
    return query.replace("$__rate_interval", "5m").replace("$source", ".*")


def main(path):
    with open(path, encoding="utf-8") as file:
        panels = json.load(file)["panels"]
    queries = [fill(target["expr"]) for panel in panels for target in panel["targets"]]
    rules = [{"record": f"panel:query_{i}:value", "expr": query}
             for i, query in enumerate(queries)]
    json.dump({"groups": [{"name": "dashboard", "rules": rules}]}, sys.stdout)


main(sys.argv[1])
