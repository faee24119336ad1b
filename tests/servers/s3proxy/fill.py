import datetime
import hashlib
import hmac
import os
import sys
import urllib.parse
import urllib.request

from records import main

base = sys.argv[1] + "/odd"
SCOPE = "us-east-1/s3/aws4_request"


def digest(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def sign(method, url, body):
    """The headers of a request without a query, by Signature Version 4."""
    parts = urllib.parse.urlsplit(url)
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    headers = {"host": parts.netloc, "x-amz-content-sha256": hashlib.sha256(body).hexdigest(),
               "x-amz-date": now}
    names = ";".join(headers)
    lines = [method, parts.path, "", *(f"{name}:{value}" for name, value in headers.items()), "",
             names, headers["x-amz-content-sha256"]]
    text = "\n".join(["AWS4-HMAC-SHA256", now, f"{now[:8]}/{SCOPE}",
                      hashlib.sha256("\n".join(lines).encode()).hexdigest()])
    key = ("AWS4" + os.environ["S3_SECRET"]).encode()
    for piece in [now[:8], *SCOPE.split("/")]:
        key = digest(key, piece)
    return {**headers, "Authorization": f"AWS4-HMAC-SHA256 Credential=odd/{now[:8]}/{SCOPE}, "
            f"SignedHeaders={names}, Signature={digest(key, text).hex()}"}


def ask(method, url, body=b""):
    request = urllib.request.Request(url, body or None, sign(method, url, body), method=method)
    urllib.request.urlopen(request).read()


def url_of(record):
    return base + "/" + urllib.parse.quote(record["name"], safe="")


def put(record):
    body = b"" if record["note"] is None else record["note"].encode()
    ask("PUT", url_of(record), body)
    return {"key": record["name"], "size": len(body), "etag": f'"{hashlib.md5(body).hexdigest()}"'}


def delete(record):
    ask("DELETE", url_of(record))


if sys.argv[-1] != "change":
    ask("PUT", base)
main(put, delete)
