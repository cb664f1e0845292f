# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from pathlib import Path

from ansible_collections.runbook.aws.plugins.test.utf8_file import utf8_file


def test_only_utf8_is(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    for encoding, is_it in (("utf-8", True), ("utf-8-sig", True), ("latin-1", False)):
        path.write_bytes("name\nJürgen\n".encode(encoding))
        assert utf8_file(f"{path}") is is_it
