# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who calls: the account and the principal behind an access key, and whether the action is denied to them.

Keys are not checked. `LOCAL<12 digits>KEY` belongs to the account that it names; keys that this server has handed out
(AssumeRole, CreateAccessKey) belong to theirs; every other key belongs to the default account.
"""

from __future__ import annotations

import fnmatch
import re

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from local_aws.accounts import DEFAULT_ACCOUNT
from local_aws.protocol import access_denied, known_regions, wrong_region
from local_aws.rules import Call

_LOCAL_KEY = re.compile(r"LOCAL(\d{12})KEY")
_KEYS_SEEN: dict[str, tuple[str, str]] = {}


def local_key(account_id: str) -> str:
    """The access key of an account: 20 characters, as AWS's are."""
    return f"LOCAL{account_id}KEY"


def who(access_key: str) -> tuple[str, str]:
    """Account and principal ARN of a key, as GetCallerIdentity names them.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    """
    own = _LOCAL_KEY.fullmatch(access_key)
    if own:
        return own.group(1), f"arn:aws:iam::{own.group(1)}:user/local"
    if access_key not in _KEYS_SEEN:
        default = DEFAULT_ACCOUNT, f"arn:aws:iam::{DEFAULT_ACCOUNT}:user/local"
        _KEYS_SEEN[access_key] = _handed_out(access_key) or default
    return _KEYS_SEEN[access_key]


def _handed_out(access_key: str) -> tuple[str, str] | None:
    for account_id, backend in list(sts_backends.items()):
        role = backend["aws"].get_assumed_role_from_access_key(access_key)
        if role:
            return role.account_id or account_id, role.arn
    for account_id, backend in list(iam_backends.items()):
        if access_key in backend["aws"].access_keys:
            user = backend["aws"].get_user_from_access_key_id(access_key)
            return account_id, user.arn if user else f"arn:aws:iam::{account_id}:root"
    return None


def check_scope(call: Call) -> None:
    """Raise the service's own refusal when the request is signed for a region that does not exist."""
    if call.region not in known_regions():
        raise wrong_region(call.parsed, call.region)


def authorize(call: Call) -> None:
    """Raise the service's own refusal when the account's settings deny the action.

    The action is `<IAM prefix>:<operation>`; the prefix is the signing name, as in
    https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
    Operations that nobody signs (authtype "none" in botocore) are not evaluated: "you can't grant IAM permissions in
    policies" (botocore, InitiateAuth).
    """
    denied = call.account.settings.denied
    if not denied or call.parsed.operation.auth_type == "none":
        return
    metadata = call.parsed.operation.service_model.metadata
    signing = str(metadata.get("signingName") or metadata.get("endpointPrefix") or call.service)
    prefix = {"monitoring": "cloudwatch"}.get(signing, signing)
    action = f"{prefix}:{call.operation}"
    names = {action, f"{call.service}:{call.operation}"}
    if any(fnmatch.fnmatchcase(name, pattern) for name in names for pattern in denied):
        raise access_denied(call.parsed, call.principal, action, _resource(call))


def _resource(call: Call) -> str:
    """The ARN that the refusal names, where the arguments tell it."""
    arguments = call.arguments
    place = f"{call.region}:{call.account.id}"
    for argument, form in {
        "FunctionName": f"arn:aws:lambda:{place}:function:{{}}",
        "TableName": f"arn:aws:dynamodb:{place}:table/{{}}",
        "StackName": f"arn:aws:cloudformation:{place}:stack/{{}}/*",
        "logGroupName": f"arn:aws:logs:{place}:log-group:{{}}:*",
        "SecretId": f"arn:aws:secretsmanager:{place}:secret:{{}}",
        "UserPoolId": f"arn:aws:cognito-idp:{place}:userpool/{{}}",
        "Bucket": "arn:aws:s3:::{}",
        "RoleArn": "{}",
    }.items():
        value = arguments.get(argument)
        if isinstance(value, str) and value:
            return value if value.startswith("arn:") else form.format(value)
    return "*"
