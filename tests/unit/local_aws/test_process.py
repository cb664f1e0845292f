# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`python -m local_aws`: starts once, is found again, and ends nothing but itself."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_aws import process
from local_aws.client import LocalAws
from local_aws.process import Server, start_time

ROOT = Path(__file__).resolve().parents[3]


def command(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "local_aws", *arguments, "--dir", str(directory)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "local-aws"
    Server(tmp_path / "local-aws").down()


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_up_twice_status_and_down(directory: Path) -> None:
    assert command(directory, "status").returncode == 3
    first = command(directory, "up", "--port", "0", "--no-seed")
    assert first.stdout.startswith("embedded AWS started at http://127.0.0.1:"), first.stderr
    again = command(directory, "up", "--port", "0", "--no-seed")
    assert again.stdout == first.stdout.replace("started", "already runs")
    elsewhere = command(directory, "up", "--port", "1", "--no-seed")
    assert elsewhere.stderr.endswith(f"not 1; end it first: python -m local_aws down --dir {directory}\n")
    assert mode(directory) == 0o700
    assert {file.name: mode(file) for file in directory.iterdir()} == {
        "lock": 0o600,
        "server.json": 0o600,
        "server.log": 0o600,
    }
    assert command(directory, "status").returncode == 0
    assert command(directory, "down").stdout.startswith("embedded AWS ended")
    assert command(directory, "down").stdout == "embedded AWS was not running\n"
    assert command(directory, "status").returncode == 3


def test_the_usual_directory_s_server_is_ended_by_make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Not in the fixture's directory: this very process is what the pid file names.
    directory = tmp_path / "usual"
    directory.mkdir()
    monkeypatch.setattr(process, "DEFAULT_DIRECTORY", directory)
    server = Server(directory)
    server.record(5722, "http://127.0.0.1:5722")
    with pytest.raises(
        process.ProcessError, match=r"already runs on port 5722, not 5723; end it first: make local-down$"
    ):
        server.up(5723)
    assert mode(directory) == 0o700


def test_a_directory_that_is_there_keeps_its_mode_and_its_files_are_private(tmp_path: Path) -> None:
    directory = tmp_path / "shared"
    directory.mkdir()
    directory.chmod(0o755)
    (directory / "lock").touch(mode=0o644)
    Server(directory).record(5722, "http://127.0.0.1:5722")
    with Server(directory).exclusive():
        assert (mode(directory), mode(directory / "lock"), mode(directory / "server.json")) == (0o755, 0o600, 0o600)


def test_a_taken_port_is_one_clear_line(directory: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = command(directory, "up", "--port", str(port), "--no-seed")
    assert refused.returncode == 1
    assert refused.stderr == (
        f"local_aws: port {port} is taken by another program: end it or choose another port with --port\n"
    )


def test_a_port_of_another_embedded_aws_names_it(directory: Path, local_aws: LocalAws) -> None:
    another = local_aws.health()
    refused = command(directory, "up", "--port", str(another["port"]), "--no-seed")
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert another["directory"] in refused.stderr


def test_down_leaves_a_process_alone_that_only_has_the_same_pid(directory: Path) -> None:
    foreign = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    directory.mkdir()
    recorded = {"pid": foreign.pid, "started": "1", "port": 1, "endpoint": "http://127.0.0.1:1"}
    (directory / "server.json").write_text(json.dumps(recorded))
    assert command(directory, "down").stdout == "embedded AWS was not running\n"
    assert foreign.poll() is None
    foreign.communicate(b"\n")


def test_a_server_with_an_owner_ends_with_it(directory: Path) -> None:
    owner = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    running, _started = Server(directory).up(port=0, seed=False, owner=owner.pid)
    assert Server(directory).running() == running
    owner.communicate(b"\n")
    deadline = time.monotonic() + 30
    while Server(directory).running() is not None:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_broken_pid_file_is_one_clear_line(directory: Path) -> None:
    directory.mkdir()
    (directory / "server.json").write_text("{")
    refused = command(directory, "status")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "server.json cannot be read" in refused.stderr
    (directory / "server.json").unlink()


def test_a_missing_package_is_one_clear_line(directory: Path) -> None:
    hidden = "import sys; sys.modules['moto'] = None; from local_aws.cli import main; sys.exit(main(sys.argv[1:]))"
    refused = subprocess.run(
        [sys.executable, "-c", hidden, "serve", "--port", "0", "--dir", str(directory)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "is not installed" in refused.stderr


def test_the_server_outlives_the_shell_and_ignores_its_aws_settings(directory: Path) -> None:
    environment = {**os.environ, "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_PROFILE": "missing"}
    started = subprocess.run(
        [sys.executable, "-m", "local_aws", "up", "--port", "0", "--dir", str(directory)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert started.returncode == 0, started.stderr
    recorded = json.loads((directory / "server.json").read_text())
    assert start_time(recorded["pid"]) == recorded["started"]
    assert os.getsid(recorded["pid"]) == recorded["pid"]
