"""The template as a whole: it fits, it has no cycle, and its parameters explain themselves."""

from __future__ import annotations

import json
import re
from graphlib import TopologicalSorter
from itertools import chain
from typing import TYPE_CHECKING, Any

import pytest

from tests.template.translated import EVERYTHING, ROOT, SETS, source, stack, translated

if TYPE_CHECKING:
    from collections.abc import Iterator

SECTIONS = ["parameters", "api", "administrators", "data", "keys", "mail", "functions", "watching", "outputs"]

each_set = pytest.mark.parametrize("parameters", SETS)
each_parameter = pytest.mark.parametrize("name", source()["Parameters"])


def mentioned(value: Any) -> Iterator[str]:
    """Every name that a part of the template refers to, by whatever means."""
    if isinstance(value, list):
        yield from chain.from_iterable(map(mentioned, value))
    elif isinstance(value, dict):
        for name, item in value.items():
            if name in {"Ref", "Fn::GetAtt"}:
                yield (item if isinstance(item, str) else item[0]).partition(".")[0]
            elif name == "DependsOn":
                yield from [item] if isinstance(item, str) else item
            elif name == "Fn::Sub":
                text = item if isinstance(item, str) else item[0]
                yield from (found.partition(".")[0] for found in re.findall(r"\$\{(\w[\w.:]*)\}", text))
            yield from mentioned(item)


@each_set
def test_it_fits_into_one_stack(parameters: str) -> None:
    """CloudFormation takes 500 resources and 1 MB; there is room to grow in both."""
    template = translated(SETS[parameters])
    assert len(template["Resources"]) < 400
    assert len(json.dumps(template)) < 700_000


@each_set
def test_there_is_no_cycle(parameters: str) -> None:
    """Whichever conditions hold: a function's environment that named the API would be one, which lint does not see."""
    resources = translated(SETS[parameters])["Resources"]
    graph = {name: {other for other in mentioned(one) if other in resources} for name, one in resources.items()}
    assert "Table" in graph["SignIn"]
    assert "FunctionLogs" in graph["Notify"]
    TopologicalSorter(graph).prepare()  # raises CycleError


@each_set
def test_nothing_refers_to_what_is_not_there(parameters: str) -> None:
    """A reference to a resource whose condition does not hold would fail the deployment."""
    deployed = stack(parameters)
    said = json.dumps([deployed.resources, deployed.outputs])
    names = {found.partition(".")[0] for found in re.findall(r"<(\w[\w.]*)>", said)}
    assert names
    assert names <= set(deployed.resources)


def test_the_sections_have_banners() -> None:
    """A reader finds a thing by its section."""
    text = (ROOT / "template.yaml").read_text(encoding="utf-8")
    banners = re.findall(r"^ *# ={60,}\n *# (\w+)", text, re.MULTILINE)
    assert banners == SECTIONS


def test_only_what_was_chosen_to_stay_stays() -> None:
    """Table, pepper, keys, the signed log and who was an administrator, and nothing else, outlive the stack."""
    resources = stack("everything").resources.items()
    for policy in ("DeletionPolicy", "UpdateReplacePolicy"):  # going with the stack, and being replaced by another one
        kept = {name for name, one in resources if one.get(policy) == "Retain"}
        assert kept == {"Table", "PepperSecret", "SealKey", "LogKey", "LogArchive", "AdministratorPool"}, policy


@each_parameter
def test_a_parameter_explains_itself(name: str) -> None:
    """The console and `sam deploy --guided` show it in a group, by a name for people, with a description."""
    interface = source()["Metadata"]["AWS::CloudFormation::Interface"]
    groups = [group["Label"]["default"] for group in interface["ParameterGroups"] if name in group["Parameters"]]
    assert len(groups) == 1
    assert interface["ParameterLabels"][name]["default"]
    parameter = source()["Parameters"][name]
    assert parameter["Description"].endswith(".")
    assert {"AllowedValues", "AllowedPattern", "MinValue", "MaxLength"} & set(parameter), "takes anything"


def test_the_interface_names_no_other_parameter() -> None:
    """What it names exists."""
    interface = source()["Metadata"]["AWS::CloudFormation::Interface"]
    assert set(interface["ParameterLabels"]) == set(source()["Parameters"])


def accepts(parameter: dict[str, Any], value: str) -> bool:
    """Whether CloudFormation takes a value for a parameter."""
    if "AllowedValues" in parameter and value not in map(str, parameter["AllowedValues"]):
        return False
    if "AllowedPattern" in parameter and not re.fullmatch(parameter["AllowedPattern"], value):
        return False
    if "MinValue" in parameter and not parameter["MinValue"] <= int(value) <= parameter["MaxValue"]:
        return False
    return "MaxLength" not in parameter or int(parameter["MinLength"]) <= len(value) <= int(parameter["MaxLength"])


@each_parameter
def test_a_default_is_acceptable(name: str) -> None:
    """So that a deployment needs no answers."""
    parameter = source()["Parameters"][name]
    assert accepts(parameter, str(parameter["Default"]))


GOOD = {
    **EVERYTHING,
    "SupportAddress": "mailto:help@example.com",
    "IosAppIds": "ABCDE12345.com.example.id,ABCDE12345.com.example.id.beta",
    "IosStoreUrl": "https://apps.apple.com/app/id1",
    "AndroidPackage": "com.example.id",
    "AndroidCertificateFingerprints": ":".join(["0A"] * 32),
    "EmailDomains": "example.com,example.org",
    "Sender": "no-reply+id@mail.example.com",
    "EmailCodeSeconds": "3",
    "LogLevel": "DEBUG",
}
BAD = [
    ("ServerAddress", "https://id.example.com/"),
    ("ServerAddress", "id.example.com"),
    ("ServerAddress", "https://id.example.com/a b"),
    ("DomainName", "https://id.example.com"),
    ("BasePath", "a/b"),
    ("IosAppIds", "com.example.id"),
    ("AndroidCertificateFingerprints", "0A:0B"),
    ("Sender", "Example <a@example.com>"),
    ("Sender", "a@example.com\nBcc: b@example.com"),
    ("EmailDomains", "example.com, example.org"),
    ("SupportAddress", "javascript:alert(1)"),
    ("WrongCodesInARow", "101"),
    ("DataKeyArn", "alias/mine"),
    ("RestoreEnabled", "yes"),
    ("LogLevel", "WARN"),  # alarms count lines of INFO
    ("LogLevel", "ERROR"),
    ("AdministratorDomainPrefix", "Example_Restore"),
    ("AdministratorIdentityProviders", "Company, COGNITO"),
    ("AdministratorIdentityProviders", ""),
    ("AdministratorNetworks", "203.0.113.7"),
    ("AdministratorNetworks", "203.0.113.0/24, 10.0.0.0/8"),
]


@pytest.mark.parametrize(("name", "value"), GOOD.items())
def test_what_operators_write_is_taken(name: str, value: str) -> None:
    """Each pattern lets through what it is for."""
    assert accepts(source()["Parameters"][name], value)


@pytest.mark.parametrize(("name", "value"), BAD)
def test_what_would_go_wrong_later_is_refused_at_once(name: str, value: str) -> None:
    """Before anything is deployed."""
    assert not accepts(source()["Parameters"][name], value)
