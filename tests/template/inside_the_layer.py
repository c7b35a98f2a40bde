"""Run as a program by test_artifact.py, with the packages of a built layer and no others.

`resolve` sends one operation of each service from every place, and tells where it would have gone and what was
signed; `clients` tells what each service's client can do; `modules` imports modules and tells what came from elsewhere.
Arguments and answer are JSON.
"""

from __future__ import annotations

import importlib
import itertools
import json
import sys
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from botocore.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


NEEDED: dict[str, dict[str, Any]] = {
    "batch_get_item": {"RequestItems": {"table": {"Keys": [{"PK": {"S": "POLICY"}, "SK": {"S": "V"}}]}}},
    "batch_write_item": {"RequestItems": {"table": [{"DeleteRequest": {"Key": {"PK": {"S": "POLICY"}}}}]}},
    "put_object": {"Bucket": "log-archive", "Key": "log/2026-11-28/manifest.json"},
}
"""What an address is made of beside region and service."""


class Nothing:
    """The body of an answer with nothing in it, as JSON or, for S3's XML, no body at all."""

    def __init__(self, service: str) -> None:
        self.content = b"" if service == "s3" else b"{}"

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        """Pass for the body of a urllib3 answer."""
        return iter([self.content])


def resolve(operations: dict[str, str], regions: list[str]) -> dict[str, list[str]]:
    """Method, URL and signing scope of each service's operation by place, or why there is none."""
    session = Session()
    session.set_credentials("AKIDEXAMPLE", "secret")
    found: dict[str, list[str]] = {}
    choices = itertools.product(operations.items(), regions, [False, True], [False, True])
    for (service, operation), region, fips, dual in choices:
        seen: list[str] = []

        def answer(request: Any, seen: list[str] = seen, service: str = service, **_: object) -> AWSResponse:
            scope = request.headers["Authorization"].decode().split("Credential=")[1].split(",")[0].split("/")
            seen += [request.method, request.url, *scope[2:]]
            return AWSResponse(request.url, 200, HTTPHeaders(), Nothing(service))

        config = Config(use_fips_endpoint=fips, use_dualstack_endpoint=dual, parameter_validation=False)
        try:
            client = session.create_client(service, region_name=region, config=config)
            client.meta.events.register("before-send", answer)  # type: ignore[arg-type] # the stubs do not know that an answer is taken
            getattr(client, operation)(**NEEDED.get(operation, {}))
        except BotoCoreError as error:
            seen += [type(error).__name__, str(error)]
        found[f"{service} {region} fips={fips} dual={dual}"] = seen
    return found


def clients(services: list[str]) -> dict[str, list[str]]:
    """Names of what the client of each service has."""
    session = Session()
    return {service: dir(session.create_client(service, region_name="eu-central-1")) for service in services}


def modules(names: list[str]) -> list[str]:
    """Import modules; the files of those that any environment's packages lent."""
    for name in names:
        importlib.import_module(name)
    files = [getattr(module, "__file__", None) or "" for module in list(sys.modules.values())]
    return [file for file in files if "site-packages" in file]


if __name__ == "__main__":
    acts: dict[str, Callable[..., object]] = {"resolve": resolve, "clients": clients, "modules": modules}
    act = acts[sys.argv[1]]
    json.dump(act(*map(json.loads, sys.argv[2:])), sys.stdout)
