"""Validates source definitions by the JSON Schema on stdin: check_schema.py FILE...

Prints one line for each problem; exits 1 where there was one, 77 where jsonschema or yaml is
not installed.
"""

import json
import sys

try:
    import jsonschema
    import yaml
except ImportError:
    sys.exit(77)


def main():
    schema = json.load(sys.stdin)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    bad = False
    for name in sys.argv[1:]:
        with open(name, encoding="utf-8") as file:
            for error in validator.iter_errors(yaml.safe_load(file)):
                bad = True
                print(f"{name}: {list(error.absolute_path)}: {error.message[:300]}")
    sys.exit(1 if bad else 0)


main()
