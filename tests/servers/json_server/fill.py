import json
import sys

from records import records, show

odd = records()
with open(sys.argv[1], "w", encoding="utf-8") as file:
    json.dump({"records": odd}, file)
for record in odd:
    # The server reads every number as a double.
    record["big"] = int(float(record["big"]))
    record["nested"]["deep"]["big"] = int(float(record["nested"]["deep"]["big"]))
    show(record)
