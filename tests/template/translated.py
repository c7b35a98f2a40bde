"""The template as CloudFormation gets it: run through SAM's own translator, with one set of parameters filled in.

`stack(...)` gives resources whose conditions hold, with every intrinsic function worked out. What only a deployment
knows is written in angle brackets: `<Table>` for a reference, `<Table.Arn>` for an attribute.
"""

from __future__ import annotations

import json
import os
import re
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any, Final

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

ROOT: Final = Path(__file__).parents[2]
REGION: Final = "eu-central-1"
ACCOUNT: Final = "123456789012"

DOMAIN: Final = {
    "DomainName": "id.example.com",
    "CertificateArn": f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/1",
}
CUSTOMER_KEY: Final = {"DataKeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"}
OWN_SIGN_IN: Final = {
    "AdministratorDomainPrefix": "example-restore",
    "AdministratorIdentityProviders": "Company,COGNITO",
    "AdministratorNetworks": "203.0.113.0/24,2001:db8::/32",
    "AdministratorPoolTier": "PLUS",
}
EVERYTHING: Final = {
    **DOMAIN,
    **CUSTOMER_KEY,
    **OWN_SIGN_IN,
    "BasePath": "restore",
    "ServerAddress": "https://id.example.com/restore",
    "WafEnabled": "true",
    "AccessLogsEnabled": "true",
    "AlarmAddress": "operator@example.com",
    "CreateSenderIdentity": "domain",
    "SandboxRecipient": "example.org",
    "Architecture": "x86_64",
}
SETS: Final[dict[str, dict[str, str]]] = {
    "defaults": {},
    "domain": DOMAIN,
    "waf": {"WafEnabled": "true"},
    "customer key": CUSTOMER_KEY,
    "own sign-in": OWN_SIGN_IN,
    "everything": EVERYTHING,
}

_NOTHING: Final = object()  # AWS::NoValue: the member is left out
_PSEUDO: Final = {
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": "stack",
    "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/stack/0a1b2c3d-4e5f-6789-abcd-ef0123456789",
    "AWS::NoValue": _NOTHING,
}


class _NoManagedPolicies:
    """SAM asks this for the addresses of managed policies that a template calls by name; ours calls none."""

    def load(self) -> dict[str, str]:
        return {}


@cache
def source() -> dict[str, Any]:
    """The template as it is written, intrinsic functions in their long form. To be looked at, not changed."""
    template: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))
    return template


def functions() -> dict[str, dict[str, Any]]:
    """The functions as they are written, by name."""
    found = source()["Resources"].items()
    return {name: resource for name, resource in found if resource["Type"] == "AWS::Serverless::Function"}


@cache
def _translated(parameters: str) -> str:
    template = deepcopy(source())
    for resource in template["Resources"].values():
        for member in ("CodeUri", "ContentUri"):  # what `sam deploy` puts there
            if member in resource.get("Properties", {}):
                resource["Properties"][member] = "s3://artifacts/one"
    os.environ.setdefault("AWS_DEFAULT_REGION", REGION)
    return json.dumps(transform(template, json.loads(parameters), _NoManagedPolicies()))


def translated(parameters: dict[str, str]) -> dict[str, Any]:
    """What SAM hands to CloudFormation, conditions and intrinsic functions as they are."""
    template: dict[str, Any] = json.loads(_translated(json.dumps(parameters)))
    return template


class Stack:
    """Resources, outputs and parameters of one deployment."""

    def __init__(self, parameters: dict[str, str]) -> None:
        self._template = translated(parameters)
        declared = self._template["Parameters"]
        self.parameters: dict[str, str] = {name: str(one["Default"]) for name, one in declared.items()} | parameters
        self.resources: dict[str, dict[str, Any]] = self._those_there("Resources")
        self.outputs: dict[str, dict[str, Any]] = self._those_there("Outputs")

    def of(self, kind: str) -> dict[str, dict[str, Any]]:
        """The resources of a type, by logical name."""
        return {name: resource for name, resource in self.resources.items() if resource["Type"] == kind}

    def only(self, kind: str) -> dict[str, Any]:
        """The properties of the one resource of a type."""
        (resource,) = self.of(kind).values()
        properties: dict[str, Any] = resource["Properties"]
        return properties

    def properties(self, name: str) -> dict[str, Any]:
        """The properties of a resource."""
        properties: dict[str, Any] = self.resources[name]["Properties"]
        return properties

    def _those_there(self, section: str) -> dict[str, dict[str, Any]]:
        found = self._template[section].items()
        return {name: self._worked_out(one) for name, one in found if self._holds(one.get("Condition"))}

    def _holds(self, condition: str | None) -> bool:
        return condition is None or self._worked_out(self._template["Conditions"][condition])

    def _worked_out(self, value: Any) -> Any:
        if isinstance(value, list):
            return [one for item in value if (one := self._worked_out(item)) is not _NOTHING]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref" or name.startswith("Fn::"):
                return self._call(name, argument)
        return {name: one for name, item in value.items() if (one := self._worked_out(item)) is not _NOTHING}

    def _call(self, name: str, argument: Any) -> Any:  # noqa: PLR0911 - one case for each intrinsic function
        match name:
            case "Ref":
                return _PSEUDO.get(argument, self.parameters.get(argument, f"<{argument}>"))
            case "Fn::GetAtt":
                return f"<{argument if isinstance(argument, str) else '.'.join(argument)}>"
            case "Fn::If":
                condition, then, otherwise = argument
                return self._worked_out(then if self._holds(condition) else otherwise)
            case "Fn::Sub":
                text, own = (argument, {}) if isinstance(argument, str) else argument
                own = self._worked_out(own)
                return re.sub(r"\$\{([^}]+)\}", lambda found: str(own.get(found[1]) or self._named(found[1])), text)
            case "Fn::Not":
                return not self._worked_out(argument)[0]
            case "Fn::Equals":
                one, other = self._worked_out(argument)
                return str(one) == str(other)
            case "Fn::Split":
                separator, text = self._worked_out(argument)
                return text.split(separator)
            case "Fn::Select":
                index, items = self._worked_out(argument)
                return items[int(index)]
        raise NotImplementedError(name)

    def _named(self, name: str) -> Any:
        return self._call("Fn::GetAtt", name) if "." in name else self._call("Ref", name)


@cache
def stack(name: str = "defaults") -> Stack:
    """The deployment with one of the sets of parameters."""
    return Stack(SETS[name])
