# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Making many users with groups under Cognito's rates, and finding that they are all there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.contenders.users import (
    COLLECTION_USERS,
    USERS_COMMAND,
    USERS_LOOP,
    USERS_THREADS,
    USERS_THREADS_PATIENT,
    UsersJob,
    address,
)
from benchmarks.harness import LATENCY, Size, Task
from benchmarks.processes import Stub
from benchmarks.results import Goal, Section
from benchmarks.side_by_side import Entry, SideBySide
from benchmarks.stub.users import COGNITO_RATES, LIST_PAGE

_GROUPS = ("administrators", "field_engineers", "procurement_specialists", "warehouse_managers")

_NEAR = 1.1


def make_users(
    number: int, *, rates: Mapping[str, float] | None = None, already: bool = False, aws: str | None = None
) -> Task[UsersJob]:
    """Make users, each in two groups.

    Args:
        number: How many.
        rates: The endpoint's rate limits by category; Cognito's own without.
        already: The users are as wanted before it starts.
        aws: As in `Size`.
    """
    groups = {f"bench-user-{n:04d}": [_GROUPS[(n + more) % len(_GROUPS)] for more in (0, 1)] for n in range(number)}
    wanted = {
        name: {"attributes": {"email": address(name), "email_verified": "true"}, "groups": sorted(some)}
        for name, some in groups.items()
    }

    def lost(report: Mapping[str, Any], _said: str) -> int:
        there = report["users"]
        return sum(there.get(name) != wanted.get(name) for name in {*wanted, *there})

    settings = {
        "groups": _GROUPS,
        "users": wanted if already else {},
        "rates": dict(COGNITO_RATES if rates is None else rates),
        "latency": LATENCY,
    }
    return Task("users", settings, number, UsersJob(aws=aws, users=groups), lost)


def users(endpoint: Stub, size: Size) -> Section:
    """1,000 users with two groups each."""
    number = size.users
    task = make_users(number)
    loops = make_users(max(5, number // 50), aws=size.aws)
    entries = [
        *(Entry(each, loops, of=number) for each in (USERS_LOOP, USERS_COMMAND)),
        *(Entry(each, task) for each in (USERS_THREADS, USERS_THREADS_PATIENT, COLLECTION_USERS)),
    ]
    runs = SideBySide(endpoint, size, entries, COLLECTION_USERS)
    creating, adding = number / COGNITO_RATES["UserCreation"], 2 * number / COGNITO_RATES["UserResourceUpdate"]
    # The first of them cannot be sent before its user is there.
    least = LATENCY + max(0.0, adding - 1) + LATENCY
    throttled = sum(run.throttled for run in runs.all_of_ours)
    lost = sum(run.lost for run in runs.all_of_ours)
    about = f"{number} users with two groups each"
    return runs.section(
        f"{about}, under Cognito's rates",
        f"{LATENCY * 1000:.0f} ms for each call, and the endpoint throttles as Cognito does, by category of operations: "
        "creating users 50 requests a second, memberships of groups 25, lists 30, each with one second's worth at once after "
        "a rest (AWS publishes no burst; this one is the stub's). Each user gets a verified e-mail address, is invited by "
        "Cognito and is in two groups; one that is not exactly so afterwards is lost. Creating users and putting them into "
        "groups can be done at the same time, so the slower of the two is the limit. The loops would take half an hour, so they "
        f"are measured on {loops.targets} users, and their time on the API is multiplied. boto3's default "
        "retries (`legacy`) do not know how Cognito says that a call is throttled, so they do not try again; the peer with "
        "10 attempts uses the mode `standard`, which does.",
        limits=[
            runs.limit("limit: creating them, calls / rate", creating),
            runs.limit("limit: their groups, calls / rate", adding),
            runs.limit("the same with the endpoint's burst", least),
        ],
        goals=[
            runs.near(f"{about}: within {_NEAR}x of what Cognito's rates allow", _NEAR, max(creating, adding), least),
            Goal(
                f"{about}: 0 calls throttled",
                f"{throttled} of {sum(run.calls for run in runs.all_of_ours)}",
                bool(runs.ours) and throttled == 0,
            ),
            Goal(
                f"{about}: 0 users lost",
                f"{lost} in {len(runs.all_of_ours)} runs",
                bool(runs.ours) and lost == 0,
            ),
        ],
    )


def users_again(endpoint: Stub, size: Size) -> Section:
    """All of them are as wanted already."""
    number = size.users
    runs = SideBySide(endpoint, size, [Entry(COLLECTION_USERS, make_users(number, already=True))], COLLECTION_USERS)
    writes = sum(run.writes for run in runs.all_of_ours)
    # The list of users, and those of the groups, in which there are two for each user.
    all_of_them = -(-number // LIST_PAGE)
    pages = all_of_them + len(_GROUPS) * -(-2 * number // (len(_GROUPS) * LIST_PAGE))
    rate = COGNITO_RATES["UserList"]
    # A list's pages come one after the other.
    least = max(max(0.0, pages - rate) / rate, all_of_them * LATENCY)
    return runs.section(
        f"A second run of the same {number} users",
        f"Cognito's rates and {LATENCY * 1000:.0f} ms latency; every user is as the task wants it before it starts. The "
        "users are read from the lists of the pool and of its groups, 60 a page.",
        limits=[
            runs.limit("limit: the pages of these lists, calls / rate", pages / rate),
            runs.limit("the same with the endpoint's burst", least),
            runs.limit(
                "limit: each user and its groups by themselves, calls / rate",
                number / COGNITO_RATES["UserResourceRead"],
            ),
        ],
        goals=[
            Goal(
                f"second run of the same {number} users: 0 writes",
                f"{writes} in {len(runs.all_of_ours)} runs, {runs.of_ours('seconds'):.1f} s each",
                bool(runs.ours) and writes == 0,
            )
        ],
    )
