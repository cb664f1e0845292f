# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a copy overwrites, kept in a file before it is overwritten, so that giving the file back undoes the copy.

The first line says which table it is of. Each other line is a key, as a list of its values, with the item that was
there, or null where none was, and the fingerprint of the item that was written over it, or nothing where it was
deleted:

    {"export":"runbook.aws.dynamodb_copy","table":"arn:...","key":"id (S)"}
    {"key":["u-17"],"item":{"id":{"S":"u-17"},"plan":{"S":"free"}},"wrote":"9c1185a5c5e9fc54612808977ee8f548"}
    {"key":["u-18"],"item":null,"wrote":"b1946ac92492d2347c6235b4d2611184"}

A run that continues one that was killed adds to the same file, so a key may be there twice. What comes back is the last
item that was not of the copy itself: the first line's, unless somebody has changed the item between the two runs.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_items import Table
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_values import Item, fingerprint
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused
from ansible_collections.runbook.aws.plugins.module_utils._spill import SMALL, Lines, Spill, batched, finer

_KIND = "runbook.aws.dynamodb_copy"


class Kept(NamedTuple):
    """What an export has of a key.

    Attributes:
        key: The key, as text.
        item: What was there, or none.
        wrote: Fingerprints of what the copy has written over it. Anything else there is somebody else's.
    """

    key: str
    item: Item | None
    wrote: frozenset[str]


class Export:
    """The file that a copy writes. It is made with the first item. Safe to use from several threads.

    Args:
        path: The file. If it is there, it is one that an earlier run of the same copy has begun.
        table: The table whose items are kept.

    Raises:
        Refused: The file is something else.
    """

    def __init__(self, path: Path, table: Table) -> None:
        self.path = path
        self._table = table
        self._lock = threading.Lock()
        self._file = -1
        self._added = 0
        # An empty one is what a run leaves that is killed as soon as it has made it.
        self._continued = path.exists() and path.stat().st_size > 0
        if self._continued:
            check_header(path, table)

    @property
    def number(self) -> int:
        """How many keys it has, with those of earlier runs."""
        if not self._continued:
            return self._added
        return sum(len(some) for some in exported(self.path, self._table))

    def add(self, rows: Iterable[tuple[str, Item | None, Item | None]]) -> None:
        """Keep keys, as texts, with what is there and what is about to be written over it; when this returns, a killed
        process does not lose them any more.

        Raises:
            Refused: They can not be written, so nothing may be overwritten.
        """
        # A key's text is JSON already.
        lines = [f'{{"key":{key},"item":{_json(item)},"wrote":"{fingerprint(wrote)}"}}\n' for key, item, wrote in rows]
        data = "".join(lines).encode()
        with self._lock:
            try:
                if self._file < 0:
                    self._open()
                if os.write(self._file, data) < len(data):
                    raise OSError(None, "the disk is full")
                self._added += len(lines)
            except OSError as error:
                raise Refused(
                    f"{self._table.name}: the export {self.path} can not be written: {error.strerror}. Nothing is"
                    " overwritten without it. Name another place in export, or switch it off with without_export."
                ) from error

    def close(self) -> None:
        """Have it on disk, if there is anything in it."""
        with self._lock:
            if self._file >= 0:
                with suppress(OSError):
                    os.fsync(self._file)
                os.close(self._file)
                self._file = -1

    def _open(self) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        size = os.lseek(self._file, 0, os.SEEK_END)
        if not size:
            header = {"export": _KIND, "table": self._table.arn, "key": str(self._table.schema)}
            os.write(self._file, f"{_json(header)}\n".encode())
        else:
            self._cut_short_line(size)

    def _cut_short_line(self, size: int) -> None:
        """What a killed run has written of its last line goes: its items were not overwritten yet."""
        end = size
        while end:
            start = max(0, end - 65536)
            found = os.pread(self._file, end - start, start).rfind(b"\n")
            if found >= 0:
                os.ftruncate(self._file, start + found + 1)
                os.lseek(self._file, 0, os.SEEK_END)
                return
            end = start


def check_header(path: Path, table: Table) -> None:
    """Whether a file is an export that fits a table.

    Raises:
        Refused: It can not be read, or is none, or its items have another key.
    """
    try:
        with path.open(encoding="utf-8") as file:
            header = json.loads(file.readline(10_000))
    except OSError as error:
        raise Refused(f"{table.name}: {path} can not be read: {error.strerror}.") from error
    except ValueError:
        header = None
    if not isinstance(header, dict) or header.get("export") != _KIND:
        raise Refused(f"{table.name}: {path} is no export of this module. Name another file.")
    if header.get("key") != str(table.schema):
        raise Refused(
            f"{table.name}: {path} has items with the key {header.get('key')}, but the table's is {table.schema}."
        )


def exported(path: Path, table: Table) -> Iterator[list[Kept]]:
    """The keys of an export with their items: each key once, in pieces that fit into memory.

    Raises:
        Refused: It is no export that fits the table.
    """
    check_header(path, table)
    spill = Spill()
    with path.open(encoding="utf-8") as file:
        file.readline()
        # The last line of a killed run may be cut: its item was not overwritten yet.
        whole = (line for line in file if line.endswith("\n"))
        for some in batched(whole, 1000):
            try:
                spill.add_lines(_spread(line) for line in some)
            except (ValueError, KeyError) as error:
                raise Refused(
                    f"{table.name}: {path} is damaged: a line of it is no item. Nothing is given back."
                ) from error
    yield from _once(spill)


def _spread(line: str) -> str:
    row = json.loads(line)
    return f"{json.dumps(row['key'])}\t{json.dumps([row['item'], row['wrote']])}"


def _once(spill: Spill) -> Iterator[list[Kept]]:
    for part in spill.parts:
        if part.size > SMALL and spill.depth < _DEEPEST:
            yield from _once(finer(part, spill.depth + 1))
        else:
            yield from batched(_joined(part), 100)
            part.close()


# Lines of one key do not spread any further: a file in which one key is written again and again is read as it is.
_DEEPEST = 4


def _joined(lines: Lines) -> list[Kept]:
    found: dict[str, Kept] = {}
    for line in lines:
        key, _tab, text = line.partition("\t")
        item, wrote = json.loads(text)
        earlier = found.get(key)
        if earlier is None:
            found[key] = Kept(key, item, frozenset((wrote,)))
        else:
            ours = fingerprint(item) in earlier.wrote
            found[key] = Kept(key, earlier.item if ours else item, earlier.wrote | {wrote})
    return list(found.values())


def _json(value: Mapping[str, Any] | None) -> str:
    return json.dumps(value, separators=(",", ":"))
