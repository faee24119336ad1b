"""The records as Dublin Core, 50 a batch, by pyoai's BatchingServer."""

import cgi
import datetime
import http.server
import sys
import urllib.parse

# Python has it elsewhere since 3.8, and the server still asks for it here.
cgi.parse_qs = urllib.parse.parse_qs

from oaipmh import common, metadata, server  # noqa: E402
from records import after, records  # noqa: E402

ALL = records()
STAMP = datetime.datetime(2026, 1, 1)


class Repository:
    def identify(self):
        return common.Identify("odd", BASE, "2.0", ["odd@example.org"], STAMP, "no",
                               "YYYY-MM-DDThh:mm:ssZ", [])

    def listMetadataFormats(self, identifier=None):
        return [("oai_dc", "http://www.openarchives.org/OAI/2.0/oai_dc.xsd",
                 "http://www.openarchives.org/OAI/2.0/oai_dc/")]

    def listRecords(self, metadataPrefix, set=None, from_=None, until=None, cursor=0, batch_size=10):
        return [(header_of(one), metadata_of(one), None) for one in ALL[cursor:cursor + batch_size]]

    def listIdentifiers(self, metadataPrefix, set=None, from_=None, until=None, cursor=0, batch_size=10):
        return [header_of(one) for one in ALL[cursor:cursor + batch_size]]


def header_of(one):
    return common.Header(None, "oai:odd:" + one["id"], STAMP + datetime.timedelta(seconds=one["n"]), [], False)


def metadata_of(one):
    return common.Metadata(None, {"title": [one["name"]], "description": [one["note"] or ""],
                                  "identifier": [str(one["big"])]})


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        query = urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query)
        body = oai.handleRequest(dict(query))
        self.send_response(200)
        self.send_header("Content-Type", "text/xml; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        ALL[:] = after()
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args):
        pass


port = int(sys.argv[1])
BASE = f"http://127.0.0.1:{port}/oai"
registry = metadata.MetadataRegistry()
registry.registerWriter("oai_dc", server.oai_dc_writer)
oai = server.BatchingServer(Repository(), metadata_registry=registry, resumption_batch_size=50)
http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
