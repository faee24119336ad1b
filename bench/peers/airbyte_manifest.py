"""airbyte_manifest.py BASE_URL PATH SCHEMA: the same by a low-code manifest, as PyAirbyte runs it."""

import os
import sys

import airbyte
from airbyte.caches import PostgresCache

base_url, path, schema = sys.argv[1:]
TYPES = {"id": "integer", "active": "boolean", "quantity": "integer", "price": "number",
         "ratio": "number", "address": "object"}
TEXTS = ["uuid", "code", "name", "email", "status", "created_at", "updated_at", "due_on", "note"]
properties = {name: {"type": ["null", kind]} for name, kind in TYPES.items()}
properties |= {name: {"type": ["null", "string"]} for name in TEXTS}
manifest = {
    "version": "6.0.0",
    "type": "DeclarativeSource",
    "check": {"type": "CheckStream", "stream_names": ["records"]},
    "streams": [{
        "type": "DeclarativeStream",
        "name": "records",
        "schema_loader": {"type": "InlineSchemaLoader", "schema": {"type": "object", "properties": properties}},
        "retriever": {
            "type": "SimpleRetriever",
            "requester": {"type": "HttpRequester", "url_base": base_url, "path": "/" + path},
            "record_selector": {"type": "RecordSelector",
                                "extractor": {"type": "DpathExtractor", "field_path": ["data"]}},
            "paginator": {
                "type": "DefaultPaginator",
                "page_token_option": {"type": "RequestOption", "inject_into": "request_parameter",
                                      "field_name": "page"},
                "pagination_strategy": {"type": "CursorPagination", "cursor_value": "{{ response.next }}",
                                        "stop_condition": "{{ not response.next }}"},
            },
        },
    }],
    "spec": {"type": "Spec", "connection_specification": {"type": "object", "properties": {}}},
}
# It wants a password, where the server does not ask for one.
cache = PostgresCache(host=os.environ["PGHOST"], port=int(os.environ["PGPORT"]), username=os.environ["PGUSER"],
                      password="none", database=os.environ["PGDATABASE"], schema_name=schema)
source = airbyte.get_source("source-records", config={}, source_manifest=manifest)
source.select_all_streams()
source.read(cache=cache, write_strategy="append")
