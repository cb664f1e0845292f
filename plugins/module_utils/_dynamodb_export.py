# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a copy overwrites, kept in a file before it is overwritten, so that giving the file back undoes the copy.

The first line says which table it is of. Each other line is a key, as a list of its values, with the item that was
there, or null where none was:

    {"export":"runbook.aws.dynamodb_copy","table":"arn:...","key":"id (S)"}
    {"key":["u-17"],"item":{"id":{"S":"u-17"},"plan":{"S":"free"}}}
    {"key":["u-18"],"item":null}

A run that continues one that was killed adds to the same file, so a key may be there twice: its first line counts.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_items import Table
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_values import Item
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused
from ansible_collections.runbook.aws.plugins.module_utils._spill import SMALL, Lines, Spill, batched, finer

_KIND = "runbook.aws.dynamodb_copy"


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
        # An empty one is what a run leaves that is killed as soon as it has made it.
        if path.exists() and path.stat().st_size:
            check_header(path, table)

    def add(self, items: Iterable[tuple[str, Item | None]]) -> None:
        """Keep keys, as texts, with what is there; when this returns, a killed process does not lose them any more.

        Raises:
            Refused: They can not be written, so nothing may be overwritten.
        """
        # A key's text is JSON already.
        data = "".join(f'{{"key":{key},"item":{_json(item)}}}\n' for key, item in items).encode()
        with self._lock:
            try:
                if self._file < 0:
                    self._open()
                if os.write(self._file, data) < len(data):
                    raise OSError(None, "the disk is full")
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


def exported(path: Path, table: Table) -> Iterator[list[tuple[str, Item | None]]]:
    """The keys of an export, as texts, with their items: each key once, in pieces that fit into memory.

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
                spill.add_lines(f"{json.dumps(json.loads(line)['key'])}\t{line.rstrip()}" for line in some)
            except (ValueError, KeyError) as error:
                raise Refused(
                    f"{table.name}: {path} is damaged: a line of it is no item. Nothing is given back."
                ) from error
    yield from _once(spill)


def _once(spill: Spill) -> Iterator[list[tuple[str, Item | None]]]:
    for part in spill.parts:
        if part.size > SMALL and spill.depth < _DEEPEST:
            yield from _once(finer(part, spill.depth + 1))
        else:
            yield from batched(_first_of_each(part), 100)
            part.close()


# Lines of one key do not spread any further: a file in which one key is written again and again is read as it is.
_DEEPEST = 4


def _first_of_each(lines: Lines) -> Iterator[tuple[str, Item | None]]:
    seen = set()
    for line in lines:
        key, _tab, text = line.partition("\t")
        if key not in seen:
            seen.add(key)
            yield key, json.loads(text)["item"]


def _json(value: Mapping[str, Any] | None) -> str:
    return json.dumps(value, separators=(",", ":"))
