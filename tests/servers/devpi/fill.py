import base64
import sys
import urllib.parse
import urllib.request

from records import main, send

base = sys.argv[1]
index = base + "/root/odd"
login = send("POST", base + "/+login", {"user": "root", "password": "odd"})
token = base64.b64encode(("root:" + login["result"]["password"]).encode()).decode()
auth = {"X-Devpi-Auth": token}


def put(record):
    """A version of the project `odd`; what is sent again takes the place of what was there."""
    odd = {"name": "odd", "version": f"1.{record['n']}", "summary": record["name"].strip(),
           "keywords": record["note"] or "", "author": str(record["big"])}
    body = urllib.parse.urlencode({":action": "submit", **odd}).encode()
    urllib.request.urlopen(urllib.request.Request(index + "/", body, auth)).read()
    return odd


def delete(record):
    send("DELETE", f"{index}/odd/1.{record['n']}", None, Accept="application/json", **auth)


if sys.argv[-1] != "change":
    send("PUT", index, {"bases": [], "volatile": True, "acl_upload": ["root"]}, **auth)
main(put, delete)
