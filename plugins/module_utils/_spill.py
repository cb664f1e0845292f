# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Lines of text that may be too many for memory, kept in files that nobody has to remove.

The files have no name (tempfile.TemporaryFile, O_TMPFILE), so they are gone with the process, however it ends, and
nobody else can open them. Standard library only.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, TypeVar

from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused

# Two sets of lines of this size, in memory, are a few times as much.
SMALL = 2 * 1024 * 1024
PARTS = 16

T = TypeVar("T")


def _nameless() -> IO[bytes]:
    return tempfile.TemporaryFile(prefix="runbook-")


def part_of(key: str, parts: int, depth: int = 0) -> int:
    """Where a key belongs; another depth spreads anew what fell into one part before. The same only in one run."""
    return hash((depth, key)) % parts


class Lines:
    """Lines in a file without a name. Written from several threads, then read."""

    def __init__(self) -> None:
        self._file = _nameless()
        self._lock = threading.Lock()
        self.number = 0
        self.size = 0

    def add(self, text: str) -> None:
        """Add whole lines, each with its end.

        Raises:
            Refused: There is no room for them.
        """
        if text:
            data = text.encode()
            with self._lock:
                try:
                    self._file.write(data)
                except OSError as error:
                    raise Refused(
                        f"The temporary folder {tempfile.gettempdir()} can not be written: {error.strerror}. Make room in"
                        " it, or name another one in the environment variable TMPDIR, and run the same task again."
                    ) from error
                self.number += text.count("\n")
                self.size += len(data)

    def extend(self, lines: Sequence[str]) -> None:
        """Add lines without their ends; none of them holds one."""
        self.add("".join(f"{line}\n" for line in lines))

    def __iter__(self) -> Iterator[str]:
        """The lines without their ends, one at a time, from the first on."""
        self._file.seek(0)
        for line in self._file:
            yield line[:-1].decode()

    def read(self) -> set[bytes]:
        """All lines at once."""
        self._file.seek(0)
        return set(self._file.read().split(b"\n")[:-1])

    def close(self) -> None:
        """Give the space back."""
        self._file.close()


class Spill:
    """Lines `key, tab, text`, spread over files by their key, so that two spills can be joined file by file."""

    def __init__(self, depth: int = 0) -> None:
        self.depth = depth
        self.parts = [Lines() for _number in range(PARTS)]

    def add(self, parts: Sequence[str]) -> None:
        """Add whole lines that are spread already, by `part_of` of their keys."""
        for part, text in zip(self.parts, parts, strict=True):
            part.add(text)

    def add_lines(self, lines: Iterable[str]) -> None:
        """Add lines, without their ends."""
        spread: list[list[str]] = [[] for _part in self.parts]
        for line in lines:
            spread[part_of(line.partition("\t")[0], PARTS, self.depth)].append(f"{line}\n")
        self.add(["".join(part) for part in spread])

    @property
    def number(self) -> int:
        """How many lines there are."""
        return sum(part.number for part in self.parts)

    def close(self) -> None:
        """Give the space back."""
        for part in self.parts:
            part.close()


def finer(lines: Lines, depth: int) -> Spill:
    """The same lines spread over files of their own, which closes the one that they were in."""
    spill = Spill(depth)
    for some in batched(lines, 10_000):
        spill.add_lines(some)
    lines.close()
    return spill


def differences(left: Spill, right: Spill) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """What is not the same in both: for each part that fits into memory the keys with their texts, left and right.

    A key that is on both sides has two texts; what is equal is on neither side. The spills are used up.
    """
    for one, other in zip(left.parts, right.parts, strict=True):
        if max(one.size, other.size) > SMALL:
            yield from differences(finer(one, left.depth + 1), finer(other, right.depth + 1))
        else:
            mine, yours = one.read(), other.read()
            one.close()
            other.close()
            yield _by_key(mine - yours), _by_key(yours - mine)


def batched(values: Iterable[T], most: int) -> Iterator[list[T]]:
    """Lists of at most so many."""
    batch: list[T] = []
    for value in values:
        batch.append(value)
        if len(batch) == most:
            yield batch
            batch = []
    if batch:
        yield batch


def _by_key(lines: set[bytes]) -> dict[str, str]:
    found = {}
    for line in lines:
        key, _tab, text = line.decode().partition("\t")
        found[key] = text
    return found
