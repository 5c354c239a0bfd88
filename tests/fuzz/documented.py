"""The documentation tried out on the running service, by tools that know nothing else of it."""

import asyncio
import os
from pathlib import Path

from tests import examples
from tests.fuzz.feeds import BUILT_IN
from tests.fuzz.service import FuzzedService
from tests.fuzz.signing import SECRET

_ROOT = Path(__file__).parents[2]
_CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
_PHASES = "examples,coverage,fuzzing,stateful"
_CLIENT = "event_processor_client"
_OTHERS = f"^/events/(?!({'|'.join(BUILT_IN)})(/|$))"  # feeds whose requests the tools do not sign


async def conforms(service: FuzzedService, tools: Path, folder: Path, *, seed: int, examples_each: int) -> list[str]:
    """Whether the service is what /openapi.json says, by all that Schemathesis checks. What is not is printed."""
    failed = await _fails(
        folder,  # in which it keeps what failed
        str(tools / "schemathesis"),
        *("--config-file", str(_CONFIGURATION)),
        *("run", f"{service.address.url}/openapi.json", "--checks", "all", "--phases", _PHASES, "--no-color"),
        *("--seed", str(seed), "--max-examples", str(examples_each), "--generation-database", "none"),
        # What is made up is signed; that nothing is accepted unsigned is a check of its own (ignored_auth).
        *("--generation-with-security-parameters", "false", "--continue-on-failure"),
        *("--exclude-path-regex", _OTHERS),
        SCHEMATHESIS_HOOKS="tests.fuzz.hooks",
        PYTHONPATH=str(_ROOT),
    )
    await service.settled()
    status, _ = await service.census()
    return ["the service is not what its document says"] * failed + ["the ledger does not balance"] * (status != 0)


async def client_works(service: FuzzedService, tools: Path, folder: Path) -> list[str]:
    """Whether a client can be generated from /openapi.json, and does what it should."""
    path = f"{tools}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    document, package = f"{service.address.url}/openapi.json", folder / _CLIENT
    if await _fails(
        folder,
        str(tools / "openapi-python-client"),
        *("generate", "--url", document, "--meta", "none", "--output-path", str(package), "--fail-on-warning"),
        PATH=path,
    ):
        return ["no client can be generated"]
    python = str(tools / "python")
    failed = await _fails(
        folder, *(python, "-m", "tests.fuzz.client", service.address.url), PYTHONPATH=f"{_ROOT}{os.pathsep}{folder}"
    )
    return ["the generated client does not do what it should"] * failed


async def _fails(folder: Path, *command: str, **variables: str) -> bool:
    process = await asyncio.create_subprocess_exec(
        *command, env=os.environ | {SECRET: examples.SECRET} | variables, cwd=folder
    )
    return bool(await process.wait())
