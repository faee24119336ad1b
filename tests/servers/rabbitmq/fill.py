import base64
import sys
import urllib.parse

from records import records, send, show

base = sys.argv[1] + "/api/queues/%2F/"
guest = "Basic " + base64.b64encode(b"guest:guest").decode()
for record in records():
    odd = {"x-" + key: record[key] for key in ["big", "amount", "flag", "nested"]}
    odd["x-nested"] = {"list": [1, {"ü": ""}], "deep": 9007199254740995}  # the server takes no null
    name = record["name"]
    send("PUT", base + urllib.parse.quote(name, safe=""), {"durable": True, "arguments": odd},
         Authorization=guest)
    show({"name": name, "arguments": odd})
