# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import json
import multiprocessing
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.runbook.aws.plugins.plugin_utils._change_log import (
    HIDDEN,
    ChangeLog,
    entries,
    summary,
    without_secrets,
)

NOW = datetime(2026, 11, 23, 23, 59, 59, 500_000, tzinfo=UTC)


def target(name: str, *, changed: bool = True, **more: Any) -> dict[str, Any]:
    return {"target": name, "changed": changed, "before": {"n": 1}, "after": {"n": 2}, "calls": ["s:Op"], **more}


def found(module: str, result: dict[str, Any], **flags: bool) -> list[dict[str, Any]]:
    return list(entries(module, result, **{"failed": False, "no_log": False, **flags}))


OWN = "runbook.aws.lambda_concurrency"


@pytest.mark.parametrize(
    ("module", "result", "flags", "expected"),
    [
        (OWN, {"changed": False, "results": [target("a", changed=False)]}, {}, []),
        (OWN, {"changed": True, "results": [target("a"), target("b", changed=False)]}, {}, ["a"]),
        (OWN, {"changed": True, "results": [target("a", error="half"), target("b")]}, {"failed": True}, ["a", "b"]),
        (OWN, {"changed": True, "results": [target("a")]}, {"no_log": True}, [None]),
        (OWN, {"changed": True, "censored": "hidden"}, {}, [None]),
        ("ansible.builtin.command", {"changed": True, "stdout": "x"}, {}, [None]),
        ("ansible.builtin.command", {"changed": False}, {}, []),
    ],
)
def test_each_changed_target_and_each_other_changed_task_is_an_entry(
    module: str, result: dict[str, Any], flags: dict[str, bool], expected: list[str | None]
) -> None:
    assert [entry.get("target") for entry in found(module, result, **flags)] == expected


@pytest.mark.parametrize(
    ("written", "kept", "said"),
    [
        (3, 0, "3 changes of run r in f"),
        (1, 0, "1 change of run r in f"),
        (4, 1, "3 changes of run r in f, and 1 line about its own lock and record"),
        # A run that was refused has only opened its record and taken it back.
        (2, 2, "No change of run r in f, and 2 lines about its own lock and record"),
    ],
)
def test_a_lock_and_a_record_are_no_change_of_the_environment(written: int, kept: int, said: str) -> None:
    assert summary("r", "f", written, kept) == said


def test_what_was_changed_before_a_failure_is_there_with_the_error() -> None:
    (entry,) = found(OWN, {"changed": True, "results": [target("a", after=None, error="half way")]}, failed=True)
    assert (entry["before"], entry["after"], entry["error"]) == ({"n": 1}, None, "half way")


def test_of_another_module_nothing_but_the_change_is_written() -> None:
    assert found("ansible.builtin.uri", {"changed": True, "json": {"token": "t"}, "cmd": "s"}) == [{}]
    assert found("ansible.builtin.uri", {"changed": True}, failed=True) == [{"error": "failed"}]


@pytest.mark.parametrize(
    "name",
    ["password", "DB_PASSWORD", "SecretString", "client_secret", "session_token", "ApiKey", "private_key", "AccessKey"],
)
@pytest.mark.parametrize("wrap", [lambda value: value, lambda value: [value], lambda value: {"x": value}])
def test_secrets_are_hidden_at_any_depth(name: str, wrap: Any) -> None:
    assert "hunter2" not in json.dumps(without_secrets({"a": [{name: wrap("hunter2")}]}))


@pytest.mark.parametrize(
    "value",
    [
        {"token": 17},
        {"secret_arn": "arn:aws:x"},
        {"SecretId": "/sc-agent/db"},
        {"token": None},
        {"reserved": "unreserved"},
    ],
)
def test_numbers_and_addresses_are_no_secrets(value: dict[str, Any]) -> None:
    assert without_secrets(value) == value


def test_credentials_in_a_url_are_hidden() -> None:
    shown = without_secrets({"DATABASE_URL": "postgres://app:hunter2@db:5432/x"})
    assert shown == {"DATABASE_URL": f"postgres://{HIDDEN}@db:5432/x"}


def test_files_are_private_and_one_for_each_utc_date(tmp_path: Path) -> None:
    log = ChangeLog(tmp_path / "a" / "log")
    log.append(NOW, {"n": 1})
    log.append(datetime(2026, 11, 24, 1, 0, tzinfo=UTC), {"n": 2})
    log.close()
    files = sorted((tmp_path / "a" / "log").iterdir())
    assert [file.name for file in files] == ["2026-11-23.jsonl", "2026-11-24.jsonl"]
    assert {oct(file.stat().st_mode & 0o777) for file in files} == {"0o600"}
    assert oct((tmp_path / "a" / "log").stat().st_mode & 0o777) == "0o700"
    assert json.loads(files[0].read_text()) == {"time": "2026-11-23T23:59:59.500Z", "n": 1}


def _write_many(folder: Path, who: int) -> None:
    log = ChangeLog(folder)
    for number in range(200):
        log.append(NOW, {"who": who, "number": number, "text": "x" * 9000})
    log.close()


def test_lines_of_runs_at_the_same_time_do_not_mix(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_write_many, args=(tmp_path, who)) for who in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    lines = [json.loads(line) for line in (tmp_path / "2026-11-23.jsonl").read_text().splitlines()]
    assert len(lines) == 800
    for who in range(4):
        assert [line["number"] for line in lines if line["who"] == who] == list(range(200))


def test_a_task_costs_less_than_a_millisecond(tmp_path: Path) -> None:
    log = ChangeLog(tmp_path)
    result = {"changed": True, "results": [target(f"t{number}") for number in range(5)]}
    begun = time.process_time()
    for _line in range(100):
        for entry in found(OWN, result):
            log.append(NOW, entry)
    assert (time.process_time() - begun) / 100 < 0.001
