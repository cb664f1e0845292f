# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.runbook.aws.plugins.filter.rotation_clashes import FilterModule, rotation_clashes

ARN = "arn:aws:secretsmanager:us-east-1:111122223333:secret:/shop/prod/db-a1B2c3"
ELSEWHERE = ARN.replace("us-east-1", "eu-west-1")


def record(*names: str) -> dict[str, Any]:
    return {"name": "other", "details": {"rotation": {"elements": [{"name": name} for name in names]}}}


@pytest.mark.parametrize(
    ("open_one", "wanted", "clashes"),
    [
        ("/shop/prod/db", "/shop/prod/db", True),
        (ARN, "/shop/prod/db", True),
        ("/shop/prod/db", ARN, True),
        (ARN, ELSEWHERE, False),
        ("/shop/prod/db-2", "/shop/prod/db", False),
        ("/shop/prod/d.", "/shop/prod/db", False),
    ],
)
def test_a_secret_is_the_same_however_it_is_named(open_one: str, wanted: str, clashes: bool) -> None:
    there = record("/shop/prod/keys", open_one)
    assert rotation_clashes([there], [{"name": wanted}]) == ([there] if clashes else [])


def test_records_of_anything_else_clash_with_nothing() -> None:
    assert rotation_clashes([{"details": {}}, {"details": {"rotation": {}}}, {}], [{"name": "a"}]) == []
    assert rotation_clashes([record("a")], []) == []


def test_ansible_finds_it() -> None:
    assert FilterModule().filters() == {"rotation_clashes": rotation_clashes}
