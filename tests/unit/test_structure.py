# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What every module, role, playbook and file of the collection has, so that nobody has to remember it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
OWN = "ansible_collections.runbook.aws.plugins.module_utils."
IN_PROCESS = "ansible_collections.runbook.aws.plugins.plugin_utils._in_process"

MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py") if path.stem != "__init__")
ROLES = sorted(path.name for path in (ROOT / "roles").glob("*") if path.is_dir())
PLAYBOOKS = sorted(path.name for path in (ROOT / "playbooks").glob("*.yml"))

# The first two lines of every Python file.
HEADER = (
    "# Copyright (c) 2026, runbook.aws contributors",
    "# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)",
)

# What must not be written, and why; each is a pattern of a line.
FORBIDDEN = {
    r"#\s*noqa|type:\s*ignore|pylint:\s*disable|yamllint\s+disable|pragma:\s*no": "silences a gate",
    r"pytest\.(mark\.)?(skip|skipif|xfail|importorskip)\b|unittest\.skip": "a test that does not run proves nothing",
    r"\b(TODO|FIXME|XXX)\b": "unfinished work belongs in the tracker",
    r"(?<![\w.~}])/(?:home|Users|root|work|workspace|builds)/\w|/tmp/\w{1,2}/": "a path of somebody's machine",
    r"pypi\.org|pythonhosted\.org|npmjs\.(org|com)|deb\.debian\.org|(extra-)?index-url": "a registry's address",
}


@cache
def files() -> list[Path]:
    """What belongs to the checkout: known to git, or new and not ignored."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    paths = (ROOT / name for name in sorted(set(listing.split("\0"))) if name)
    return [path for path in paths if path.is_file() and not path.is_symlink()]


def imported(path: Path) -> Iterator[str]:
    """Every module that a file names in an import, wherever the import stands; relative ones in full."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = OWN if node.level else ""
            yield f"{base}{node.module or ''}"
            if (node.level and not node.module) or f"{node.module}." == OWN:
                yield from (f"{OWN}{alias.name}" for alias in node.names)


def end_to_end(module: str) -> ast.Module:
    """The integration tests of a module."""
    path = ROOT / "tests" / "integration" / f"test_{module}.py"
    assert path.is_file(), f"{path.relative_to(ROOT)} is missing"
    return ast.parse(path.read_text())


def calls_of(tree: ast.AST) -> Iterator[ast.Call]:
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def holds(nodes: Iterable[ast.expr], value: object) -> bool:
    return any(isinstance(node, ast.Constant) and node.value == value for node in nodes)


def test_the_collection_has_modules_roles_and_playbooks() -> None:
    """Otherwise the tests below pass because there is nothing to look at."""
    assert MODULES
    assert ROLES
    assert PLAYBOOKS


def test_the_action_group_is_the_list_of_modules() -> None:
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())
    group = [entry for entry in runtime["action_groups"]["aws"] if isinstance(entry, str)]
    assert group == MODULES, "meta/runtime.yml: list every module once, in alphabetical order"


@pytest.mark.parametrize("module", MODULES)
def test_a_module_runs_in_the_controllers_worker(module: str) -> None:
    """By an action plugin of its name; without one Ansible starts a process for each of its tasks."""
    assert set(imported(ROOT / "plugins" / "action" / f"{module}.py")) == {IN_PROCESS}


@pytest.mark.parametrize("module", MODULES)
def test_a_module_has_unit_tests(module: str) -> None:
    """Of its own, or of the private module of its service that does the work."""
    service = module.partition("_")[0]
    private = {name.removeprefix(OWN) for name in imported(ROOT / "plugins" / "modules" / f"{module}.py")}
    tested = [module, *sorted(name for name in private if name.startswith(f"_{service}"))]
    wanted = [f"test_{name}.py" for name in tested]
    assert any(list((ROOT / "tests" / "unit").rglob(name)) for name in wanted), f"none of {wanted} is in tests/unit"


@pytest.mark.parametrize("module", MODULES)
def test_a_module_is_run_end_to_end(module: str) -> None:
    assert any(holds(call.args, module) for call in calls_of(end_to_end(module)))


def reads_only(module: str) -> bool:
    """Whether the module says so of itself."""
    source = ast.parse((ROOT / "plugins" / "modules" / f"{module}.py").read_text())
    return any(holds((k.value for k in call.keywords if k.arg == "writes"), False) for call in calls_of(source))


