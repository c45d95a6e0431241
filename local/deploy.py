"""Build the functions with SAM and deploy the template on a running ministack."""

import contextlib
import hashlib
import io
import json
import os
import platform
import subprocess
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import ClientError

from local.ministack import REGION, LocalError, Ministack
from local.paths import BUILD, CLOCK_FILE, ENVIRONMENTS, PROJECT

STACK: Final = "backup-customers"
_BUCKET: Final = "backup-customers-code"
ARCH: Final = {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")


def build() -> None:
    """Build every function for this machine's processor. Raises LocalError with SAM's output."""
    built = subprocess.run(
        ["make", "build", f"ARCH={ARCH}", "RELEASE=local"], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    if built.returncode:
        output = "\n".join((built.stdout + built.stderr).splitlines()[-12:])
        raise LocalError(f"The functions could not be built. Fix what SAM reports, then try again:\n{output}")


def deploy(
    ministack: Ministack, clock_file: Path = CLOCK_FILE, *, parameters: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Create or update the stack, with more parameters than the local ones. Return its outputs. Raises LocalError."""
    all_parameters = {
        "Architecture": ARCH,
        "AwsEndpointUrl": ministack.endpoint,
        "ClockFile": str(clock_file),
        "ScheduleRate": "rate(1 minute)",
        **(parameters or {}),
    }
    code = _package()
    key = f"{hashlib.sha256(code).hexdigest()}.zip"
    s3 = ministack.client("s3")
    with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=_BUCKET, Key=key, Body=code)
    s3.put_object(Bucket=_BUCKET, Key="template.json", Body=_expanded(key, all_parameters))  # too large for a request
    apply_template(ministack.client("cloudformation"), f"{ministack.endpoint}/{_BUCKET}/template.json", all_parameters)
    found = ministack.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}
    return {**outputs, "ApiUrl": f"{ministack.endpoint}/_aws/execute-api/{outputs['ApiId']}/$default"}


def _package() -> bytes:
    """Return the ZIP file of the package that all functions share. The same content always has the same bytes."""
    folder = next(path for path in sorted(BUILD.iterdir()) if path.is_dir())
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            package.writestr(zipfile.ZipInfo(str(file.relative_to(folder))), file.read_bytes(), zipfile.ZIP_DEFLATED)
    return target.getvalue()


def _expanded(key: str, parameters: Mapping[str, str]) -> str:
    """Return the template for CloudFormation. Other parameters are another release, so that new versions get them."""
    release = hashlib.sha256(repr(sorted(parameters.items())).encode()).hexdigest()[:12]
    template = Path(BUILD / "template.yaml").read_text(encoding="utf-8")
    python = ENVIRONMENTS / "sam" / "bin" / "python"
    expanded = subprocess.run(
        [python, "-m", "local.sam_to_native", _BUCKET, key],
        cwd=PROJECT,
        env={**os.environ, "AWS_DEFAULT_REGION": REGION},
        input=template.replace('RELEASE: "local"', f'RELEASE: "{release}"'),
        capture_output=True,
        text=True,
        check=False,
    )
    if expanded.returncode:
        raise LocalError(f"SAM cannot process template.yaml. Fix it, then try again:\n{expanded.stderr[-2000:]}")
    return expanded.stdout


def apply_template(cloudformation: Any, template_url: str, parameters: dict[str, str]) -> None:
    """Create or update the stack, and wait until it is ready. Raises LocalError."""
    request = {
        "StackName": STACK,
        "TemplateURL": template_url,
        "Capabilities": ["CAPABILITY_IAM"],
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    }
    try:
        if _status(cloudformation) == "ROLLBACK_COMPLETE":  # its creation failed, so it can only be deleted
            cloudformation.delete_stack(StackName=STACK)
        if _status(cloudformation) in (None, "DELETE_COMPLETE"):
            cloudformation.create_stack(**request)
        else:
            cloudformation.update_stack(**request)
    except ClientError as error:
        if "No updates are to be performed" in str(error):
            return
        raise LocalError(
            f"CloudFormation rejected the template. Fix it, then try again:\n{str(error)[-2000:]}"
        ) from error
    for _ in range(600):
        status = _status(cloudformation) or "gone"
        if status.endswith("_COMPLETE") and "ROLLBACK" not in status:
            return
        if not status.endswith("_IN_PROGRESS"):
            raise LocalError(f"The stack is {status}. Fix the template, then try again:\n{_reasons(cloudformation)}")
        time.sleep(0.1)
    raise LocalError("The stack was not ready within a minute. Start again with: make clean run")


def _status(cloudformation: Any) -> str | None:
    try:
        status: str = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"]
    except ClientError:
        return None
    return status


def _reasons(cloudformation: Any) -> str:
    events = cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
    return json.dumps(
        [[e["LogicalResourceId"], e["ResourceStatusReason"]] for e in events if e.get("ResourceStatusReason")]
    )
