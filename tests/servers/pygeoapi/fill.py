import json
import sys

from records import records, show

folder, url = sys.argv[1:]
features = []
for record in records():
    properties = {field: record[field] for field in record if field != "id"}
    point = {"type": "Point", "coordinates": [record["n"] / 8, -record["n"] / 4]}
    features.append({"type": "Feature", "id": record["id"], "geometry": point,
                     "properties": properties})
    show(record)
with open(f"{folder}/odd.geojson", "w", encoding="utf-8") as file:
    json.dump({"type": "FeatureCollection", "features": features}, file)

words = {"en": "odd"}
config = {
    "server": {"bind": {"host": "127.0.0.1", "port": 0}, "url": url, "mimetype": "application/json",
               "encoding": "utf-8", "languages": ["en-US"], "map": {"url": "", "attribution": ""},
               "limits": {"default_items": 20, "max_items": 50}},
    "logging": {"level": "ERROR"},
    "metadata": {
        "identification": {"title": words, "description": words, "keywords": {"en": ["odd"]},
                           "terms_of_service": "", "url": url},
        "license": {"name": "", "url": url}, "provider": {"name": "odd", "url": url},
        "contact": {"name": "odd", "email": "odd@example.org"}},
    "resources": {"odd": {
        "type": "collection", "title": words, "description": words, "keywords": {"en": ["odd"]},
        "extents": {"spatial": {"bbox": [-180, -90, 180, 90]}},
        "providers": [{"type": "feature", "name": "GeoJSON", "data": f"{folder}/odd.geojson",
                       "id_field": "id"}]}}}
with open(f"{folder}/config.yml", "w", encoding="utf-8") as file:
    json.dump(config, file)  # JSON is YAML, too
