"""What it was measured on, without saying whose it is."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

from benchmarks.cores import available

_PACKAGES = ("fastapi", "uvicorn", "uvloop", "httptools", "pydantic", "sqlalchemy", "asyncpg")


def machine() -> dict[str, str]:
    """Cores, processor, memory and kernel."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cores": str(len(available())),
        "processor": processor(Path("/proc/cpuinfo").read_text()),
        "memory": f"{memory:.0f} GiB",
        "kernel": f"{platform.system()} {platform.release().partition('-')[0]}",
    }


def processor(information: str) -> str:
    """The model, as the kernel has it; or else what kind it is."""
    for line in information.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return " ".join(value.split())
    return platform.machine()


def versions(postgres: str) -> dict[str, str]:
    """Of what was measured, and what it runs on."""
    packages = {name: version(name) for name in _PACKAGES}
    return {"Python": platform.python_version(), "PostgreSQL": postgres, **packages}
