# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run `ansible-test sanity` on this checkout: python tools/sanity.py [options of ansible-test sanity]

ansible-test wants a real path that ends in ansible_collections/<namespace>/<name> and keeps its virtual environments
under $HOME. So what git knows of this checkout is copied to such a path under .cache, and ansible-test gets a home of
its own there. Nothing is written to the user's home, and the environments are used again by the next run.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".cache" / "sanity"
COPY = WORK / "ansible_collections" / "runbook" / "aws"
HOME = WORK / "home"
BIN = ROOT / ".venv" / "bin"

# ansible-test makes its environments without pip and downloads get-pip.py to put it there. The interpreter carries pip
# as well, so a package index is all that is needed. It is called as: python get-pip.py [options] pip==... and is
# handed GET_PIP, the path of this file, which pip must not see as an option.
GET_PIP = """\
import subprocess
import sys

sys.exit(subprocess.call([sys.executable, "-m", "ensurepip", "--default-pip"], stdout=subprocess.DEVNULL))
"""


def tracked_files() -> list[Path]:
    """What belongs to the collection: known to git or not ignored, without the link back to this checkout."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    paths = [Path(name) for name in listing.split("\0") if name and not name.startswith("collections/")]
    return sorted({path for path in paths if (ROOT / path).is_file()})


def refresh_copy() -> None:
    """Make COPY equal to the checkout; tests/output in it is ansible-test's own."""
    wanted = set(tracked_files())
    if COPY.exists():
        for path in sorted(COPY.rglob("*"), reverse=True):
            relative = path.relative_to(COPY)
            if relative.parts[0] == ".git" or relative.parts[:2] == ("tests", "output"):
                continue
            if path.is_dir() and not path.is_symlink():
                if not any(path.iterdir()):
                    path.rmdir()
            elif relative not in wanted:
                path.unlink()
    for relative in wanted:
        target = COPY / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / relative, target)
    # A repository of its own: in this one's .cache folder, which git ignores, ansible-test would see no file at all.
    subprocess.run(["git", "init", "--quiet"], cwd=COPY, check=True)


def link_dependencies(site_packages: Path) -> None:
    """amazon.aws, which the modules import, is looked for beside the collection."""
    link = WORK / "ansible_collections" / "amazon"
    link.unlink(missing_ok=True)
    link.symlink_to(site_packages / "ansible_collections" / "amazon")


def prepare_home(site_packages: Path) -> None:
    """A home with the stand-in for get-pip.py and with pip's settings, which ansible-test drops from the environment."""
    source = (site_packages / "ansible_test" / "_internal" / "python_requirements.py").read_text()
    version = re.search(r"pip='([0-9.]+)'", source)
    if not version:
        sys.exit("ansible-test names its version of pip in another way now: tools/sanity.py must follow.")
    script = HOME / ".ansible" / "test" / "cache" / f"get_pip_{version[1].replace('.', '_')}.py"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(GET_PIP)

    listing = subprocess.run(
        [BIN / "python", "-m", "pip", "config", "list"], check=True, capture_output=True, text=True
    ).stdout
    settings: dict[str, str] = {}
    for line in listing.splitlines():
        name, value = line.split("=", 1)
        scope, option = name.rsplit(".", 1)
        # `:env:` comes last in pip's order of precedence and first in its listing.
        if scope in ("global", "install", ":env:") and (scope == ":env:" or option not in settings):
            settings[option] = value.strip("'\"")
    config = HOME / ".config" / "pip" / "pip.conf"
    config.parent.mkdir(parents=True, exist_ok=True)
    settings |= {"quiet": "2", "no-compile": "true"}
    config.write_text("[global]\n" + "".join(f"{name} = {value}\n" for name, value in sorted(settings.items())))


def main() -> int:
    site_packages = next((ROOT / ".venv" / "lib").glob("python3.*")) / "site-packages"
    refresh_copy()
    link_dependencies(site_packages)
    prepare_home(site_packages)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    # The interpreter's own folder comes right after .venv: a version manager's shim of the same name, which may start
    # another version or none, is not found before it.
    interpreter = Path(sys.base_prefix) / "bin"
    environment = {
        **os.environ,
        "HOME": str(HOME),
        "PATH": f"{BIN}{os.pathsep}{interpreter}{os.pathsep}{os.environ['PATH']}",
    }
    command = [BIN / "ansible-test", "sanity", "--local", "--python", version, "--color", "no", *sys.argv[1:]]
    return subprocess.call(command, cwd=COPY, env=environment)


if __name__ == "__main__":
    sys.exit(main())
