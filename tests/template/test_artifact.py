"""The layers as `sam build` makes them: for the right processor, compiled, the same every time, their SDK complete."""

from __future__ import annotations

import _imp
import ast
import hashlib
import importlib.util
import json
import marshal
import os
import platform
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.loaders
import pytest
from botocore import xform_name

from layers.dependencies import trim

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType

ROOT = Path(__file__).parents[2]
WHOLE = Path(botocore.__file__).parents[1]
TEMPLATE = (ROOT / "template.yaml").read_text(encoding="utf-8")

# ELF's number of each processor, at byte 18 of a file
MACHINES = {"arm64": 183, "x86_64": 62}
# How CPython marks a compiled file that belongs to its source by hash, and that is never compared with it at run time
UNCHECKED_HASH = 0b01


def build(target: str, folder: Path, architecture: str) -> Path:
    """Build a layer as `sam build` does; the folder of packages that becomes /opt/python."""
    source = ROOT / "layers" / {"DependenciesLayer": "dependencies", "CoreLayer": "core"}[target]
    # As the Makefile has it, so that pytest may also be called by itself
    path = os.pathsep.join([str(Path(sys.executable).parent), str(ROOT / ".tools" / "uv" / "bin"), os.environ["PATH"]])
    environment = {"ARTIFACTS_DIR": str(folder), "TARGET_ARCH": architecture, "PATH": path}
    subprocess.run(
        ["make", "-s", "-C", source, "-f", source / "Makefile", f"build-{target}"],
        env=os.environ | environment,
        check=True,
    )
    return folder / "python"


def inside(packages: list[Path], act: str, *arguments: object) -> Any:
    """What `inside_the_layer.py` tells when it sees these packages, and nothing of the environment of the tests."""
    program = str(Path(__file__).with_name("inside_the_layer.py"))
    told = [json.dumps(argument) for argument in arguments]
    answer = subprocess.run(
        [sys.executable, "-S", "-P", "-B", "-W", "error", program, act, *told],
        env={"PYTHONPATH": os.pathsep.join(map(str, packages)), "AWS_EC2_METADATA_DISABLED": "true"},
        check=True,
        stdout=subprocess.PIPE,
    )
    return json.loads(answer.stdout)


