"""What of the AWS SDK a template's text keeps."""

from pathlib import Path
from typing import Any

import pytest

from layers.dependencies import trim


@pytest.mark.parametrize(
    ("template", "used"),
    [
        ("Action: kms:Decrypt", {"kms": {"Decrypt"}}),
        ("Action: [dynamodb:Query, 'ses:SendRawEmail']", {"dynamodb": {"Query"}, "sesv2": {"SendEmail"}}),
        ("dynamodb:PutItem", {"dynamodb": {"PutItem", "TransactWriteItems"}}),
        ("Type: AWS::DynamoDB::Table", {}),
        ("Resource: arn:aws:sns:eu-central-1:123456789012:Topic", {}),
    ],
)
def test_only_actions_count(template: str, used: dict[str, set[str]]) -> None:
    """An action names its service and the operations it allows; types of resources and ARNs name none."""
    assert trim.operations_in_use(template) == used


def test_a_model_keeps_what_its_operations_reach() -> None:
    """Shapes reached by way of members, lists, maps and errors stay, others go, and so does all documentation."""
    model: dict[str, Any] = {
        "documentation": "service",
        "operations": {
            "Keep": {"input": {"shape": "In"}, "errors": [{"shape": "Bad"}], "documentation": "operation"},
            "Drop": {"input": {"shape": "Other"}},
        },
        "shapes": {
            "Bad": {"type": "structure", "members": {}},
            "In": {
                "type": "structure",
                # A member may be called what elsewhere is a text about it.
                "members": {"documentation": {"shape": "List", "documentation": "member"}, "self": {"shape": "In"}},
            },
            "List": {"type": "list", "member": {"shape": "Map"}},
            "Map": {"type": "map", "key": {"shape": "Key"}, "value": {"shape": "Value"}},
            "Key": {"type": "string", "documentation": "shape"},
            "Value": {"type": "string"},
            "Other": {"type": "structure", "members": {}},
        },
    }
    assert trim.trim_service(model, {"Keep", "kms:ViaService"}) == {"Keep"}
    assert list(model["operations"]) == ["Keep"]
    assert list(model["shapes"]) == ["Bad", "In", "Key", "List", "Map", "Value"]
    assert model["shapes"]["In"]["members"] == {"documentation": {"shape": "List"}, "self": {"shape": "In"}}
    assert "'documentation': '" not in str(model)


def test_without_a_template_the_sdk_stays_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A build that cannot see the template (in a container) must not guess."""
    service = tmp_path / "botocore" / "data" / "kms" / "2014-11-01"
    service.mkdir(parents=True)
    (tmp_path / "boto3" / "examples").mkdir(parents=True)
    (tmp_path / "six.dist-info").mkdir()
    (tmp_path / "six.dist-info" / "RECORD").touch()
    monkeypatch.setattr("sys.argv", ["trim.py", str(tmp_path), str(tmp_path / "template.yaml")])
    trim.main()
    assert service.exists()
    assert not (tmp_path / "boto3" / "examples").exists()
    assert not (tmp_path / "six.dist-info" / "RECORD").exists()
    assert "stays whole" in capsys.readouterr().out
