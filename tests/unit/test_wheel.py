"""What is installed has what it serves."""

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

ROOT = Path(__file__).parents[2]


def test_the_wheel_has_the_pages_of_the_problems(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    packed = ZipFile(wheel)

    assert {path.name: path.read_text() for path in (ROOT / "docs" / "problems").glob("*.md")} == {
        Path(name).name: packed.read(name).decode()
        for name in packed.namelist()
        if name.startswith("app/api/problem_pages/")
    }
