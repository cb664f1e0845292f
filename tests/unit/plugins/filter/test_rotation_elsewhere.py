# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import pytest

from ansible_collections.runbook.aws.plugins.filter.rotation_elsewhere import FilterModule, rotation_elsewhere

OWN = ["/shop/dev/db", "/shop/both"]
OTHERS = {"shop-prod": {"db": "/shop/prod/db", "both": "/shop/both"}, "shop-test": {}}
ARN = "arn:aws:secretsmanager:us-east-1:111122223333:secret:/shop/prod/db-a1B2c3"


@pytest.mark.parametrize("name", ["/shop/prod/db", ARN])
def test_a_secret_of_another_environment_is_to_be_rotated_there(name: str) -> None:
    (found,) = rotation_elsewhere([{"name": "/shop/dev/db"}, {"name": name}], OWN, OTHERS)
    assert found["secret"] == name
    assert "it belongs to shop-prod. Run this with --limit shop-prod" in found["why"]


@pytest.mark.parametrize("name", ["/shop/dev/db", "/shop/both", "/made/by/hand"])
def test_any_other_secret_is_none_of_them(name: str) -> None:
    assert rotation_elsewhere([{"name": name}], OWN, OTHERS) == []


def test_ansible_finds_it() -> None:
    assert FilterModule().filters() == {"rotation_elsewhere": rotation_elsewhere}
