# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the module `s3_restore` wishes, and what comes of it."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._aws import Aws
from ansible_collections.runbook.aws.plugins.module_utils._moments import stamp
from ansible_collections.runbook.aws.plugins.module_utils._plan import Plan, Refused, Target
from ansible_collections.runbook.aws.plugins.module_utils._s3 import Reader
from ansible_collections.runbook.aws.plugins.module_utils._s3_plan import Version
from ansible_collections.runbook.aws.plugins.module_utils._s3_rewind import Rewind, Rewound, reached

# How many prefixes are named instead of one that is misspelt.
_SHOWN = 5


@dataclass(frozen=True)
class Prefix:
    """One element of the option `prefixes`."""

    bucket: str
    prefix: str
    to: str = ""

    @property
    def name(self) -> str:
        """How it is shown."""
        return f"s3://{self.bucket}/{self.prefix}"


def read_targets(prefixes: Sequence[Mapping[str, Any]]) -> list[Target]:
    """The option `prefixes` as targets.

    Raises:
        Refused: One prefix is inside another.
    """
    wishes = [Prefix(said["bucket"], said["prefix"], said["to"]) for said in prefixes]
    for one, other in itertools.permutations(wishes, 2):
        if one.bucket == other.bucket and one.prefix != other.prefix and one.prefix.startswith(other.prefix):
            raise Refused(f"{one.name} is inside {other.name}: name only one of them.")
    return [Target(wish.name, wish) for wish in wishes]


class Restores:
    """Reads, plans and carries out. For `OpsModule.run` it is the way to AWS too: a call stands for many.

    Args:
        aws: The way to AWS.
        workers: How many calls at the same time.
    """

    def __init__(self, aws: Aws, workers: int) -> None:
        self._reader = Reader(aws)
        self._rewind = Rewind(aws, self._reader, workers)
        self._found: dict[str, Rewound] = {}

    def fetch(self, target: Target) -> tuple[Rewound, datetime]:
        """Compare a prefix with what it was; also AWS's time when the last of it was read.

        Raises:
            Refused: The bucket does not keep what was there then, or never had such a key.
            AwsError: AWS refused, or did not answer.
        """
        wish: Prefix = target.desired
        bucket = self._reader.bucket(wish.bucket)
        listing = self._reader.listing(wish.bucket, wish.prefix)
        to = reached(wish.name, bucket, wish.prefix, wish.to)
        found = self._rewind.compare(wish.name, bucket, to, self._checked(wish, listing))
        self._found[wish.name] = found
        return found, listing.at

    def _checked(self, wish: Prefix, listing: Iterable[Version]) -> Iterator[Version]:
        """The listing, which is refused if it is empty: a prefix that never had a key is misspelt."""
        walk = iter(listing)
        first = next(walk, None)
        if first is None and wish.prefix:
            raise Refused(
                f"{wish.name}: {wish.bucket} never had a key that begins so. {self._instead(wish)} "
                "Correct the prefix; capitals count."
            )
        return itertools.chain([] if first is None else [first], walk)

    def _instead(self, wish: Prefix) -> str:
        """Which prefixes there are, first those that look like it."""
        above = wish.prefix.rstrip("/")
        while above:
            above = above[: above.rstrip("/").rfind("/") + 1]
            if there := self._reader.beginnings(wish.bucket, above):
                alike = difflib.get_close_matches(wish.prefix, there, _SHOWN)
                named = [*alike, *(name for name in there if name not in alike)]
                return f"It has {', '.join(named[:_SHOWN])}{', …' if named[_SHOWN:] else ''}."
        return "It has no key at all."

    def plan(self, target: Target, state: tuple[Rewound, datetime], _context: Any) -> Plan:
        """What bringing a prefix back means.

        Raises:
            Refused: Some keys can not be brought back.
        """
        found, at = state
        found.refuse_problems()
        place = {"bucket": target.desired.bucket, "prefix": target.desired.prefix}
        after = {**place, "to": found.to, **found.counts.fields()}
        calls = found.calls(Bucket=target.desired.bucket, Prefix=target.desired.prefix)
        return Plan({**place, "to": stamp(at)}, after, calls, found.notes())

    def call(self, _service: str, operation: str, /, **arguments: Any) -> dict[str, Any]:
        """All calls of one kind of one prefix; see `Rewind.carry_out`."""
        self._rewind.carry_out(self._found[Prefix(arguments["Bucket"], arguments["Prefix"]).name], operation)
        return {}

    def settled(self, _settle: Any) -> bool:
        """S3 answers when it is done, so nothing is waited for."""
        return True

    def confirm(self, target: Target, _plan: Plan, _learned: Mapping[str, Any]) -> Mapping[str, Any]:
        """Whether every key was brought back.

        Raises:
            Refused: Some were not; with their number and the first of them.
        """
        self._found[target.name].refuse_failures()
        return {}
