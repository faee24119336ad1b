#!/usr/bin/env bash
# Airbyte CDK 7.39.1 (PyPI), a low-code connector run whole.
#
# Setting: an API pages by the last id and says `has_more`. The connector has CursorPagination
# with `cursor_value: "{{ last_record['id'] }}"`, a stop condition on `has_more`, and a filter
# that keeps one kind of record. 50 records, ten a page; page 2 has none of that kind.
#
# A good guess: the filter has no say in paging. 40 records come, from five pages. The number of
# records of a page is taken before the filter, too.
#
# Seen: `last_record` is the last one that the filter has kept. Page 2 has none, the cursor is
# nothing, and that is the end, though the answer says has_more: 10 of 40 records, and the stream
# is COMPLETE.
#
# Take a cursor from the answer ({{ response.data[-1].id }}), not from what is left of it.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check airbyte-cdk==7.39.1
cat >"$dir/filter.py" <<'END'
import http.server
import importlib.metadata
import json
import logging
import threading
import urllib.parse

from airbyte_cdk.models import ConfiguredAirbyteCatalogSerializer
from airbyte_cdk.sources.declarative import concurrent_declarative_source as declarative


class Api(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        after = int(query.get("after", 0))
        data = [{"id": i, "kind": "b" if 10 < i <= 20 else "a"} for i in range(after + 1, after + 11)]
        body = json.dumps({"data": data, "has_more": after < 40}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        asked.append(after)

    def log_message(self, *words):
        pass


def manifest(cursor):
    return {
        "version": "6.0.0", "type": "DeclarativeSource",
        "check": {"type": "CheckStream", "stream_names": ["items"]},
        "spec": {"type": "Spec", "connection_specification": {"type": "object", "properties": {}}},
        "streams": [{
            "type": "DeclarativeStream", "name": "items", "primary_key": "id",
            "schema_loader": {"type": "InlineSchemaLoader", "schema": {"type": "object"}},
            "retriever": {
                "type": "SimpleRetriever",
                "requester": {"type": "HttpRequester", "path": "/items", "url_base": url},
                "record_selector": {
                    "type": "RecordSelector",
                    "extractor": {"type": "DpathExtractor", "field_path": ["data"]},
                    "record_filter": {"type": "RecordFilter", "condition": "{{ record.kind == 'a' }}"},
                },
                "paginator": {
                    "type": "DefaultPaginator",
                    "page_token_option": {"type": "RequestOption", "field_name": "after",
                                          "inject_into": "request_parameter"},
                    "pagination_strategy": {
                        "type": "CursorPagination", "cursor_value": cursor,
                        "stop_condition": "{{ not response.has_more }}"},
                },
            },
        }],
    }


def sync(cursor):
    asked.clear()
    catalog = ConfiguredAirbyteCatalogSerializer.load({"streams": [{
        "stream": {"name": "items", "json_schema": {}, "supported_sync_modes": ["full_refresh"]},
        "sync_mode": "full_refresh", "destination_sync_mode": "append"}]})
    source = declarative.ConcurrentDeclarativeSource(
        catalog=catalog, config={}, state=[], source_config=manifest(cursor))
    messages = list(source.read(logging.getLogger(), {}, catalog, []))
    records = sum(message.record is not None for message in messages)
    status = [m.trace.stream_status.status.value for m in messages if m.trace][-1]
    print(f"{cursor}: {records} records, asked after {asked}, {status}")


asked = []
logging.disable()
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}"
print("airbyte-cdk", importlib.metadata.version("airbyte-cdk"))
sync("{{ last_record['id'] }}")
sync("{{ response.data[-1].id }}")
END
"$dir/venv/bin/python" "$dir/filter.py" 2>/dev/null | tee "$dir/seen"
diff "$dir/seen" - <<'END'
airbyte-cdk 7.39.1
{{ last_record['id'] }}: 10 records, asked after [0, 10], COMPLETE
{{ response.data[-1].id }}: 40 records, asked after [0, 10, 20, 30, 40], COMPLETE
END
echo "as seen"
