# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A module runs in the controller's worker, and its result is the one that a process of its own leaves."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from aws_makers import make_function
from integration.run_module import ROOT, Run, environment, run_playbook

from local_aws.client import Account

# Whatever starts a process of its own with this fails.
NOTHING = "/bin/false"

# Ansible runs what is in the background in a process of its own.
OF_ITS_OWN = {"async": 60, "poll": 1}


class Player:
    """Runs plays of a few tasks in an account."""

    def __init__(self, account: Account, folder: Path) -> None:
        self.account = account
        self.folder = folder

    @property
    def path(self) -> Path:
        return self.folder / "play.yml"

    @property
    def env(self) -> dict[str, str]:
        return {
            "ANSIBLE_CALLBACKS_ENABLED": "ansible.builtin.default",
            "ANSIBLE_ASYNC_DIR": str(self.folder / "async"),
        }

    def play(self, *tasks: dict[str, Any], arguments: tuple[str, ...] = (), **variables: str) -> Run:
        self.write(*tasks, **variables)
        return run_playbook("--inventory=localhost,", *arguments, str(self.path), env=self.env)

    def write(self, *tasks: dict[str, Any], **variables: str) -> None:
        play = {
            "name": "Try",
            "hosts": "localhost",
            "gather_facts": False,
            "connection": "local",
            "vars": {
                f"ansible_{name}": value for name, value in {"python_interpreter": sys.executable, **variables}.items()
            },
            "module_defaults": {"group/runbook.aws.aws": self.account.module_args},
            "tasks": list(tasks),
        }
        self.path.write_text(yaml.safe_dump([play]))

    def kept(self, name: str) -> dict[str, Any]:
        """A result that a task `keep(name)` wrote down."""
        result = json.loads((self.folder / f"{name}.json").read_text())
        # Of the job that ran in the background.
        for key in ("ansible_job_id", "started", "finished", "results_file", "stdout", "stderr"):
            result.pop(key, None)
            result.pop(f"{key}_lines", None)
        return result

    def keep(self, name: str) -> dict[str, Any]:
        copy = {"content": f"{{{{ {name} | to_json }}}}", "dest": str(self.folder / f"{name}.json"), "mode": "0600"}
        return {"name": f"Keep {name}", "ansible.builtin.copy": copy}


@pytest.fixture
def player(account: Account, tmp_path: Path) -> Player:
    make_function(account, "orders")
    return Player(account, tmp_path)


def scale(reserved: int | str, function: str = "orders", **task: Any) -> dict[str, Any]:
    options = {"functions": [{"name": function, "reserved": reserved}]}
    return {"name": "Scale", "runbook.aws.lambda_concurrency": options, **task}


@pytest.mark.parametrize("reserved", [7, 5000], ids=["done", "failed"])
def test_the_result_is_that_of_a_process_of_its_own(player: Player, reserved: int) -> None:
    """Also of a module that fails: a result for each target is what a killed or failed run goes on from."""
    unreserved = {"functions": [{"name": "orders", "reserved": "unreserved"}]}
    back = {"name": "Back", "runbook.aws.lambda_concurrency": unreserved}
    run = player.play(
        scale(reserved, register="here", ignore_errors=True),
        player.keep("here"),
        back,
        scale(reserved, register="own", ignore_errors=True, **OF_ITS_OWN),
        player.keep("own"),
    )
    assert run.code == 0, run.output
    here, own = player.kept("here"), player.kept("own")
    assert here == own
    assert here["failed"] == (reserved == 5000)
    assert here["results"][0]["target"] == "orders"


def test_no_other_process_is_started(player: Player) -> None:
    run = player.play(scale(7), shell_executable=NOTHING)
    assert run.code == 0, run.output
    assert player.account.client("lambda").get_function(FunctionName="orders")["Concurrency"]


