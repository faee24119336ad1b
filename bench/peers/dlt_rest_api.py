"""dlt_rest_api.py BASE_URL PATH SCHEMA: the same with dlt's rest_api source, into SCHEMA.records."""

import os
import sys

import dlt
from dlt.sources.rest_api import rest_api_source

base_url, path, schema = sys.argv[1:]
TYPES = {"id": "bigint", "uuid": "text", "code": "text", "name": "text", "email": "text",
         "status": "text", "active": "bool", "quantity": "bigint", "price": "decimal",
         "ratio": "double", "created_at": "timestamp", "updated_at": "timestamp", "due_on": "date",
         "address": "json", "note": "text"}
source = rest_api_source({
    "client": {"base_url": base_url,
               "paginator": {"type": "page_number", "base_page": 1, "total_path": "pages"}},
    "resources": [{
        "name": "records",
        "endpoint": {"path": path, "data_selector": "data"},
        "write_disposition": "append",
        "columns": {name: {"data_type": kind} for name, kind in TYPES.items()},
    }],
})
# It wants a password, where the server does not ask for one.
server = "postgresql://{PGUSER}:none@{PGHOST}:{PGPORT}/{PGDATABASE}".format_map(os.environ)
pipeline = dlt.pipeline("bench", destination=dlt.destinations.postgres(server), dataset_name=schema)
pipeline.run(source)
