# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The change log: what a finished task changed, as entries without secrets, and a file that many runs append to."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

OWN = "runbook.aws."
HIDDEN = "(hidden)"
# What keeps the table of locks and records.
BOOKKEEPING = frozenset({"runbook.aws.operation_lock", "runbook.aws.operation_record"})

# Names of values that are nobody's business. What such a name is only the address of (SecretArn, token_name) is shown.
_SECRET = re.compile(
    r"pass(word|wd|phrase)|secret|token|credential|private_?key|access_?key|api_?key|authorization", re.IGNORECASE
)
_ADDRESS = re.compile(r"(arn|name|id)s?$", re.IGNORECASE)
# user:password@ in a URL.
_IN_URL = re.compile(r"(?<=://)[^/\s:@]+:[^@\s/]+(?=@)")


def without_secrets(value: Any, name: str = "") -> Any:
    """A value as it may be written down. Numbers stay: a fencing token is one, and a count is no secret."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if _SECRET.search(name) and not _ADDRESS.search(name):
        return HIDDEN
    if isinstance(value, Mapping):
        return {str(key): without_secrets(item, str(key)) for key, item in value.items() if not _internal(key)}
    if isinstance(value, list | tuple):
        return [without_secrets(item) for item in value]
    return _IN_URL.sub(HIDDEN, str(value))


def _internal(key: Any) -> bool:
    return str(key).startswith("_ansible_")


def entries(module: str, result: Mapping[str, Any], *, failed: bool, no_log: bool) -> Iterator[dict[str, Any]]:
    """What one finished task changed: an entry for each changed target of our modules, one for any other task.

    Args:
        module: The module's full name.
        result: Its result, as callbacks see it.
        failed: Whether the task failed.
        no_log: Whether its result must not be shown.
    """
    if not result.get("changed"):
        return
    targets = result.get("results")
    if no_log or "censored" in result:
        yield {"hidden": "no_log"}
    elif module.startswith(OWN) and isinstance(targets, list):
        for target in targets:
            if isinstance(target, Mapping) and target.get("changed"):
                shown = {name: target.get(name) for name in ("target", "calls", "before", "after", "error")}
                yield without_secrets(shown)
    else:
        yield {"error": "failed"} if failed else {}


def summary(run: str, path: str, written: int, kept: int) -> str:
    """What is said at the end of a run.

    Args:
        run: The run.
        path: The file of its last entry.
        written: How many entries it has.
        kept: How many of them are bookkeeping.
    """
    number = written - kept
    changes = {0: "No change", 1: "1 change"}.get(number, f"{number} changes")
    lines = "1 line" if kept == 1 else f"{kept} lines"
    return f"{changes} of run {run} in {path}" + (f", and {lines} about its own lock and record" if kept else "")


class ChangeLog:
    """A folder with a file of JSON lines for each UTC date.

    Each line is one write to a file that was opened for appending, so lines of runs at the same time do not mix
    (open(2), O_APPEND: the offset is set and the data written in one step).
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._date = ""
        self._file = -1

    @property
    def path(self) -> Path:
        """The file of the last entry."""
        return self.folder / f"{self._date}.jsonl"

    def append(self, moment: datetime, entry: Mapping[str, Any]) -> None:
        """Add one entry.

        Raises:
            OSError: It could not be written.
        """
        utc = moment.astimezone(UTC)
        self._open(f"{utc:%Y-%m-%d}")
        time = utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = json.dumps({"time": time, **entry}, ensure_ascii=False, separators=(",", ":"), default=str)
        data = f"{line}\n".encode(errors="replace")
        written = os.write(self._file, data)
        if written < len(data):
            raise OSError(f"only {written} of {len(data)} bytes of an entry were written: is the disk full?")

    def close(self) -> None:
        """Close the file; a later entry opens it again."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1

    def _open(self, date: str) -> None:
        if self._file >= 0 and date == self._date:
            return
        self.close()
        self._date = date
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
