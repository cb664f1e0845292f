# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How much memory the module's process needs for many targets, and for one."""

from __future__ import annotations

from benchmarks.contenders import Job, collection_play
from benchmarks.harness import alternate, functions, judge, last_lines, middle, say, spread, working_folder
from benchmarks.interpreter import BY_NAME, Interpreter
from benchmarks.processes import BenchmarkError, Stub, run
from benchmarks.results import Goal, Section
from benchmarks.side_by_side import Size

_LATENCY = 0.005
_MOST_MORE_MIB = 10.0


def memory(endpoint: Stub, size: Size) -> Section:
    """Peak resident memory of the module process for many targets against one."""
    peaks: dict[str, list[float]] = {"1": [], str(size.many): []}
    for number in alternate(dict.fromkeys(peaks, size.repeat)):
        peaks[number].append(_peak(endpoint, int(number)))
        say(f"  {number} functions: {peaks[number][-1]:.1f} MiB")
    one, many = peaks["1"], peaks[str(size.many)]
    more = middle(many) - middle(one)
    return Section(
        f"Memory for {size.many} functions",
        "The most memory that the module's process had resident (`ru_maxrss`), told by the kernel when it ends. Python, "
        "Ansible's module code and boto3 are in it. No rate limits, 5 ms latency.",
        ("", "Runs", "Peak memory of the module process"),
        [
            ["1 function", str(len(one)), spread(one, "MiB", 1)],
            [f"{size.many} functions", str(len(many)), spread(many, "MiB", 1)],
        ],
        [
            Goal(
                f"memory: at most {_MOST_MORE_MIB:.0f} MiB more for {size.many} targets than for one",
                f"{more:.1f} MiB more",
                more <= _MOST_MORE_MIB,
            )
        ],
        {"peak_mib": peaks},
    )


def _peak(endpoint: Stub, number: int) -> float:
    wanted = functions(number)
    endpoint.reset(functions=list(wanted), latency=_LATENCY)
    with working_folder() as folder:
        interpreter = Interpreter(folder)
        command = collection_play(
            Job(endpoint.endpoint, wanted, folder, unlimited=True),
            ["--extra-vars", f"ansible_python_interpreter={interpreter.path}"],
            BY_NAME,
        )
        done = judge(run(command.argv, command.env, folder), endpoint.report(), wanted)
        processes = [process for process in interpreter.processes() if process.name == "lambda_concurrency"]
    if not done.sound or len(processes) != 1:
        raise BenchmarkError(f"the run over {number} functions failed, {done.lost} lost:\n{last_lines(done.output)}")
    return processes[0].peak_mib
