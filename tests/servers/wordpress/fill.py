import base64
import os
import sys

from records import main, send

base = sys.argv[1] + "/wp-json/wp/v2/posts"
secret = base64.b64encode(f"odd:{os.environ['WORDPRESS_PASSWORD']}".encode()).decode()
login = {"Authorization": "Basic " + secret}
META = ["n", "big", "amount", "flag", "note"]


def write(url, record):
    post = {"slug": record["id"], "title": record["name"].strip(), "status": "publish",
            "content": f"<p>{record['n']}</p>",
            "meta": {**{field: record[field] for field in META}, "amount": round(record["amount"], 2)}}
    send("POST", url, post, **login)
    return {"slug": post["slug"], "title": post["title"], **post["meta"], "note": record["note"] or ""}


def add(record):
    return write(base, record)


def url_of(record):
    return f"{base}/{send('GET', base + '?slug=' + record['id'], None, **login)[0]['id']}"


def update(record):
    return write(url_of(record), record)


def delete(record):
    send("DELETE", url_of(record) + "?force=true", None, **login)


main(add, delete, update)