@pytest.mark.parametrize("module", [module for module in MODULES if not reads_only(module)])
def test_a_module_that_writes_is_run_in_check_mode_and_undone(module: str) -> None:
    tree = end_to_end(module)
    checks = [call for call in calls_of(tree) if holds((k.value for k in call.keywords if k.arg == "check"), True)]
    assert checks, "nothing is run with check=True"
    undone = [node for node in ast.walk(tree) if isinstance(node, ast.Subscript) and holds([node.slice], "before")]
    assert undone, 'no result["before"] is used: that it brings the first state back is to be shown'


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("path", ["meta/argument_specs.yml", "defaults/main.yml", "tasks/main.yml", "README.md"])
def test_a_role_is_complete(role: str, path: str) -> None:
    assert (ROOT / "roles" / role / path).is_file()


@pytest.mark.parametrize("role", ROLES)
def test_a_role_goes_by_its_own_name(role: str) -> None:
    folder = ROOT / "roles" / role
    about = yaml.safe_load((folder / "meta" / "main.yml").read_text())["galaxy_info"]
    assert about["role_name"] == role
    others = [yaml.safe_load(path.read_text())["galaxy_info"] for path in (ROOT / "roles").glob("*/meta/main.yml")]
    assert [other["role_name"] for other in others if other["description"] == about["description"]] == [role]


@pytest.mark.parametrize("role", ROLES)
def test_a_role_has_a_molecule_scenario_that_applies_and_verifies_it(role: str) -> None:
    scenario = ROOT / "extensions" / "molecule" / role
    assert (scenario / "molecule.yml").is_file()
    assert re.search(rf"\brunbook\.aws\.{role}\b", (scenario / "converge.yml").read_text())
    assert "assert" in (scenario / "verify.yml").read_text()


@pytest.mark.parametrize("role", ROLES)
def test_a_roles_variables_are_the_ones_that_it_declares(role: str) -> None:
    folder = ROOT / "roles" / role
    defaults = yaml.safe_load((folder / "defaults" / "main.yml").read_text()) or {}
    specs = yaml.safe_load((folder / "meta" / "argument_specs.yml").read_text())["argument_specs"]
    declared = {name for entry in specs.values() for name in entry.get("options", {})}
    assert sorted(set(defaults) - declared) == [], "in defaults/main.yml but not in meta/argument_specs.yml"
    assert sorted(name for name in defaults if not name.startswith(f"{role}_")) == []


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_a_playbook_is_in_the_runbook_map(playbook: str) -> None:
    assert re.search(rf"(?<![\w-]){re.escape(playbook)}", (ROOT / "docs" / "runbook-map.md").read_text())


@pytest.mark.parametrize("name", ["_plan", "_engine"])
def test_the_core_knows_neither_ansible_nor_boto(name: str) -> None:
    """Only the standard library, also through what they import of the collection."""
    waiting, seen = [name], {name}
    while waiting:
        current = waiting.pop()
        for module in imported(ROOT / "plugins" / "module_utils" / f"{current}.py"):
            if module.startswith(OWN):
                own = module.removeprefix(OWN).partition(".")[0]
                if own not in seen and (ROOT / "plugins" / "module_utils" / f"{own}.py").is_file():
                    seen.add(own)
                    waiting.append(own)
            else:
                top = module.partition(".")[0]
                assert top in sys.stdlib_module_names, f"{current} imports {module}"


def test_every_python_file_has_the_licence_header() -> None:
    without = []
    for path in files():
        if path.suffix != ".py":
            continue
        lines = path.read_text().splitlines()
        if lines and lines[0].startswith("#!"):
            del lines[0]
        if lines and tuple(lines[:2]) != HEADER:
            without.append(str(path.relative_to(ROOT)))
    assert without == []


@pytest.mark.parametrize(("pattern", "reason"), FORBIDDEN.items(), ids=list(FORBIDDEN.values()))
def test_no_file_holds(pattern: str, reason: str) -> None:
    found = []
    for path in files():
        if path.name == "LICENSE" or path == Path(__file__):
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), start=1):
            if re.search(pattern, line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}")
    assert found == [], reason


def test_no_sanity_test_is_ignored() -> None:
    assert [
        path.name for path in files() if re.search(r"tests/sanity/|\.ansible-lint-ignore|ignore-.*\.txt$", str(path))
    ] == []


def test_nothing_names_the_place_of_this_checkout() -> None:
    place = str(ROOT)
    assert [str(path.relative_to(ROOT)) for path in files() if place in path.read_text(errors="replace")] == []
