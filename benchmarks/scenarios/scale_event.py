# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The main job as a user runs it: playbooks/scale-for-event.yml on an embedded AWS of its own."""

from __future__ import annotations

from collections import Counter

from benchmarks.embedded import embedded_aws, play
from benchmarks.harness import Size, middle, say, spread, working_folder
from benchmarks.interpreter import Interpreter, ModuleProcess
from benchmarks.processes import Stub
from benchmarks.results import Goal, Section

_PLAYBOOK = "scale-for-event.yml"
_EVENT = {"scale_event_name": "benchmark", "scale_event_profile": "high_traffic"}

_MOST_TASKS = 15
_MOST_SECONDS = 12.0


def scale_event(_endpoint: Stub, size: Size) -> Section:
    """The whole playbook, from outside, and the module tasks that it takes."""
    first, again = [], []
    for _round in range(size.repeat):
        with working_folder() as folder, embedded_aws(folder) as endpoint:
            first.append(play(_PLAYBOOK, folder, endpoint, _EVENT).seconds)
            again.append(play(_PLAYBOOK, folder, endpoint, _EVENT).seconds)
        say(f"  first run {first[-1]:.2f} s, the same event again {again[-1]:.2f} s")
    with working_folder() as folder, embedded_aws(folder) as endpoint:
        interpreter = Interpreter(folder)
        apart = play(_PLAYBOOK, folder, endpoint, _EVENT, interpreter).seconds
        modules = interpreter.processes()
    say(f"  with a process for each module {apart:.2f} s, {len(modules)} modules")
    rows = [
        ["the event", str(len(first)), spread(first), str(len(modules)), _names(modules)],
        ["the same event again", str(len(again)), spread(again), "", ""],
        ["the event, a process for each module", "1", spread([apart]), "", ""],
    ]
    goals = [
        Goal(
            f"{_PLAYBOOK} on the embedded AWS: at most {_MOST_TASKS} module tasks",
            str(len(modules)),
            0 < len(modules) <= _MOST_TASKS,
        ),
        Goal(
            f"{_PLAYBOOK} on the embedded AWS: at most {_MOST_SECONDS:.0f} s",
            spread(first),
            middle(first) <= _MOST_SECONDS,
        ),
    ]
    return Section(
        f"The whole of {_PLAYBOOK}",
        "The reference application's `prod` environment on a fresh embedded AWS, `high_traffic` profile, with the "
        "waiting that it does there. It is run as users run it: the collection's modules work in Ansible's own workers, "
        "without a Python of their own. They are counted in a run of their own, with another interpreter, which gives a "
        "process to each module and writes it down.",
        ("", "Runs", "Whole process", "Module tasks", "Which"),
        rows,
        goals,
        {
            "first": first,
            "again": again,
            "apart": apart,
            "modules": [[process.name, process.seconds, process.peak_mib] for process in modules],
        },
    )


def _names(modules: list[ModuleProcess]) -> str:
    return ", ".join(name if n == 1 else f"{name} ({n})" for name, n in Counter(m.name for m in modules).items())
