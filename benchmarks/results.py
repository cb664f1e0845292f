# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""RESULTS.md, rendered from results.json: the last measurement of each scenario, and a part that people write."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.processes import ROOT, BenchmarkError, beside_python

RESULTS_MD = ROOT / "benchmarks" / "RESULTS.md"
RESULTS_JSON = ROOT / "benchmarks" / "results.json"

# From this heading on the file is written by people.
FOUND = "## What we found"

_PREFACE = (
    f"Written by `make bench` (`python -m benchmarks`) from `results.json`; only the part from *{FOUND[3:]}* on is written "
    "by people and kept. Times are wall times of whole processes, seen from outside: the median, with the least and the "
    "most in parentheses. After every run the endpoint's state is compared with what was wanted; a run that lost a "
    "target is a failed run."
)

_PACKAGES = ("ansible-core", "boto3", "botocore")


@dataclass(frozen=True)
class Goal:
    """Something that was promised.

    Attributes:
        text: The promise.
        measured: What came out.
        met: Whether it was kept.
    """

    text: str
    measured: str
    met: bool


@dataclass(frozen=True)
class Section:
    """What one scenario gave.

    Attributes:
        title: The heading.
        intro: What was done, and how it is counted.
        columns: Headings of the table.
        rows: The table.
        goals: The goals that this scenario decides.
        raw: The single runs, for results.json.
        sound: Every run of this collection did its job.
    """

    title: str
    intro: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    goals: Sequence[Goal] = ()
    raw: Mapping[str, Any] = field(default_factory=dict)
    sound: bool = True


def machine(aws: str | None = None) -> str:
    """The machine and the versions that a measurement depends on; `aws` as in `side_by_side.Size`."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = ", ".join(f"{name} {version}" for name, version in _versions(aws))
    return (
        f"{len(os.sched_getaffinity(0))} cores ({_processor()}), {memory:.0f} GiB, {platform.system()}, "
        f"Python {platform.python_version()}, {versions}"
    )


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _versions(aws: str | None) -> list[tuple[str, str]]:
    packages = [(name, importlib.metadata.version(name)) for name in _PACKAGES]
    return [*packages, ("amazon.aws", _amazon_aws()), ("aws-cli", _aws_cli(aws))]


def _aws_cli(aws: str | None) -> str:
    """The version of the aws program; it is of no use to some scenarios, so it may be missing."""
    try:
        said = subprocess.run([aws or beside_python("aws"), "--version"], capture_output=True, text=True, check=False)
    except BenchmarkError:
        return "missing"
    return said.stdout.partition(" ")[0].partition("/")[2] or "unknown"


def _amazon_aws() -> str:
    core = importlib.metadata.distribution("ansible-core")
    manifest = Path(str(core.locate_file("ansible_collections/amazon/aws/MANIFEST.json")))
    return str(json.loads(manifest.read_text())["collection_info"]["version"]) if manifest.is_file() else "missing"


def load(path: Path = RESULTS_JSON) -> dict[str, Any]:
    """The last measurement of each scenario."""
    return json.loads(path.read_text()) if path.is_file() else {}


def measurement(section: Section, settings: str, aws: str | None = None) -> dict[str, Any]:
    """A section with when and where it was measured, as results.json keeps it."""
    return {"date": date.today().isoformat(), "machine": machine(aws), "settings": settings, "section": asdict(section)}


def save(measurements: Mapping[str, Any], order: Sequence[str]) -> None:
    """Write results.json and RESULTS.md; what people wrote stays."""
    RESULTS_JSON.write_text(json.dumps(measurements, indent=1, ensure_ascii=False) + "\n")
    old = RESULTS_MD.read_text() if RESULTS_MD.is_file() else ""
    RESULTS_MD.write_text(render(measurements, order, found(old)))


def found(text: str) -> str:
    """The hand-written part of RESULTS.md, or an empty one."""
    start = text.find(f"\n{FOUND}\n")
    return text[start + 1 :] if start >= 0 else f"{FOUND}\n"


def render(measurements: Mapping[str, Any], order: Sequence[str], hand_written: str) -> str:
    """RESULTS.md."""
    known = [measurements[name] for name in order if name in measurements]
    machines = sorted({m["machine"] for m in known})
    lines = ["# Benchmarks", "", _PREFACE, ""]
    if known:
        goals = [goal for m in known for goal in m["section"]["goals"]]
        rows = [(goal["text"], goal["measured"], "met" if goal["met"] else "**missed**") for goal in goals]
        lines += [f"Machine: {machines[0]}.", "", "## Goals", "", *_table(("Goal", "Measured", ""), rows), ""]
    for m in known:
        section = m["section"]
        lines += [f"## {section['title']}", "", section["intro"], ""]
        lines += [*_table(section["columns"], section["rows"]), "", f"Measured {m['date']}; {m['settings']}."]
        lines += [f"Machine: {m['machine']}."] if len(machines) > 1 else []
        lines += [""]
    return "\n".join([*lines, hand_written.rstrip(), ""])


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [
        "| " + " | ".join(columns) + " |",
        "|" + "---|" * len(columns),
        *("| " + " | ".join(row) + " |" for row in rows),
    ]


def as_text(section: Section) -> str:
    """A section for the terminal."""
    goals = [f"{'met   ' if goal.met else 'MISSED'}  {goal.text}: {goal.measured}" for goal in section.goals]
    return "\n".join(["", section.title, "", *_table(section.columns, section.rows), "", *goals, ""])
