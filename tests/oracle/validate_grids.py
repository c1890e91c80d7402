#!/usr/bin/env python3
"""Validates every grid in experiments/ against experiments/grid.schema.json with the package jsonschema, and some
wrong ones, which it must refuse. Usage: validate_grids.py; exits with 1 where one is not as it should be."""
import glob
import json
import os
import sys

import jsonschema

experiments = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "experiments")
WRONG = [
    {"variants": {"a": {}}},
    {"base": {"epochs": 0}, "variants": {"a": {}}},
    {"base": {"epoch": 1}, "variants": {"a": {}}},
    {"base": {}, "variants": {}},
    {"base": {}, "variants": {"a": {"tasks": {"age": {"kind": "x"}}}}},
    {"base": {}, "variants": {"a": {"tasks": {"height": {}}}}},
    {"base": {}, "variants": {"a": {}}, "axes": {"/seed": []}},
    {"base": {}, "variants": {"a": {}}, "axes": {"/sed": [1]}},
    {"base": {}, "variants": {"a": {}}, "gates": {"files": "pass"}},
    {"base": {}, "variants": {"a": {}}, "report": {"columns": [{"task": "age"}]}},
]
schema = json.load(open(os.path.join(experiments, "grid.schema.json")))
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
failed = False
for path in sorted(glob.glob(os.path.join(experiments, "*.json"))):
    if path.endswith(".schema.json"):
        continue
    errors = list(validator.iter_errors(json.load(open(path))))
    failed |= bool(errors)
    print(os.path.basename(path), "valid" if not errors else [(list(e.absolute_path), e.message) for e in errors[:3]])
for grid in WRONG:
    refused = any(validator.iter_errors(grid))
    failed |= not refused
    print("refused" if refused else "TAKEN", json.dumps(grid))
sys.exit(failed)
