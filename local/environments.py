"""The environments that programs are started in: nothing of the person's own AWS reaches them."""

import os
from collections.abc import Mapping
from pathlib import Path

from local.places import PROGRAMS

REGION = "eu-central-1"
# What ministack takes as its account's root: there is nothing behind it to protect.
KEY_ID = "test"
SECRET = "test"  # noqa: S105 - the local AWS's documented key, no secret


def of_ministack(host: str, port: int, folder: Path) -> dict[str, str]:
    """All that ministack is given. The functions inherit it, so it is made from nothing, not from ours.

    Args:
        host: the address it listens at.
        port: the port it listens at.
        folder: where it and the functions put their temporary files, and their home.
    """
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "STATE_DIR": str(
            folder / "state"
        ),  # the keys that sign tokens; its default is one folder for the whole machine
        "LANG": "en_US.UTF-8",
        "TZ": "UTC",
        "BIND_HOST": host,
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": REGION,
        "AWS_ACCESS_KEY_ID": KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AUTH": "true",  # each function runs under its own role, and what that does not allow is refused
        "LAMBDA_EXECUTOR": "local",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
    }
    if host != "127.0.0.1":  # functions would look for AWS there
        environment["AWS_ENDPOINT_URL"] = f"http://{host}:{port}"
    return environment


def of_sam(folder: Path, endpoint: str | None = None, given: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What sam is given: our own environment (package index, certificates) without its AWS and Python settings.

    Args:
        folder: where sam keeps its own notes, instead of in the person's home.
        endpoint: the address of the local AWS, for deploying.
        given: the environment to start from.
    """
    dropped = ("AWS_", "SAM_CLI_", "PYTHON", "VIRTUAL_ENV", "MAKE", "MFLAGS")
    environment = {name: value for name, value in given.items() if not name.startswith(dropped)}
    environment |= {
        "PATH": os.pathsep.join([*map(str, PROGRAMS), given.get("PATH", "/usr/local/bin:/usr/bin:/bin")]),
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_POLL_DELAY": "0.2",
        "__SAM_CLI_APP_DIR": str(folder),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "TARGET_ARCH": "host",  # the layers' Makefiles: sam does not tell them the processor
        "PYTHONUTF8": "1",
    }
    if endpoint is not None:
        environment["AWS_ENDPOINT_URL"] = endpoint
        # A company's proxy does not know this machine's own addresses.
        environment["NO_PROXY"] = environment["no_proxy"] = "*"
    return environment
