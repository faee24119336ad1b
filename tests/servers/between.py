#!/usr/bin/env python3
"""between.py PORT SERVER COUNT COMMAND…: hands requests on to a server, and changes it meanwhile.

Between the server's COUNT-th answer and its arrival the command runs, once: whoever pages
through PORT has read the pages before in the old state, and reads those that follow in the new.
The Host of a request stays, so links that are made from it lead here too.
"""

import http.client
import http.server
import subprocess
import sys
import threading
import urllib.parse

PORT, SERVER, COUNT, *COMMAND = sys.argv[1:]
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}
answered = 0
lock = threading.Lock()


def count_answer():
    global answered
    with lock:
        answered += 1
        if answered == int(COUNT):
            subprocess.run(COMMAND, check=True, stdin=subprocess.DEVNULL)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def hand_on(self):
        length = int(self.headers.get("Content-Length") or 0)
        headers = {name: value for name, value in self.headers.items()
                   if name.lower() not in HOP_BY_HOP}
        where = urllib.parse.urlsplit(SERVER)
        connect = http.client.HTTPSConnection if where.scheme == "https" else http.client.HTTPConnection
        server = connect(where.netloc)
        server.request(self.command, self.path, self.rfile.read(length) or None, headers)
        answer = server.getresponse()
        body = answer.read()
        count_answer()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP | {"date", "server"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        server.close()

    do_GET = do_POST = do_HEAD = hand_on

    def log_message(self, *args):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(PORT)), Handler).serve_forever()
