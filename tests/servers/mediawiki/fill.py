import json
import sys
import urllib.parse
import urllib.request

from records import main

base = sys.argv[1] + "/api.php"


def post(**form):
    body = urllib.parse.urlencode({"format": "json", "token": "+\\", **form}).encode()
    with urllib.request.urlopen(base, body) as answer:
        said = json.load(answer)
    assert "error" not in said, said
    return said


def title_of(record):
    """Without what a title may not have: these characters, two blanks in a row."""
    title = f"R-{record['n']} {record['name']}".translate(str.maketrans("", "", "<>"))
    return " ".join(title.split())


def put(record):
    text = json.dumps({field: record[field] for field in ["n", "note", "big", "amount", "nested"]}, ensure_ascii=False)
    post(action="edit", title=title_of(record), text=text)
    return {"title": title_of(record), "ns": 0, "text": text}


def delete(record):
    post(action="delete", title=title_of(record))


if sys.argv[-1] != "change":
    post(action="delete", title="Main Page")
main(put, delete)
