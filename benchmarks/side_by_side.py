# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Contenders side by side: their runs in turn, and the rows and goals that are made of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic

from benchmarks.contenders import Contender, J
from benchmarks.harness import Run, Size, Task, alternate, last_lines, measure, middle, say, spread
from benchmarks.processes import Stub
from benchmarks.results import Goal, Section

_COLUMNS = (
    *("", "Runs", "Whole process", "Times ours", "API time", "CPU", "Endpoint's CPU"),
    *("Calls", "Throttled", "Targets lost"),
)


@dataclass(frozen=True)
class Entry(Generic[J]):
    """A contender in a scenario.

    Attributes:
        contender: Who.
        task: What it has to do.
        of: How many targets the scenario is about, if the task has only some of them because all would take hours.
    """

    contender: Contender[J]
    task: Task[J]
    of: int = 0

    @property
    def scaled(self) -> bool:
        """Whether it is measured on a part of the targets."""
        return self.of > self.task.targets

    def whole(self, run: Run) -> float:
        """Seconds for all targets of the scenario: what grows with them, the time on the API, is multiplied."""
        return run.seconds + (run.api_seconds * (self.of / self.task.targets - 1) if self.scaled else 0.0)


class SideBySide(Generic[J]):
    """The runs of a scenario, made when this is made.

    Args:
        endpoint: The stub.
        size: How often.
        entries: Who; the titles of the contenders are different.
        ours: The contender that the goals are about.

    Attributes:
        runs: The runs of each contender, by its title.
        ours: The sound runs of ours.
    """

    def __init__(self, endpoint: Stub, size: Size, entries: Sequence[Entry[J]], ours: Contender[J]) -> None:
        self._entries = {entry.contender.title: entry for entry in entries}
        self._title = ours.title
        self.runs: dict[str, list[Run]] = {title: [] for title in self._entries}
        times = {entry.contender.title: size.slow_repeat if entry.contender.slow else size.repeat for entry in entries}
        for title in alternate(times):
            entry = self._entries[title]
            run = measure(endpoint, entry.contender, entry.task)
            self.runs[title].append(run)
            verdict = "" if run.sound else f"  FAILED: status {run.status}, {run.lost} lost\n{last_lines(run.output)}"
            say(f"  {title}: {run.seconds:.2f} s, {run.calls} calls, {run.throttled} throttled{verdict}")
        self.ours = _sound(self.runs[ours.title])

    @property
    def all_of_ours(self) -> Sequence[Run]:
        """The runs of ours, failed ones included."""
        return self.runs[self._title]

    def of_ours(self, value: str) -> float:
        """The median of a field of our sound runs; infinite if there are none."""
        return middle(getattr(run, value) for run in self.ours) if self.ours else float("inf")

    def row(self, title: str) -> list[str]:
        """A contender's row."""
        entry, runs = self._entries[title], self.runs[title]
        failed = len(runs) - len(_sound(runs))
        seconds = spread([run.seconds for run in runs])
        whole = middle(entry.whole(run) for run in runs)
        each = middle(run.calls / entry.task.targets for run in runs)
        return [
            title,
            f"{len(runs)}, **{failed} failed**" if failed else str(len(runs)),
            f"{seconds} for {entry.task.targets}, so {whole:.0f} s" if entry.scaled else seconds,
            self._times(whole),
            f"{middle(run.api_seconds for run in runs):.2f} s",
            f"{middle(run.cpu_seconds for run in runs):.1f} s",
            f"{middle(run.endpoint_cpu_seconds for run in runs):.1f} s",
            f"{each:.2f} each" if each >= 0.1 else f"{middle(run.calls for run in runs):.0f}",
            f"{sum(run.throttled for run in runs) / max(1, sum(run.calls for run in runs)):.1%}",
            _counted([run.lost for run in runs]),
        ]

    def limit(self, title: str, seconds: float) -> list[str]:
        """The row of what no contender can be faster than."""
        return [title, "", f"{seconds:.2f} s", self._times(seconds), *[""] * (len(_COLUMNS) - 4)]

    def _times(self, seconds: float) -> str:
        return f"{seconds / self.of_ours('seconds'):.2f}x" if self.ours else "-"

    def faster(self, text: str, least: float, peer: Contender[J]) -> Goal:
        """The goal to be so many times faster than a peer."""
        entry, peers = self._entries[peer.title], _sound(self.runs[peer.title])
        if not self.ours or not peers:
            return Goal(text, "no sound run to compare", False)
        times = middle(entry.whole(run) for run in peers) / self.of_ours("seconds")
        return Goal(text, f"{times:.0f}x" if times >= 10 else f"{times:.1f}x", times >= least)

    def near(self, text: str, most: float, limit: float, least: float) -> Goal:
        """The goal to take at most so many times what the rates allow.

        Args:
            text: The promise.
            most: How many times.
            limit: Seconds for the calls at their rates.
            least: Seconds that are possible on the API with a full bucket at the start.
        """
        if not self.ours:
            return Goal(text, "no sound run", False)
        whole, api = self.of_ours("seconds"), self.of_ours("api_seconds")
        return Goal(
            text,
            f"{whole / limit:.2f}x (whole process {whole:.1f} s, limit {limit:.1f} s; on the API {api:.1f} s, "
            f"{api / least:.2f}x of the {least:.1f} s that the endpoint's burst allows)",
            whole / limit <= most,
        )

    def section(
        self, title: str, intro: str, *, limits: Iterable[list[str]] = (), goals: Sequence[Goal] = (), **raw: Any
    ) -> Section:
        """What this gave.

        Args:
            title: The heading.
            intro: What was done, and how it is counted.
            limits: Rows after those of the contenders.
            goals: The goals that it decides.
            **raw: Further raw values.
        """
        rows = [*(self.row(each) for each in self._entries), *limits]
        return Section(title, intro, _COLUMNS, rows, goals, {**self.raw, **raw}, self.sound)

    @property
    def raw(self) -> dict[str, Any]:
        """The runs, for results.json."""
        left_out = ("output", "report", "modules")
        return {
            title: [{k: v for k, v in vars(run).items() if k not in left_out} for run in some]
            for title, some in self.runs.items()
        }

    @property
    def sound(self) -> bool:
        """Whether every run of ours did its job."""
        return len(self.ours) == len(self.all_of_ours)


def _sound(runs: Sequence[Run]) -> list[Run]:
    return [run for run in runs if run.sound]


def _counted(numbers: Sequence[int]) -> str:
    least, most = min(numbers), max(numbers)
    return str(least) if least == most else f"{least} to {most}"
