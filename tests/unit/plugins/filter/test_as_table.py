# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from ansible_collections.runbook.aws.plugins.filter.as_table import as_table


def test_numbers_stand_to_the_right_and_words_to_the_left() -> None:
    rows = [{"name": "orders", "reserved": 5}, {"name": "b", "reserved": 200}, {"name": "c", "reserved": None}]
    assert as_table(rows, ["name", "reserved"]) == [
        "name    reserved",
        "------  --------",
        "orders         5",
        "b            200",
        "c              -",
    ]


def test_no_rows_are_a_heading() -> None:
    assert as_table([], ["name", "used_share"]) == ["name  used share", "----  ----------"]


def test_what_cannot_be_seen_or_would_steer_a_terminal_is_an_escape() -> None:
    rows = [{"what": "given_name \x1b[31mJane\nDoe\u200b\udcff"}, {"what": "J\u00fcrgen \u2192 \u65e5\u672c"}]
    assert as_table(rows, ["what"])[2:] == [
        r"given_name \x1b[31mJane\nDoe\u200b\udcff",
        "J\u00fcrgen \u2192 \u65e5\u672c",
    ]


def test_booleans_and_fractions_read_like_words() -> None:
    rows = [{"a": True, "b": 12.34}, {"a": False, "b": 3.0}]
    assert as_table(rows, ["a", "b"])[2:] == ["yes  12.3", "no      3"]
