# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused
from ansible_collections.runbook.aws.plugins.module_utils._s3 import Bucket
from ansible_collections.runbook.aws.plugins.module_utils._s3_plan import COPY, MARK, Expiry, Step
from ansible_collections.runbook.aws.plugins.module_utils._s3_restore import read_targets
from ansible_collections.runbook.aws.plugins.module_utils._s3_rewind import CHANGED, CREATED, Rewound, reached
from ansible_collections.runbook.aws.plugins.module_utils._s3_writer import MOST_FAILURES, SHOWN, Tally, Written

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
BUCKET = Bucket("data", NOW, "Enabled")


def wish(bucket: str, prefix: str) -> dict[str, Any]:
    return {"bucket": bucket, "prefix": prefix, "to": "2h ago"}


def test_a_prefix_inside_another_is_refused() -> None:
    with pytest.raises(Refused, match=r"s3://b/data/x/ is inside s3://b/data/: name only one"):
        read_targets([wish("b", "data/"), wish("c", "data/x/"), wish("b", "data/x/")])
    apart = read_targets([wish("b", "data/"), wish("c", "data/x/"), wish("b", "other/")])
    assert [target.name for target in apart] == ["s3://b/data/", "s3://c/data/x/", "s3://b/other/"]


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("2h ago", "2026-01-31T10:00:00Z"),
        ("2026-01-31T11:00:00.9+01:00", "2026-01-31T10:00:00Z"),
    ],
)
def test_a_time_is_meant_to_the_second(to: str, expected: str) -> None:
    assert reached("p", BUCKET, "", to) == expected


@pytest.mark.parametrize(
    ("bucket", "to", "why"),
    [
        (replace(BUCKET, versioning=""), "2h ago", "versioning of data is off.*runbook.aws.s3_copy"),
        (replace(BUCKET, versioning="Suspended"), "2h ago", "versioning of data is suspended"),
        (BUCKET, "latest", "the latest state is what is there"),
        (BUCKET, "2026-02-01T00:00:00Z", "in the future"),
        (BUCKET, "2026-01-31T10:00:00", "time zone"),
        (BUCKET, "yesterday", "is no time"),
        (
            replace(BUCKET, expiries=(Expiry(30, 0, "", "thin"),)),
            "31d ago",
            "is 30 days ago or more.*rule thin of data",
        ),
        (replace(BUCKET, expiries=(Expiry(30, 0, "data/x/", "thin"),)), "31d ago", "lifecycle rule thin"),
    ],
)
def test_a_time_that_the_bucket_does_not_reach_back_to_is_refused(bucket: Bucket, to: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        reached("s3://data/data/", bucket, "data/", to)


@pytest.mark.parametrize(
    "rule", [Expiry(30, 0, "other/", "thin"), Expiry(32, 0, "", "thin"), Expiry(30, 1, "", "thin")]
)
def test_other_rules_leave_the_time_alone(rule: Expiry) -> None:
    assert reached("p", replace(BUCKET, expiries=(rule,)), "data/", "31d ago") == "2025-12-31T12:00:00Z"


def rewound(bucket: Bucket = BUCKET) -> Rewound:
    found = Rewound("s3://data/data/", bucket, "2026-01-31T10:00:00Z")
    for number in range(SHOWN + 5):
        step = Step(COPY, f"k{number}", size=10)
        found.counts.add(CHANGED, step)
        found.copies.add(step.line())
    found.counts.add(CREATED, Step(MARK, "new"))
    found.marks.add(Step(MARK, "new").line())
    return found


def test_there_is_one_call_of_each_kind_in_the_plan_and_the_numbers_beside_it() -> None:
    found = rewound()
    assert [call.operation for call in found.calls(Prefix="data/")] == ["CopyObject", "DeleteObjects"]
    fields = found.counts.fields()
    assert fields["changes"] == {
        "changed": SHOWN + 5,
        "deleted": 0,
        "created": 1,
        "unchanged": 0,
        "bytes": 10 * (SHOWN + 5),
    }
    assert len(fields["keys"]["changed"]) == SHOWN and fields["keys"]["created"] == ["new"]


def test_keys_that_can_not_be_brought_back_are_named_with_the_reason() -> None:
    found = rewound()
    for number in range(30):
        found.counts.problem("was in GLACIER, which can not be read before RestoreObject", f"cold{number}")
    found.counts.problem("was written without versioning", "n")
    with pytest.raises(Refused, match=r"cold0, cold1, cold2, … was in GLACIER.*; n was written without") as refused:
        found.refuse_problems()
    assert [len(problem["keys"]) for problem in refused.value.fields["problems"]] == [SHOWN, 1]


def test_rules_that_may_not_be_read_are_told() -> None:
    assert rewound().notes() == ()
    (note,) = rewound(replace(BUCKET, expiries=None)).notes()
    assert "not observable" in note and "s3:GetLifecycleConfiguration" in note


def test_failures_are_counted_and_the_first_are_named() -> None:
    tally = Tally()
    tally.refuse(10)
    for number in range(30):
        tally.note(Written(Step(COPY, f"k{number}"), error=AwsError("denied", "AccessDenied")))
    tally.note(Written(Step(COPY, "fine")))
    with pytest.raises(
        Refused, match=r"30 of 40 keys failed, 1 are done, 9 were not tried any more\. The first: k0: denied"
    ):
        tally.refuse(40)
    assert tally.failed == 30 and len(tally.failures) == SHOWN and not tally.hopeless


@pytest.mark.parametrize(("failures", "code"), [(MOST_FAILURES, "AccessDenied"), (1, "RunEnded")])
def test_there_is_no_use_in_trying_for_ever(failures: int, code: str) -> None:
    tally = Tally()
    for number in range(failures):
        assert not tally.hopeless
        tally.note(Written(Step(COPY, f"k{number}"), error=AwsError("no", code)))
    assert tally.hopeless
