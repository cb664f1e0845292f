# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import pytest
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, NoCredentialsError

from ansible_collections.runbook.aws.plugins.module_utils._errors import from_answer, from_silence
from local_aws.cli import DEFAULT_PORT


@pytest.mark.parametrize(
    ("code", "way_out"),
    [
        ("AccessDeniedException", "Allow lambda:PutFunctionConcurrency"),
        ("ExpiredTokenException", "sign in again"),
        ("ResourceNotFoundException", "the region and the account"),
        ("ResourceConflictException", "run the same task again"),
        ("TooManyRequestsException", "wait_timeout"),
    ],
)
def test_an_answer_names_the_action_what_aws_said_and_the_way_out(code: str, way_out: str) -> None:
    error = from_answer("lambda:PutFunctionConcurrency", {"Error": {"Code": code, "Message": "as AWS says it."}})
    assert error.code == code
    assert str(error).startswith(f"lambda:PutFunctionConcurrency was refused: {code}: as AWS says it. ")
    assert way_out in str(error)


def test_an_unknown_code_is_still_told() -> None:
    error = from_answer("lambda:GetFunction", {"Error": {"Code": "Strange", "Message": "x"}})
    assert str(error) == "lambda:GetFunction was refused: Strange: x."


@pytest.mark.parametrize(
    ("silence", "way_out"),
    [
        (NoCredentialsError(), "Name a profile"),
        (EndpointConnectionError(endpoint_url="https://lambda.eu-mars-1.amazonaws.com/"), "region's name"),
    ],
)
def test_silence_is_explained(silence: Exception, way_out: str) -> None:
    assert way_out in str(from_silence("lambda:GetFunction", silence))


@pytest.mark.parametrize(
    ("endpoint", "command"),
    [
        (f"http://127.0.0.1:{DEFAULT_PORT}/", "make local-up"),
        ("http://localhost:5722/", "make local-up PORT=5722"),
        ("http://localhost/", "make local-up"),
    ],
)
def test_silence_of_this_machine_names_the_command_that_starts_the_embedded_aws_there(
    endpoint: str, command: str
) -> None:
    told = str(from_silence("lambda:GetFunction", EndpointConnectionError(endpoint_url=endpoint)))
    assert told.endswith(f"start it with: {command}")


def test_a_connection_that_broke_off_is_not_told_as_nobody_listening() -> None:
    told = str(from_silence("lambda:GetFunction", ConnectionClosedError(endpoint_url="http://127.0.0.1:5610/")))
    assert "Nothing listens" not in told
    assert told.endswith("then run the same task again.")


@pytest.mark.parametrize("code", ["SignatureDoesNotMatch", "InvalidSignatureException", "AuthFailure"])
def test_a_region_that_does_not_exist_is_told_and_nothing_else_of_the_signature(code: str) -> None:
    text = "Credential should be scoped to a valid region, not 'mars-north-1'. x-amz-security-token:IQoJb3"
    answer = {"Error": {"Code": code, "Message": text if code != "AuthFailure" else text.partition(" x-amz")[0]}}
    assert str(from_answer("lambda:GetFunction", answer)) == (
        f"lambda:GetFunction was refused: {code}: Credential should be scoped to a valid region, not 'mars-north-1'. "
        "There is no such region here: check its name."
    )


@pytest.mark.parametrize("word", ["ReservedConcurrentExecutions", "ConcurrentExecutions"])
@pytest.mark.parametrize("minimum", [10, 50])
def test_the_minimum_that_aws_names_is_the_way_out(word: str, minimum: int) -> None:
    said = f"Specified {word} for function decreases account's UnreservedConcurrentExecution below its minimum value of"
    answer = {"Error": {"Code": "InvalidParameterValueException", "Message": f"{said} [{minimum}]."}}
    error = from_answer("lambda:PutFunctionConcurrency", answer)
    assert said in str(error) and f"unreserved_minimum: {minimum}" in str(error)
    assert error.code == "InvalidParameterValueException"


def test_a_text_that_may_quote_the_signed_request_is_left_out() -> None:
    text = "The Canonical String should have been 'x-amz-security-token:IQoJb3JpZ2luX2Vj...'"
    error = from_answer("sts:GetCallerIdentity", {"Error": {"Code": "SignatureDoesNotMatch", "Message": text}})
    assert "token" not in str(error) and "sign in again" in str(error)


@pytest.mark.parametrize(
    ("code", "way_out"),
    [
        ("DecryptionFailure", "allow kms:Decrypt and kms:GenerateDataKey"),
        ("EncryptionFailure", "allow kms:Decrypt and kms:GenerateDataKey"),
        ("ResourceExistsException", "run the same task again, which takes it"),
    ],
)
def test_a_value_that_cannot_be_put_has_a_way_out(code: str, way_out: str) -> None:
    assert way_out in str(from_answer("secretsmanager:PutSecretValue", {"Error": {"Code": code, "Message": "x"}}))
