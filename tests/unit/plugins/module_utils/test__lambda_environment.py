# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._lambda_environment import (
    check_name,
    check_size,
    looks_secret,
    read_variables,
    variables_of,
    without_values,
)
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("DB_PASSWORD", True),
        ("password", True),
        ("dbPassword", True),
        ("CLIENT_SECRET", True),
        ("DATABASE_SECRET", True),
        ("SLACK_TOKEN", True),
        ("PRIVATE_KEY", True),
        ("AWS_CREDENTIALS", True),
        ("SUPPLIER_API_KEY", True),
        ("DATABASE_SECRET_ARN", False),
        ("SECRET_NAME", False),
        ("ACCESS_KEY_ID", False),
        ("TOKEN_TTL", False),
        ("MAX_TOKENS", False),
        ("TOKENIZER", False),
        ("SESSIONS_TABLE", False),
        ("PARTITION_KEY", False),
        ("SECRETARY", False),
    ],
)
def test_a_secret_is_known_by_a_word_of_its_name(name: str, secret: bool) -> None:
    assert looks_secret(name) is secret
    assert looks_secret(name, "arn:aws:secretsmanager:us-east-1:123456789012:secret:x") is False


def test_variables_are_text() -> None:
    assert read_variables("f", "environment", {"COUNT": 5, "RATE": 0.5, "EMPTY": ""}) == {
        "COUNT": "5",
        "RATE": "0.5",
        "EMPTY": "",
    }
    assert read_variables("f", "environment", None) == {}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"ON": True}, "ON is bool"),
        ({"NONE": None}, "NONE is empty"),
        ({"LIST": ["a-hidden-value"]}, "LIST is list"),
        ({"AWS_REGION": "x"}, "AWS_REGION is set by Lambda itself"),
        ({"a-b": "x"}, "a-b cannot be a variable's name"),
        ({"X": "x"}, "X cannot be a variable's name"),
        ({"1ST": "x"}, "1ST cannot be"),
    ],
)
def test_what_no_function_can_have_is_refused_without_its_value(given: dict[str, Any], says: str) -> None:
    with pytest.raises(Refused, match=says) as got:
        read_variables("f", "environment", given)
    assert "a-hidden-value" not in str(got.value)


def test_a_name_alone_is_checked_too() -> None:
    check_name("f", "FINE")
    with pytest.raises(Refused, match="_HANDLER is set by Lambda"):
        check_name("f", "_HANDLER")


def test_the_size_is_that_of_the_json() -> None:
    check_size("f", {"BIG": "x" * (4096 - 10)})
    with pytest.raises(Refused, match="would have 4097 bytes as JSON"):
        check_size("f", {"BIG": "x" * (4096 - 9)})
    with pytest.raises(Refused, match="4098 bytes"):
        check_size("f", {"BIG": "ü" * 2044})


def test_an_environment_that_cannot_be_decrypted_is_never_taken_for_an_empty_one() -> None:
    assert variables_of({}) == {}
    assert variables_of({"Environment": {"Variables": {"A1": "b"}}}) == {"A1": "b"}
    configuration = {
        "FunctionName": "f",
        "Environment": {"Error": {"ErrorCode": "AccessDeniedException", "Message": "Lambda was unable to decrypt."}},
    }
    with pytest.raises(AwsError, match=r"f: its environment cannot be read.*unable to decrypt\. Allow kms:Decrypt"):
        variables_of(configuration)


def test_what_aws_quotes_of_an_environment_is_cut_out() -> None:
    variables = {"PW": "hunter22", "LONG": "hunter22-and-more", "ENV": "prod", "N1": "1"}
    text = 'lambda:X was refused: limit. String measured: {"PW":"hunter22","N1":"1"}. Bad value hunter22-and-more, 1 in prod'
    said = without_values(text, variables, "orders-prod")
    assert said == "lambda:X was refused: limit.. Bad value (hidden), 1 in prod"
