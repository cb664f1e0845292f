# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What AWS answered, and what the operator can do about it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

# Codes that AWS services use for "too fast": the list that botocore's standard retry mode reads
# (botocore/retries/standard.py, ThrottledRetryableChecker).
THROTTLES = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottledException",
        "TooManyRequestsException",
        "ProvisionedThroughputExceededException",
        "TransactionInProgressException",
        "RequestLimitExceeded",
        "BandwidthLimitExceeded",
        "LimitExceededException.Throttling",
        "RequestThrottled",
        "SlowDown",
        "PriorRequestNotComplete",
        "EC2ThrottledException",
    }
)

_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized"})
_CREDENTIALS = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "AuthFailure",
        "RequestExpired",
    }
)
# Their text may quote the signed request, and with it a session token.
_QUOTES_REQUEST = frozenset({"InvalidSignatureException", "SignatureDoesNotMatch"})
# The one thing that is worth telling of it: https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html
_WRONG_REGION = re.compile(r"Credential should be scoped to a valid region(?:, not '[\w-]+')?")
WRONG_REGION = "There is no such region here: check its name."
_MISSING = frozenset(
    {
        "ResourceNotFoundException",
        "ObjectNotFoundException",
        "NoSuchEntity",
        "TableNotFoundException",
        "BackupNotFoundException",
        "NoSuchBucket",
        "NoSuchKey",
        "UserNotFoundException",
    }
)
_BUSY = frozenset(
    {
        "ResourceConflictException",
        "ResourceInUseException",
        "ConcurrentUpdateException",
        "BackupInUseException",
        "TableInUseException",
    }
)

# What Cognito says of users: botocore's text of each exception (cognito-idp).
_USERS = {
    "UsernameExistsException": (
        "Somebody else has made this user at the same time, or Cognito's list of users was behind, or the connection"
        " was lost after it was made: run the same task again."
    ),
    "AliasExistsException": (
        "Another user signs in with this address, number or name: take it from that user first, or give another one."
    ),
    "CodeDeliveryFailureException": (
        "The message could not be sent; the user may be there nevertheless. Mend the pool's e-mail or SMS settings and"
        " renew the invitation (renew_invitation: always; manage-users.yml: -e user_accounts_renew_invitation=always), or"
        " hand the password over (invite: handover; -e user_accounts_invite=handover)."
    ),
    "UnsupportedUserStateException": "Its state does not allow that: look at its status with cognito_user_info.",
    "UserLambdaValidationException": "A trigger function of the pool refused it: the function's log says why.",
}

# Where `make local-up` starts the embedded AWS when no port is named (PORT in the Makefile).
_LOCAL_PORT = 5610


class AwsError(Exception):
    """AWS, or the way to it, said no.

    Attributes:
        code: AWS's error code, or the name of the exception when no answer came.
    """

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


def from_answer(action: str, response: Mapping[str, Any]) -> AwsError:
    """An error that AWS answered (`botocore.exceptions.ClientError.response`), with the way out."""
    error = response.get("Error", {})
    code, text = str(error.get("Code", "Unknown")), str(error.get("Message", "")).strip()
    if code in _QUOTES_REQUEST:
        told = _WRONG_REGION.search(text)
        text = told[0] if told else ""
    said = f"{action} was refused: {code}" + (f": {text}" if text else "")
    return AwsError(f"{said.rstrip('.')}. {_way_out(action, code, text)}".strip(), code)


def _way_out(action: str, code: str, text: str) -> str:
    # Lambda keeps some concurrency for functions without a reservation, and no API tells how much it is.
    if minimum := re.search(r"UnreservedConcurrentExecutions? below its minimum value of \[(\d+)\]", text):
        return (
            f"AWS keeps {minimum[1]} unreserved in this account: reserve less, clear another reservation, or ask for a"
            f" higher quota. With unreserved_minimum: {minimum[1]} this is found before anything is written."
        )
    if _WRONG_REGION.search(text):
        return WRONG_REGION
    if "Secrets Manager cannot invoke the specified Lambda function" in text:
        # https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets-required-permissions-function.html
        return "Let secretsmanager.amazonaws.com invoke it (aws lambda add-permission); it may also be gone."
    if code in _DENIED:
        return f"Allow {action} to the role or user that runs this, or use another profile."
    if code in _CREDENTIALS:
        return "The credentials are not valid or have expired: sign in again, or name another profile."
    if code in _MISSING:
        return "Check the name, the region and the account."
    if code in _BUSY:
        return "Something else is changing it right now: run the same task again when that is done."
    if code == "PreconditionFailedException":
        # A call whose answer was lost is sent again by botocore, and then meets what it has changed itself.
        return (
            "Somebody has changed it since it was read, or the connection was lost after the change was made: look at"
            " it, and run the same task again."
        )
    if code == "ContinuousBackupsUnavailableException":
        return "AWS is still preparing backups of the new table: run the same task again in a minute."
    if code in ("DecryptionFailure", "EncryptionFailure"):
        return "Check that the secret's key is enabled, and allow kms:Decrypt and kms:GenerateDataKey with it."
    if code == "ResourceExistsException" and action == "secretsmanager:PutSecretValue":
        return "Another run with the same stamp has made this version already: run the same task again, which takes it."
    if code == "LimitExceededException":
        return (
            "A quota of the account or a limit in time is used up: ask for less, wait, or raise it in Service Quotas."
        )
    if code in _USERS:
        return _USERS[code]
    if code in THROTTLES:
        return "The account's request rate is used up by others: run the same task again, or raise wait_timeout."
    return ""


def from_silence(action: str, error: Exception) -> AwsError:
    """No answer came: botocore's own exceptions (no credentials, no connection, bad arguments), with the way out."""
    name = type(error).__name__
    endpoint = re.search(r'"(https?://[^"]+)"', str(error))
    if name in ("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"):
        way_out = "Name a profile, sign in (aws sso login), or set the AWS_* environment variables."
    elif name == "EndpointConnectionError" and endpoint and _is_loopback(endpoint.group(1)):
        way_out = "Nothing listens there. If it is the embedded AWS that you want, start it with: " + local_up(
            endpoint.group(1)
        )
    elif name in ("EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError", "ConnectionClosedError"):
        way_out = "Check the region's name and the network, then run the same task again."
    else:
        way_out = ""
    return AwsError(f"{action} got no answer: {str(error).strip().rstrip('.')}. {way_out}".strip(), name)


def local_up(endpoint_url: str) -> str:
    """The command that starts the embedded AWS at this endpoint."""
    port = urlsplit(endpoint_url).port
    return "make local-up" if port in (None, _LOCAL_PORT) else f"make local-up PORT={port}"


def _is_loopback(url: str) -> bool:
    return (urlsplit(url).hostname or "") in ("127.0.0.1", "localhost", "::1")