@pytest.mark.parametrize(
    "asked",
    [{"python_interpreter": NOTHING}, {"become": "true", "become_user": "nobody", "become_exe": NOTHING}],
    ids=["python", "user"],
)
def test_what_asks_for_another_process_gets_one(player: Player, asked: dict[str, str]) -> None:
    mark = player.account.mark()
    assert player.play(scale(7), **asked).code == 2
    assert player.account.calls(mark) == []


def test_check_mode_diff_and_warnings_are_as_ever(player: Player) -> None:
    latest = {
        "name": "Look",
        "runbook.aws.lambda_settings": {"functions": [{"name": "orders", "memory_size": 512}]},
    }
    mark = player.account.mark()
    run = player.play(scale(7), latest, arguments=("--check", "--diff"))
    assert run.code == 0, run.output
    assert "+    reserved: 7" in run.output
    assert "[WARNING]" in run.output
    assert "live" in run.output  # the alias that stays on what it has
    assert player.account.mutating(mark) == []


def test_the_tasks_environment_is_the_modules_and_ends_with_it(player: Player) -> None:
    """The next element of a loop runs in the same worker."""
    options = {**player.account.module_args, "functions": ["orders"]}
    del options["endpoint_url"]
    look = {
        "name": "Look",
        "runbook.aws.lambda_concurrency_info": {**options, "endpoint_url": "{{ omit }}"},
        "environment": {"AWS_ENDPOINT_URL": "{{ item }}"},
        "loop": [player.account.endpoint, "http://127.0.0.1:9", player.account.endpoint],
        "register": "looked",
        "ignore_errors": True,
    }
    run = player.play(look, player.keep("looked"))
    assert run.code == 0, run.output
    assert [result["failed"] for result in player.kept("looked")["results"]] == [False, True, False]


def test_a_secret_stays_hidden(player: Player) -> None:
    secret = "correct-horse-battery-staple"
    hidden = {
        "name": "Hide",
        "runbook.aws.lambda_settings": {"functions": [{"name": "orders", "secret_environment": {"API_KEY": secret}}]},
    }
    run = player.play(hidden, arguments=("-vvv", "--diff"))
    assert run.code == 0, run.output
    assert secret not in run.output


def killed(player: Player, functions: str) -> list[str]:
    """Kill a run whose worker works out the options; the operations that its worker then asks for, until it has ended."""
    started = player.folder / "started"
    player.write(
        {
            "name": "Scale",
            "runbook.aws.lambda_concurrency": {
                "functions": f"{{{{ {functions} if lookup('ansible.builtin.pipe', 'touch {started}; sleep 3; echo 7') }}}}"
            },
        }
    )
    mark = player.account.mark()
    process = subprocess.Popen(
        ["ansible-playbook", "--inventory=localhost,", str(player.path)],
        cwd=ROOT,
        env=environment(player.env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while not started.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    workers = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.kill()
    process.wait()
    assert workers
    while any(Path(f"/proc/{worker}").exists() for worker in workers):
        assert time.monotonic() < deadline, "a worker of the killed run is still there"
        time.sleep(0.05)
    return sorted(call["operation"] for call in player.account.calls(mark))


def test_what_is_left_of_a_killed_run_writes_nothing(player: Player) -> None:
    """Also where the run was killed before the module began: only its worker is left then."""
    assert killed(player, "[{'name': 'orders', 'reserved': 7}]") == ["GetAccountSettings", "GetFunction"]


def test_what_is_left_of_a_killed_run_ends_also_with_much_to_say(player: Player) -> None:
    """More than fits into the pipe that nobody reads any more."""
    many = "range(400) | map('regex_replace', '^', 'no-such-') | runbook.aws.as_elements('name', {'reserved': 7})"
    assert killed(player, many)


def test_wrong_options_are_told_with_the_modules_name(player: Player) -> None:
    run = player.play({"name": "Wrong", "runbook.aws.lambda_concurrency": {"functions": [], "functoins": []}})
    assert run.code == 2
    assert "runbook.aws.lambda_concurrency" in run.output
    assert "functoins" in run.output
    assert "Traceback" not in run.output
