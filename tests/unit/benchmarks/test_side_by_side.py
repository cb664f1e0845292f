# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from dataclasses import replace
from typing import Any

from benchmarks import processes
from benchmarks.contenders import Command, Contender, Job
from benchmarks.harness import Size, Task
from benchmarks.side_by_side import Entry, SideBySide

ASK = """
import http.client, os, sys, time
for _call in range(int(sys.argv[1])):
    connection = http.client.HTTPConnection(os.environ["AWS_ENDPOINT_URL"][7:])
    connection.request("GET", "/2016-08-19/account-settings")
    connection.getresponse().read()
time.sleep(float(sys.argv[2]))
"""


def _asks(title: str, calls: int, rest: float = 0.0, slow: bool = False) -> Contender[Job]:
    return Contender(title, lambda job: Command(["python3", "-c", ASK, str(calls), str(rest)], job.env), slow)


def _task(targets: int, lost: int = 0) -> Task[Job]:
    return Task("functions", {"latency": 0.02}, targets, Job(), lambda _report, _said: lost)


SIZE = Size(repeat=2, slow_repeat=1)


def test_what_is_measured_on_a_part_is_told_for_the_whole(endpoint: processes.Stub) -> None:
    ours, loop = _asks("ours", 1), _asks("loop", 5, rest=0.3, slow=True)
    entries = [Entry(loop, _task(5), of=100), Entry(ours, _task(100))]
    runs = SideBySide(endpoint, SIZE, entries, ours)
    (run,) = runs.runs["loop"]
    whole = entries[0].whole(run)
    # Twenty times the time on the API; the start and the end of the process stay as they are.
    assert whole == run.seconds + 19 * run.api_seconds
    assert 2.0 < whole < 20 * run.seconds
    row = runs.row("loop")
    assert row[2].endswith(f"for 5, so {whole:.0f} s")
    assert row[1:2] + row[7:] == ["1", "1.00 each", "0.0%", "0"]
    assert runs.faster("goal", 2, loop).met
    assert not runs.faster("goal", 10_000, loop).met


def test_a_run_that_lost_a_target_does_not_count(endpoint: processes.Stub) -> None:
    ours, peer = _asks("ours", 1), _asks("peer", 1)
    runs = SideBySide(endpoint, SIZE, [Entry(ours, _task(1, lost=1)), Entry(peer, _task(1))], ours)
    assert (runs.ours, runs.sound) == ([], False)
    assert runs.row("ours")[1] == "2, **2 failed**"
    assert not runs.faster("goal", 0, peer).met
    assert runs.near("goal", 100, limit=1, least=1).measured == "no sound run"
    section = runs.section("Title", "Intro.", limits=[runs.limit("limit", 1.0)])
    assert not section.sound
    assert {len(row) for row in section.rows} == {len(section.columns)}
    assert section.raw.keys() == {"ours", "peer"}
    assert not replace(section, raw={}).raw


def test_near_is_about_the_whole_process(endpoint: processes.Stub) -> None:
    ours = _asks("ours", 1, rest=0.3)
    runs = SideBySide(endpoint, replace(SIZE, repeat=1), [Entry(ours, _task(1))], ours)
    (run,) = runs.ours
    assert runs.near("goal", 1.1, limit=run.seconds, least=run.api_seconds).met
    assert not runs.near("goal", 1.1, limit=run.api_seconds, least=run.api_seconds).met


def test_raw_values_are_json_without_what_is_long(endpoint: processes.Stub) -> None:
    ours = _asks("ours", 1)
    (run,) = SideBySide(endpoint, replace(SIZE, repeat=1), [Entry(ours, _task(1))], ours).raw["ours"]
    values: dict[str, Any] = run
    assert values.keys() & {"output", "report", "modules"} == set()
    assert values["calls"] == 1
