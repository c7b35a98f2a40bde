"""`sam deploy` into the local AWS, and the rest of what CloudFormation does on AWS but not there."""

import difflib
import functools
import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.session
import yaml
from botocore.config import Config
from botocore.exceptions import ClientError

from local.build import architecture, settings_of_sam
from local.children import Child
from local.environments import KEY_ID, REGION, SECRET, of_sam
from local.errors import StackError, tail_of
from local.places import BUILDS, ROOT, SAM

STACK = "id-restore"
ARTIFACTS = "artifacts"
STAGE = "live"


_MAKING_CLIENTS = threading.Lock()  # a session's clients can be used by many threads, but be made by one at a time


@functools.cache
def _session() -> boto3.session.Session:
    """A session that reads no file and no profile of the person at this machine."""
    nobody = {
        name: (None, None, value, None)
        for name, value in (("profile", None), ("config_file", "/dev/null"), ("credentials_file", "/dev/null"))
    }
    return boto3.session.Session(
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=SECRET,
        region_name=REGION,
        botocore_session=botocore.session.Session(session_vars=nobody),
    )


@dataclass(frozen=True)
class Account:
    """The local AWS, as its own administrator sees it."""

    endpoint: str

    def client(self, service: str) -> Any:
        """A boto3 client of a service, whatever AWS settings the person at this machine has."""
        make: Any = _session().client
        settings = Config(proxies={}, retries={"total_max_attempts": 3})
        with _MAKING_CLIENTS:
            return make(service, endpoint_url=self.endpoint, config=settings)


@dataclass(frozen=True)
class Deployed:
    """What was deployed. `resources` is physical id by (type, logical id); `template` is what SAM made of ours."""

    outputs: Mapping[str, str]
    parameters: Mapping[str, str]
    resources: Mapping[tuple[str, str], str]
    template: Mapping[str, Any]

    def only(self, kind: str) -> str:
        """The physical id of the one resource of a type."""
        found = [physical for (its_kind, _), physical in self.resources.items() if its_kind == kind]
        if len(found) != 1:
            raise StackError(f"The local stack has to have one {kind}, and has {len(found)}.")
        return found[0]

    def every(self, kind: str) -> dict[str, Mapping[str, Any]]:
        """Properties of all resources of a type, by physical id."""
        return {
            physical: self.template["Resources"][logical].get("Properties", {})
            for (its_kind, logical), physical in self.resources.items()
            if its_kind == kind
        }


class _Plain(yaml.SafeLoader):
    """Reads a template, CloudFormation's own tags as nothing."""


_Plain.add_multi_constructor("!", lambda *_: None)


def check_names(template: Path, parameters: Mapping[str, str]) -> None:
    """See to it that a template has these parameters: CloudFormation refuses unknown ones, the local one does not.

    Raises:
        StackError: there is no parameter of some name; the text has the nearest name.
    """
    known = yaml.load(template.read_text(encoding="utf-8"), _Plain)["Parameters"]  # noqa: S506 - a safe loader
    for name in parameters:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean {near[0]}?" if near else " The parameters are at the top of template.yaml."
            raise StackError(f"The template has no parameter {name}.{hint}")


def deploy(account: Account, template: Path, parameters: Mapping[str, str], state: Path) -> Deployed:
    """Deploy a built template, and read back what came of it.

    Args:
        account: where to.
        template: what `built_template` returned.
        parameters: values for the template's parameters; the others have their defaults.
        state: folder for the log of it.

    Raises:
        StackError: it failed; the text says which resource, and ends with sam's own words.
    """
    # One bucket made here instead of --resolve-s3, which deploys a stack of its own first: half the time.
    account.client("s3").create_bucket(Bucket=ARTIFACTS, CreateBucketConfiguration={"LocationConstraint": REGION})
    # a changed policy is seen at once here, so that nobody who tries one waits
    chosen = {"Architecture": architecture(), "PolicySeconds": "0", **parameters}
    log = state / "deploy.log"
    command: tuple[str | Path, ...] = (
        *(SAM, "deploy", "--template-file", template, "--stack-name", STACK, "--region", REGION),
        *("--config-file", settings_of_sam(), "--s3-bucket", ARTIFACTS, "--capabilities", "CAPABILITY_IAM"),
        *("--no-confirm-changeset", "--no-fail-on-empty-changeset", "--no-progressbar"),
        *("--parameter-overrides", *(f"{name}={json.dumps(value)}" for name, value in chosen.items())),
    )
    with Child(command, environment=of_sam(BUILDS / "sam", account.endpoint), folder=ROOT, log=log) as sam:
        status = sam.wait()
    if status != 0:
        raise StackError(f"sam could not deploy the stack. {_failures(account)}{tail_of(log)}")
    return _read_back(account)


