"""Cut the bundled AWS SDK down to what the template lets its functions do, before it is compiled.

The whole SDK describes over 400 services in 30 MB, and a cold start reads the descriptions of those it uses in full.
Kept here, for each service whose actions the template grants: its newest API, the operations granted, the shapes these
reach, its endpoint rules untouched, and in the table of endpoints every partition and region, so that an address and a
signing scope come out as with the whole SDK. Paginators, waiters and examples go.

Run as `trim.py FOLDER TEMPLATE`: FOLDER holds the installed packages, TEMPLATE is read as text. Standard library only:
whatever builds the layer has no other package. Where there is no TEMPLATE (a build in a container sees the layer's
folder only), everything is kept: a slower start, never a missing client.
"""

import gzip
import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

Json = dict[str, Any]

# Where a service is called otherwise in IAM than in the SDK.
SERVICE_OF_PREFIX = {"ses": "sesv2"}

# Actions that allow an operation of another name. A transaction has no action: it needs those of its parts.
OPERATIONS_OF_ACTION = {
    "dynamodb:ConditionCheckItem": {"TransactWriteItems"},
    "dynamodb:DeleteItem": {"DeleteItem", "TransactWriteItems"},
    "dynamodb:GetItem": {"GetItem", "TransactGetItems"},
    "dynamodb:PutItem": {"PutItem", "TransactWriteItems"},
    "dynamodb:UpdateItem": {"UpdateItem", "TransactWriteItems"},
    "ses:SendRawEmail": {"SendEmail"},
}

# An action as policies write it. `AWS::Service::Type` and `arn:aws:…` do not fit; a condition key such as
# `kms:ViaService` does, but is no operation.
ACTION = re.compile(r"(?<![\w:-])([a-z][a-z0-9-]*):([A-Z][A-Za-z0-9]+)\b")


def operations_in_use(template: str) -> dict[str, set[str]]:
    """Name the operations that a template's text grants, by the SDK's name of the service."""
    used: dict[str, set[str]] = {}
    for prefix, action in ACTION.findall(template):
        names = OPERATIONS_OF_ACTION.get(f"{prefix}:{action}", {action})
        used.setdefault(SERVICE_OF_PREFIX.get(prefix, prefix), set()).update(names)
    return used


def read(path: Path) -> Json:
    """Read a description, packed or not."""
    packed = path.with_name(path.name + ".gz")
    text = gzip.decompress(packed.read_bytes()) if packed.exists() else path.read_bytes()
    described: Json = json.loads(text)
    return described


def write(path: Path, described: Json) -> None:
    """Write a description unpacked: the layer travels zipped, and reading it then costs a start-up nothing more."""
    path.write_text(json.dumps(described, separators=(",", ":"), ensure_ascii=False), encoding="utf-8")
    path.with_name(path.name + ".gz").unlink(missing_ok=True)


def trim_service(model: Json, wanted: set[str]) -> set[str]:
    """Leave in a service's model the wanted operations and what they reach; answer the names found."""
    operations: Json = {
        name: operation
        for name, operation in model["operations"].items()
        # How the SDK would look up a service's addresses, where a service asks for that.
        if name in wanted or operation.get("endpointoperation")
    }
    model["operations"] = operations
    model.pop("documentation", None)
    shapes: Json = {}
    ahead = []
    for operation in operations.values():
        operation.pop("documentation", None)
        ahead += [operation[part] for part in ("input", "output") if part in operation] + operation.get("errors", [])
    while ahead:
        reference = ahead.pop()
        reference.pop("documentation", None)
        name = reference["shape"]
        if name in shapes:
            continue
        shape = shapes[name] = model["shapes"][name]
        shape.pop("documentation", None)
        ahead += shape.get("members", {}).values()
        ahead += [shape[part] for part in ("member", "key", "value") if part in shape]
    model["shapes"] = {name: shapes[name] for name in sorted(shapes)}
    return wanted & set(operations)


def trim_folder(folder: Path, wanted: set[str] | None) -> Json:
    """Trim the folder of a service, if it has any of the wanted operations, else remove it.

    Answers what was found of them as `operations`, and as `prefix` the service's name in the table of endpoints.
    """
    newest = max(folder.iterdir(), key=lambda version: version.name)
    model = read(newest / "service-2.json") if wanted else {}
    found = trim_service(model, wanted) if wanted else set()
    if not found:
        shutil.rmtree(folder)
        return {}
    rules = read(newest / "endpoint-rule-set-1.json")
    extras = newest / "service-2.sdk-extras.json"
    kept = {"service-2.json": model, "endpoint-rule-set-1.json": rules}
    if extras.exists():
        kept[extras.name] = read(extras)
    shutil.rmtree(folder)
    newest.mkdir(parents=True)
    for name, described in kept.items():
        write(newest / name, described)
    return {"operations": found, "prefix": model["metadata"]["endpointPrefix"]}


def trim(packages: Path, template: str) -> dict[str, set[str]]:
    """Trim botocore and boto3 below `packages`; answer the operations kept, by service."""
    data = packages / "botocore" / "data"
    used = operations_in_use(template)
    kept = {
        folder.name: trimmed
        for folder in sorted(data.iterdir())
        if folder.is_dir() and (trimmed := trim_folder(folder, used.get(folder.name)))
    }
    prefixes = {trimmed["prefix"] for trimmed in kept.values()}
    endpoints = read(data / "endpoints.json")
    for partition in endpoints["partitions"]:
        partition["services"] = {name: entry for name, entry in partition["services"].items() if name in prefixes}
    write(data / "endpoints.json", endpoints)
    for folder in (packages / "boto3" / "data").iterdir():
        if folder.name not in kept:
            shutil.rmtree(folder)
    return {service: trimmed["operations"] for service, trimmed in kept.items()}


def main() -> None:
    """Trim the packages of a folder for a template, and say what stayed."""
    packages, template = map(Path, sys.argv[1:])
    # Neither is ever imported: documentation's examples, and what an installer notes for itself.
    shutil.rmtree(packages / "boto3" / "examples")
    shutil.rmtree(packages / "bin", ignore_errors=True)
    for note in [packages / ".lock", *packages.glob("*.dist-info/*")]:
        if note.name in {
            ".lock",
            "direct_url.json",
            "INSTALLER",
            "RECORD",
            "REQUESTED",
            "uv_build.json",
            "uv_cache.json",
        }:
            note.unlink(missing_ok=True)
    if not template.exists():
        print(f"{template} is not here: the AWS SDK stays whole.")
        return
    for service, operations in trim(packages, template.read_text(encoding="utf-8")).items():
        print(f"Kept of {service}: {', '.join(sorted(operations))}")


if __name__ == "__main__":
    main()
