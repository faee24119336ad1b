import json
import sys

from records import after, main, records

folder, url = sys.argv[1:3]
IS_CHANGE = sys.argv[-1] == "change"


def feature(record):
    properties = {field: record[field] for field in record if field != "id"}
    point = {"type": "Point", "coordinates": [record["n"] / 8, -record["n"] / 4]}
    return {"type": "Feature", "id": record["id"], "geometry": point, "properties": properties}


def nothing(record):
    return record


def write(name, value):
    with open(f"{folder}/{name}", "w", encoding="utf-8") as file:
        json.dump(value, file)


features = [feature(one) for one in (after() if IS_CHANGE else records())]
write("odd.geojson", {"type": "FeatureCollection", "features": features})
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
if not IS_CHANGE:
    write("config.yml", config)  # JSON is YAML, too
main(nothing, nothing)