def complete(account: Account, deployed: Deployed, address: str, hosts: set[str], sign_in: str) -> None:
    """Do what the local AWS leaves out: TTL, the archive's lock, the sender, gateway responses, clients' addresses.

    Args:
        account: where it was deployed.
        deployed: what was deployed.
        address: the API's address for clients on this machine, with the stage as its last part.
        hosts: host names and addresses under which the API is to answer.
        sign_in: the address of the pool's sign-in pages, for browsers on this machine.
    """
    dynamodb = account.client("dynamodb")
    for table, properties in deployed.every("AWS::DynamoDB::Table").items():
        if ttl := properties.get("TimeToLiveSpecification"):
            dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=ttl)
    _lock_archive(account, deployed)
    _verify_sender(account, deployed)
    _let_mail_and_seal(account, deployed)
    _let_sign_in(account, deployed, address, hosts, sign_in)
    _put_gateway_responses(account, deployed, address)
    apigateway = account.client("apigateway")
    api = deployed.only("AWS::ApiGateway::RestApi")
    for host in sorted(hosts):
        apigateway.create_domain_name(domainName=host)
        apigateway.create_base_path_mapping(domainName=host, basePath=STAGE, restApiId=api, stage=STAGE)


def _lock_archive(account: Account, deployed: Deployed) -> None:
    """Lock buckets as the template has them locked, and let them be spoken to in the clear: there is no TLS here."""
    s3 = account.client("s3")
    for bucket, properties in deployed.every("AWS::S3::Bucket").items():
        if lock := properties.get("ObjectLockConfiguration"):
            s3.delete_bucket_policy(Bucket=bucket)  # it only refuses what comes without TLS, as tests/template holds
            retention = {
                name: deployed.parameters[value["Ref"]] if isinstance(value, dict) else value
                for name, value in lock["Rule"]["DefaultRetention"].items()
            }
            s3.put_object_lock_configuration(
                Bucket=bucket,
                ObjectLockConfiguration={
                    "ObjectLockEnabled": "Enabled",
                    "Rule": {"DefaultRetention": {"Mode": retention["Mode"], "Days": int(retention["Days"])}},
                },
            )


def _verify_sender(account: Account, deployed: Deployed) -> None:
    sender = deployed.parameters.get("Sender")
    if not sender:
        return
    try:
        account.client("sesv2").create_email_identity(EmailIdentity=sender)
    except ClientError as error:
        if error.response["Error"]["Code"] != "AlreadyExistsException":  # the template made it
            raise


def _let_mail_and_seal(account: Account, deployed: Deployed) -> None:
    """Let those functions send mail and use the key of sealed codes that the template lets.

    The local AWS asks for the right to send on `*`, not on the sender, and knows no encryption context, so that a right
    that names one never holds. That the template names the right ones is for tests/template to hold; which function may
    at all is enforced here, too.
    """
    iam = account.client("iam")
    for role, properties in deployed.every("AWS::IAM::Role").items():
        statements = []
        for policy in properties.get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                if "ses:SendEmail" in statement.get("Action", []):
                    statements.append({**statement, "Resource": "*"})
                elif "kms:EncryptionContext" in json.dumps(statement.get("Condition", {})):
                    statements.append({name: value for name, value in statement.items() if name != "Condition"})
        if statements:
            document = {"Version": "2012-10-17", "Statement": statements}
            iam.put_role_policy(RoleName=role, PolicyName="as-here", PolicyDocument=json.dumps(document))


