"""`python -m local policy [FIELD=VALUE …]`: show or change the policy of a stack that is up.

It writes the item that the functions read (`restore.policies`), as an administrator's act will. Values are JSON:
`waiting_hours=1 email_domains='["example.com"]'`; a field set to `default` goes back to the template's parameter.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

import boto3

from local.places import ROOT
from local.whereabouts import add_folder_option

sys.path.insert(0, str(ROOT / "layers" / "core"))

from restore.keys import policy_key
from restore.policy import Policy
from restore.store import pack, unpack


def main(arguments: Sequence[str]) -> int:
    """Run the command; its exit status."""
    parser = argparse.ArgumentParser(prog="python -m local policy", description="Show or change a stack's policy.")
    parser.add_argument("changes", nargs="*", metavar="FIELD=VALUE", help="JSON, or `default`")
    add_folder_option(parser, "where its stack.json is")
    options = parser.parse_args(arguments)
    try:
        stack = json.loads((options.folder / "stack.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        print(f"No stack is up in {options.folder}: start `make serve` first.", file=sys.stderr)
        return 1
    try:
        fields = changed(stack, dict(one.split("=", 1) for one in options.changes))
    except ValueError as error:
        print(f"Nothing was changed: {error}.", file=sys.stderr)
        return 2
    print(json.dumps(fields, indent=2) if fields else "Nothing is set; the template's parameters are in force.")
    return 0


def changed(stack: dict[str, str], changes: dict[str, str]) -> dict[str, Any]:
    """Change stored fields of a stack's policy, given as JSON texts; what is stored then.

    `stack` is what stack.json holds. ValueError names a field and what is wrong with it.
    """
    table = boto3.client(
        "dynamodb",
        endpoint_url=stack["aws_endpoint"],
        region_name=stack["region"],
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - what the local AWS takes
    )
    key = pack(dict(policy_key()))
    item = unpack(table.get_item(TableName=stack["table"], Key=key, ConsistentRead=True).get("Item", {}))
    fields: dict[str, Any] = item.get("fields", {})
    for name, text in changes.items():
        if text == "default":
            fields.pop(name, None)
        else:
            fields[name] = json.loads(text)
    Policy().changed(fields)
    if changes:
        stored = {**policy_key(), "form": 1, "ver": item.get("ver", 0) + 1, "fields": fields}
        table.put_item(TableName=stack["table"], Item=pack(stored))
    return fields


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
