# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Lines of text that may be too many for memory, kept in files that nobody has to remove.

The files have no name (tempfile.TemporaryFile, O_TMPFILE), so they are gone with the process, however it ends, and nobody
else can open them. Standard library only.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterable, Iterator
from typing import IO

# Two sets of lines of this size, in memory, are a few times as much.
SMALL = 8 * 1024 * 1024
_PARTS = 16


def _nameless() -> IO[bytes]:
    return tempfile.TemporaryFile(prefix="runbook-")


class Lines:
    """Lines in a file without a name. Written from several threads, then read."""

    def __init__(self) -> None:
        self._file = _nameless()
        self._lock = threading.Lock()
        self.number = 0
        self.size = 0

    def extend(self, lines: list[str]) -> None:
        """Add lines; none of them holds a line's end."""
        if lines:
            data = ("\n".join(lines) + "\n").encode()
            with self._lock:
                self._file.write(data)
                self.number += len(lines)
                self.size += len(data)

    def __iter__(self) -> Iterator[str]:
        """The lines, one at a time, from the first on."""
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
        self._depth = depth
        self.parts = [Lines() for _number in range(_PARTS)]

    def extend(self, lines: Iterable[tuple[str, str]]) -> None:
        """Add (key, text) pairs; a key has neither tab nor line's end in it."""
        buffers: list[list[str]] = [[] for _part in self.parts]
        depth = self._depth
        for key, text in lines:
            # Another depth spreads what fell into one file here.
            buffers[hash((depth, key)) % _PARTS].append(f"{key}\t{text}")
        for part, buffer in zip(self.parts, buffers, strict=True):
            part.extend(buffer)

    @property
    def number(self) -> int:
        """How many lines there are."""
        return sum(part.number for part in self.parts)

    def close(self) -> None:
        """Give the space back."""
        for part in self.parts:
            part.close()


def differences(left: Spill, right: Spill) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """What is not the same in both: for each part that fits into memory the keys with their texts, left and right.

    A key that is on both sides has two texts; what is equal is on neither side. The spills are used up.
    """
    for one, other in zip(left.parts, right.parts, strict=True):
        if max(one.size, other.size) > SMALL:
            yield from differences(_finer(one, left), _finer(other, right))
        else:
            mine, yours = one.read(), other.read()
            one.close()
            other.close()
            yield _by_key(mine - yours), _by_key(yours - mine)


def _finer(lines: Lines, of: Spill) -> Spill:
    spill = Spill(of._depth + 1)
    waiting: list[tuple[str, str]] = []
    for line in lines:
        key, _tab, text = line.partition("\t")
        waiting.append((key, text))
        if len(waiting) == 10_000:
            spill.extend(waiting)
            waiting.clear()
    spill.extend(waiting)
    lines.close()
    return spill


def _by_key(lines: set[bytes]) -> dict[str, str]:
    found = {}
    for line in lines:
        key, _tab, text = line.decode().partition("\t")
        found[key] = text
    return found
