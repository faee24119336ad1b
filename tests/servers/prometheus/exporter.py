"""The records as series, one each, with their amount as value: exporter.py PORT. A POST changes them."""

import http.server
import sys

from records import after, records

ALL = records()
LABELS = ["id", "name", "note", "big", "grp"]


def quoted(value):
    text = "" if value is None else str(value)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def line(record):
    labels = ",".join(f"{name}={quoted(record[name])}" for name in LABELS)
    return f"odd{{{labels}}} {record['amount']!r}\n"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = "".join(line(one) for one in ALL).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        ALL[:] = after()
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