def _let_sign_in(account: Account, deployed: Deployed, address: str, hosts: set[str], sign_in: str) -> None:
    """Have the sign-in page send people back to this machine, and the stage say where that page is here."""
    cognito = account.client("cognito-idp")
    client = {
        "UserPoolId": deployed.only("AWS::Cognito::UserPool"),
        "ClientId": deployed.only("AWS::Cognito::UserPoolClient"),
    }
    there = cognito.describe_user_pool_client(**client)["UserPoolClient"]
    endpoint = urlsplit(account.endpoint)
    names = [address, *(f"http://{host}:{endpoint.port}/{STAGE}" for host in sorted(hosts))]
    back = [*there["CallbackURLs"], *(f"{name}/dashboard/" for name in dict.fromkeys(names))]
    kept = {
        name: there[name]
        for name in cognito.meta.service_model.operation_model("UpdateUserPoolClient").input_shape.members
        if there.get(name) not in (None, "")
    }
    cognito.update_user_pool_client(**{**kept, **client, "CallbackURLs": back, "LogoutURLs": back})
    account.client("apigateway").update_stage(
        restApiId=deployed.only("AWS::ApiGateway::RestApi"),
        stageName=STAGE,
        patchOperations=[{"op": "replace", "path": "/variables/sign_in", "value": sign_in}],
    )


def _put_gateway_responses(account: Account, deployed: Deployed, address: str) -> None:
    """Put the template's own gateway responses, as SAM resolved them.

    On AWS their templates may name stage variables; here only `$context` is filled in, so that is done now. What the
    template derives from the API's AWS name then shows the address that the API really has here.
    """
    apigateway = account.client("apigateway")
    api = deployed.only("AWS::ApiGateway::RestApi")
    variables = {
        name: re.sub(rf"^https://{re.escape(api)}\.execute-api\.[a-z0-9.-]+/{STAGE}", address, value)
        for name, value in apigateway.get_stage(restApiId=api, stageName=STAGE).get("variables", {}).items()
    }
    body = deployed.every("AWS::ApiGateway::RestApi")[api].get("Body", {})
    for kind, response in body.get("x-amazon-apigateway-gateway-responses", {}).items():
        templates = {
            media: re.sub(r"\$stageVariables\.(\w+)", lambda found: variables.get(found[1], ""), text)
            for media, text in response.get("responseTemplates", {}).items()
        }
        status = {"statusCode": str(response["statusCode"])} if "statusCode" in response else {}
        apigateway.put_gateway_response(
            restApiId=api,
            responseType=kind,
            responseParameters=response.get("responseParameters", {}),
            responseTemplates=templates,
            **status,
        )
    apigateway.create_deployment(restApiId=api, stageName=STAGE)


def _read_back(account: Account) -> Deployed:
    cloudformation = account.client("cloudformation")
    (stack,) = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    resources = cloudformation.describe_stack_resources(StackName=STACK)["StackResources"]
    template = cloudformation.get_template(StackName=STACK, TemplateStage="Processed")["TemplateBody"]
    return Deployed(
        outputs={output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])},
        parameters={value["ParameterKey"]: value["ParameterValue"] for value in stack.get("Parameters", [])},
        resources={(r["ResourceType"], r["LogicalResourceId"]): r["PhysicalResourceId"] for r in resources},
        template=template if isinstance(template, dict) else json.loads(template),
    )


def _failures(account: Account) -> str:
    """What CloudFormation itself says of the resources that failed, if it got so far."""
    try:
        events = account.client("cloudformation").describe_stack_events(StackName=STACK)["StackEvents"]
    except ClientError:
        return ""
    reasons = [
        f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}\n"
        for event in reversed(events)
        if event["ResourceStatus"].endswith("_FAILED")
    ]
    return "".join(["CloudFormation says:\n", *reasons]) if reasons else ""