@pytest.fixture(scope="module")
def build_for(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Build the dependencies for an architecture, once."""
    return cache(lambda architecture: build("DependenciesLayer", tmp_path_factory.mktemp(architecture), architecture))


@pytest.fixture(params=MACHINES)
def built(request: pytest.FixtureRequest, build_for: Callable[[str], Path]) -> tuple[str, Path]:
    """An architecture, and the dependencies built for it."""
    return request.param, build_for(request.param)


@pytest.fixture
def dependencies(build_for: Callable[[str], Path]) -> Path:
    """The dependencies built so that they run on this machine: where it is like Lambda's, the very ones for Lambda."""
    like_lambda = platform.libc_ver()[0] == "glibc"
    return build_for(
        {"x86_64": "x86_64", "aarch64": "arm64"}.get(platform.machine(), "host") if like_lambda else "host"
    )


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our own layer."""
    return build("CoreLayer", tmp_path_factory.mktemp("core"), "arm64")


def digests(folder: Path) -> dict[str, str]:
    """The hash of every file, and when it says it was changed."""
    return {
        str(path.relative_to(folder)): f"{hashlib.sha256(path.read_bytes()).hexdigest()} {path.stat().st_mtime}"
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def assert_compiled(packages: Path) -> None:
    """Assert that each source has a compiled file that fits it and that Python takes unasked, and none stands alone."""
    sources = set(packages.rglob("*.py"))
    assert sources
    compiled_files = {Path(importlib.util.cache_from_source(str(source))): source for source in sources}
    assert set(packages.rglob("*.pyc")) == set(compiled_files)
    for compiled, source in compiled_files.items():
        content = compiled.read_bytes()
        assert content[:4] == importlib.util.MAGIC_NUMBER, compiled
        assert int.from_bytes(content[4:8], "little") == UNCHECKED_HASH, compiled
        source_hash = _imp.source_hash(int.from_bytes(importlib.util.MAGIC_NUMBER, "little"), source.read_bytes())
        assert content[8:16] == source_hash, compiled
        code: CodeType = marshal.loads(content[16:])  # noqa: S302 - our own build's output
        assert code.co_filename == f"/opt/python/{source.relative_to(packages)}"


def test_native_code_is_for_the_processor_asked_for(built: tuple[str, Path]) -> None:
    """SAM does not tell a layer's Makefile the architecture, so a wrong one would first be seen as a failing start."""
    architecture, packages = built
    machines = {
        path.relative_to(packages): int.from_bytes(content[18:20], "little")
        for path in packages.rglob("*")
        if path.is_file() and (content := path.read_bytes()).startswith(b"\x7fELF")
    }
    assert {path.parts[0] for path in machines} >= {"cryptography", "pydantic_core"}
    assert set(machines.values()) == {MACHINES[architecture]}


def test_the_layer_is_built_for_the_templates_own_choice() -> None:
    """Whoever says nothing about the processor gets wheels for the one that the template's functions run on."""
    chosen = re.search(r"^  Architecture:\n(?:    .*\n)*?    Default: \"?(\w+)\"?$", TEMPLATE, re.MULTILINE)
    makefile = (ROOT / "layers" / "dependencies" / "Makefile").read_text(encoding="utf-8")
    assert chosen
    assert f"\nTARGET_ARCH ?= {chosen[1]}\n" in makefile
    assert f"\nARCHITECTURE ?= {chosen[1]}\n" in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_an_unknown_processor_is_refused(tmp_path: Path) -> None:
    """A typing error must not end in wheels for some other machine."""
    with pytest.raises(subprocess.CalledProcessError):
        build("DependenciesLayer", tmp_path, "amd64")
    assert not list(tmp_path.iterdir())


def test_dependencies_are_compiled(built: tuple[str, Path]) -> None:
    """A layer is read-only: what is not compiled in it is compiled anew at every cold start."""
    assert_compiled(built[1])


def test_core_is_compiled(core: Path) -> None:
    """Our own modules are compiled as their dependencies are."""
    assert_compiled(core)


@pytest.mark.parametrize("built", ["arm64"], indirect=True)
def test_the_same_input_makes_the_same_layers(built: tuple[str, Path], core: Path, tmp_path: Path) -> None:
    """A deployment then uploads a layer only when something in it has changed."""
    architecture, packages = built
    assert digests(build("DependenciesLayer", tmp_path / "dependencies", architecture)) == digests(packages)
    assert digests(build("CoreLayer", tmp_path / "core", architecture)) == digests(core)


def test_the_sdk_is_one_release_and_complete(dependencies: Path) -> None:
    """A layer hides the runtime's copies package by package: a part of the SDK from there would be another release."""
    assert {path.name for path in dependencies.iterdir()} >= {
        *("boto3", "botocore", "s3transfer", "jmespath", "urllib3", "dateutil", "six.py"),
    }


def places() -> list[str]:
    """Every region of every partition, the ones without a place of their own included."""
    partitions = trim.read(WHOLE / "botocore" / "data" / "partitions.json")["partitions"]
    endpoints = trim.read(WHOLE / "botocore" / "data" / "endpoints.json")["partitions"]
    return sorted({region for partition in [*partitions, *endpoints] for region in partition["regions"]})


def test_requests_go_where_the_whole_sdk_sends_them(dependencies: Path) -> None:
    """URL and signing scope come out alike, or fail alike, for every service, region, FIPS and dual stack."""
    whole = botocore.loaders.Loader(extra_search_paths=[str(WHOLE / "botocore" / "data")])
    operations = {}
    for service, names in trim.operations_in_use(TEMPLATE).items():
        if service in whole.list_available_services("service-2"):
            known = names & set(whole.load_service_model(service, "service-2")["operations"])
            if known:
                operations[service] = xform_name(min(known))
    assert {"dynamodb", "secretsmanager", "sesv2"} <= set(operations)
    with ThreadPoolExecutor() as both:
        trimmed, whole_one = both.map(
            lambda packages: inside([packages], "resolve", operations, places()), [dependencies, WHOLE]
        )
    assert trimmed == whole_one
    assert trimmed["dynamodb eu-central-1 fips=False dual=False"] == [
        "POST",
        "https://dynamodb.eu-central-1.amazonaws.com/",
        *("eu-central-1", "dynamodb", "aws4_request"),
    ]


def syntax() -> Iterator[ast.AST]:
    """Every node of the syntax of what runs in Lambda."""
    for folder in (ROOT / "layers" / "core", ROOT / "functions"):
        for source in folder.rglob("*.py"):
            yield from ast.walk(ast.parse(source.read_text(encoding="utf-8")))


def named(node: ast.AST) -> str:
    """The last part of a name with or without dots."""
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


OF_OTHERS = {"verify"}
"""Words that are an operation of KMS, too, but are said to a public key of `cryptography` here."""


def test_the_sdk_can_do_all_that_the_code_asks_of_it(dependencies: Path) -> None:
    """Each client the code names loads, and has each operation the code names, be it as a method or as a word."""
    services: set[str] = set()
    words: set[str] = set()
    for node in syntax():
        match node:
            # client("kms") and aws.client("kms"), or partial(aws.client, "kms") where it is to be made later
            case ast.Call(func=function, args=arguments) if "client" in {
                named(part) for part in (function, *arguments)
            }:
                services |= {str(part.value) for part in arguments if isinstance(part, ast.Constant)}
            case ast.Attribute(attr=word) | ast.Constant(value=str(word)):
                words.add(word)
    assert services >= {"dynamodb", "secretsmanager", "sesv2"}
    assert not words & {"get_paginator", "get_waiter"}, "the layer's SDK has neither"
    trimmed = inside([dependencies], "clients", sorted(services))
    whole = botocore.loaders.Loader(extra_search_paths=[str(WHOLE / "botocore" / "data")])
    for service in services:
        asked = (words - OF_OTHERS) & {
            xform_name(name) for name in whole.load_service_model(service, "service-2")["operations"]
        }
        assert asked <= set(trimmed[service]), (
            f"template.yaml grants no function some of what the code asks of {service}"
        )


def test_the_layers_need_nothing_but_themselves(dependencies: Path, core: Path) -> None:
    """Each module of ours, and each third-party package asked for, imports from the layers alone, without a warning."""
    # The settings are the one module that needs a function's environment.
    ours = [
        f"restore.{path.stem}" for path in (core / "restore").glob("*.py") if path.stem not in {"__init__", "settings"}
    ]
    others = ["boto3", "cryptography.hazmat.primitives.asymmetric.ed25519", "pydantic", "qrcode.image.svg"]
    assert "restore.store" in ours
    assert inside([core, dependencies], "modules", [*ours, *others, "aws_lambda_powertools"]) == []
