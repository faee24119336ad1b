import json
import sys

from records import records, show

items = []
for record in records():
    properties = {field: record[field] for field in ["name", "note", "big", "amount", "nested"]}
    properties["datetime"] = "2024-02-29T12:00:00Z"
    point = {"type": "Point", "coordinates": [0.5, record["n"] / 8]}
    items.append({"type": "Feature", "stac_version": "1.0.0", "id": record["id"], "geometry": point,
                  "bbox": point["coordinates"] * 2, "properties": properties, "links": [],
                  "assets": {}, "collection": "odd"})
    show({"id": record["id"], **properties})
with open(sys.argv[1] + "/odd.json", "w", encoding="utf-8") as file:
    json.dump({"type": "FeatureCollection", "features": items}, file)
