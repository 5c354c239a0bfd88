"""What a rival needs, installed beside the project and never into it: each in an environment of its own, kept between
runs, and made anew when what it is made of changes.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.contender import NotRunnableError

ENVIRONMENTS = Path(".benchmarks").absolute()  # ignored by git
_STAMP = ".made-of"
_LINES = 3  # of what a failed installation said


def python_environment(name: str, requirements: Path) -> Path:
    """The `bin` folder of a virtual environment with exactly these requirements. Raises NotRunnableError."""
    folder = ENVIRONMENTS / name
    if _stale(folder, requirements):
        _begin(folder)
        _run(name, sys.executable, "-m", "venv", str(folder))
        pip = (str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet")
        _run(name, *pip, "install", "-r", str(requirements))
        _finish(folder, requirements)
    return folder / "bin"


def node_modules(name: str, package: Path, *, programs: Path) -> Path:
    """A folder with a copy of `package` (package.json, package-lock.json and sources) and its modules, installed by the
    node and npm in the folder `programs`. Raises NotRunnableError.
    """
    folder, lock = ENVIRONMENTS / name, package / "package-lock.json"
    if _stale(folder, lock):
        _begin(folder)
        shutil.copytree(package, folder, dirs_exist_ok=True)
        _run(name, str(programs / "npm"), "ci", "--no-audit", "--no-fund", "--prefix", str(folder), first=programs)
        _finish(folder, lock)
    shutil.copytree(package, folder, dirs_exist_ok=True)  # sources that changed
    return folder


def require(*programs: str) -> None:
    """Have these on the machine. Raises NotRunnableError."""
    if missing := [program for program in programs if shutil.which(program) is None]:
        raise NotRunnableError(f"{' and '.join(missing)} not installed on this machine")


def _stale(folder: Path, made_of: Path) -> bool:
    stamp = folder / _STAMP
    return not stamp.exists() or stamp.read_text() != _digest(made_of)


def _digest(made_of: Path) -> str:
    return hashlib.sha256(made_of.read_bytes() + sys.version.encode()).hexdigest()


def _begin(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def _finish(folder: Path, made_of: Path) -> None:
    (folder / _STAMP).write_text(_digest(made_of))


def _run(name: str, *arguments: str, first: Path | None = None) -> None:
    """With the programs in `first` before those of the machine."""
    path = os.pathsep.join([str(first)] * bool(first) + [os.environ.get("PATH", os.defpath)])
    done = subprocess.run(  # noqa: S603 - our own arguments, no shell
        arguments,
        check=False,
        env=os.environ | {"PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        said = " / ".join(done.stdout.strip().splitlines()[-_LINES:])
        raise NotRunnableError(f"{name} could not be installed: {Path(arguments[0]).name}: {said}")
