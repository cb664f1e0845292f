# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""`python -m benchmarks`: measure, print, and write RESULTS.md."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from types import FrameType

from benchmarks.harness import QUICK, SLOW_RUNS, Size, say
from benchmarks.processes import BenchmarkError, stub
from benchmarks.results import RESULTS_MD, as_text, load, measurement, save
from benchmarks.scenarios import SCENARIOS
from benchmarks.throughput import requests_a_second

# The stub must answer several times faster than any contender asks.
_LEAST_REQUESTS_A_SECOND = 3000


def main() -> int:
    """Measure what was asked for.

    Returns:
        The exit status: 1 when a goal was missed or a run of this collection failed, 2 when nothing could be measured.
    """
    options = _options()
    # A terminated run ends through its `finally` blocks too, so that nothing that it started stays.
    signal.signal(signal.SIGTERM, _terminated)
    chosen = options.only or list(SCENARIOS)
    if options.quick:
        size = Size(repeat=options.repeat or 1, slow_repeat=1, aws=options.aws, **QUICK)
    else:
        repeat = options.repeat or 5
        size = Size(repeat=repeat, slow_repeat=min(repeat, SLOW_RUNS), aws=options.aws)
    measurements = load()
    missed = unsound = 0
    try:
        with stub() as endpoint:
            rate = requests_a_second(endpoint)
            say(f"The stub endpoint answers {rate:.0f} requests a second.")
            if rate < _LEAST_REQUESTS_A_SECOND:
                raise BenchmarkError("that is too slow to measure anything with: is the machine busy?")
            for name in chosen:
                say(f"{name}:")
                load_before = os.getloadavg()[0]
                section = SCENARIOS[name](endpoint, size)
                if options.quick:
                    section = replace(section, goals=())  # they are about many targets
                unsound += not section.sound
                sys.stdout.write(as_text(section) + "\n")
                sys.stdout.flush()
                missed += sum(not goal.met for goal in section.goals)
                told = f"load average {load_before:.1f} at the start; the stub endpoint answered {rate:,.0f} requests a second"
                measurements[name] = measurement(section, told, size.aws)
                if not options.quick:
                    save(measurements, list(SCENARIOS))
    except BenchmarkError as error:
        say(f"benchmarks: {error}")
        return 2
    except KeyboardInterrupt:
        say("benchmarks: stopped")
        return 130
    say(f"A quick run: {RESULTS_MD.name} is left as it is." if options.quick else f"Written: {RESULTS_MD.name}")
    return 1 if missed or unsound else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", choices=list(SCENARIOS), help="this scenario; may be repeated")
    parser.add_argument(
        "--repeat", type=_at_least_one, metavar="N", help="runs of each contender (5; slow ones at most 2)"
    )
    parser.add_argument("--quick", action="store_true", help="few targets, one run; the results file is left alone")
    parser.add_argument(
        "--aws", type=_program, metavar="PROGRAM", help="the aws program of the peers (the one beside python)"
    )
    return parser.parse_args()


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("give 1 or more")
    return number


def _program(text: str) -> str:
    path = Path(text).absolute()
    if not os.access(path, os.X_OK):
        raise argparse.ArgumentTypeError(f"{text} is no program")
    return str(path)


def _terminated(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
