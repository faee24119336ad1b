"""dlt_load.py SERVER ENDPOINT SCHEMA [auto]: a server's records with dlt's rest_api source.

ENDPOINT is the server's dlt.json; `auto` leaves its paginator out, so that dlt finds one out."""

import json
import os
import sys

import dlt
from dlt.sources.rest_api import rest_api_source

base_url, path, schema, *auto = sys.argv[1:]
with open(path, encoding="utf-8") as file:
    endpoint = json.load(file)
if auto:
    del endpoint["paginator"]
source = rest_api_source({"client": {"base_url": base_url},
                          "resources": [{"name": "records", "endpoint": endpoint}]})
# It wants a password, where the server does not ask for one.
server = "postgresql://{PGUSER}:none@{PGHOST}:{PGPORT}/{PGDATABASE}".format_map(os.environ)
pipeline = dlt.pipeline(schema, destination=dlt.destinations.postgres(server), dataset_name=schema)
pipeline.run(source)
