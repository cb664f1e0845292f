# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which texts name a secret."""

from __future__ import annotations

import pytest

from ansible_collections.runbook.aws.plugins.module_utils._secretsmanager_names import names_secret

NAME = "/shop/prod/db"
PARTIAL = f"arn:aws:secretsmanager:us-east-1:111122223333:secret:{NAME}"
ARN = f"{PARTIAL}-a1B2c3"


@pytest.mark.parametrize("secret", [NAME, PARTIAL, ARN])
@pytest.mark.parametrize("text", [NAME, PARTIAL, ARN])
def test_a_secret_is_known_by_its_name_and_by_both_forms_of_its_arn(text: str, secret: str) -> None:
    assert names_secret(text, secret)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("", NAME),
        (f"{NAME}-2", NAME),
        (f"{NAME} ", NAME),
        (f"resolve:{NAME}", NAME),
        (f"{PARTIAL}-longer", NAME[:-1]),
        (f"{ARN}:password::", NAME),
        (ARN.replace("us-east-1", "eu-west-1"), ARN),
        (ARN.replace("111122223333", "444455556666"), ARN),
        (ARN.replace(":secret:", ":other:"), NAME),
        (ARN.replace("secretsmanager", "ssm"), NAME),
    ],
)
def test_what_is_another_one_or_only_contains_it_does_not_name_it(text: str, secret: str) -> None:
    assert not names_secret(text, secret)


def test_a_name_that_looks_like_the_end_of_an_arn_counts_in_both_readings() -> None:
    assert names_secret(f"{PARTIAL}-secret", f"{NAME}-secret")
    assert names_secret(f"{PARTIAL}-secret-a1B2c3", f"{NAME}-secret")
