# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Values that are secret are found, and hidden, in whatever form they are told."""

from __future__ import annotations

from ansible_collections.runbook.aws.plugins.module_utils._hidden import told_by, without


def test_values_are_hidden_in_every_form_in_which_they_may_be_quoted() -> None:
    values = ["a\"b'c/d e", "12", "deep-value"]
    for quoted in ("a\"b'c/d e", "a\\\"b'c/d e", "a%22b%27c/d%20e", "a%22b%27c%2Fd%20e", "x deep-value y"):
        assert "(hidden)" in without(f"failed for {quoted} at 12", values)
        assert "c/d" not in without(quoted, values)
    assert without("login failed at 12", values) == "login failed at 12"


def test_a_value_that_another_one_begins_with_leaves_nothing_of_it() -> None:
    assert without("hunter22-and-more", ["hunter22", "hunter22-and-more"]) == "(hidden)"


def test_a_value_is_found_in_whatever_is_shown() -> None:
    shown = [{"name": "orders", "memory_size": 1024, "alias": ["live"], "environment": {"A1": "secretive"}}]
    assert told_by(["02"], shown)
    assert told_by(["secret"], shown)
    assert not told_by(["environment"], shown)
    assert not told_by([], shown)
