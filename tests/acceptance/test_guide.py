"""docs/guide.md, followed word by word: each command gives what the guide shows."""

import re
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from app.cli.service_process import free_port
from tests import examples
from tests.acceptance.guide import GUIDE, blocks, matches
from tests.acceptance.terminal import Terminal, in_another_terminal, terminal

DOCS = Path(__file__).parents[2] / "docs"
MAKEFILE = (Path(__file__).parents[2] / "Makefile").read_text(encoding="utf-8")
CHANGES_NOTHING = re.compile(r"^(?!.*(--data|post |>)).*curl", re.DOTALL)  # so it may be asked again


@dataclass(frozen=True, slots=True, kw_only=True)
class Staying:
    """A command that stays in a terminal of its own: our arguments for it, its folder, and what answers once it runs.
    Before one that is `alone`, the reader was told to end the others.
    """

    arguments: tuple[str, ...]
    url: str
    folder: str = "."
    alone: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Those that are free, in place of the guide's."""

    gateway: int
    service: int

    def put(self, text: str) -> str:
        return text.replace(":9000", f":{self.gateway}").replace(":8000", f":{self.service}")

    def staying(self, command: str) -> Staying | None:
        ready = f"http://127.0.0.1:{self.service}/health/ready"
        account = f"http://127.0.0.1:{self.gateway}/sandbox/account"
        sandbox = ("sandbox", "--port", str(self.gateway))
        match command:
            case "make run\n":
                both = (*sandbox, "--with-service", "--service-port", str(self.service))
                return Staying(arguments=both, url=ready)
            case "event-processor sandbox\n":
                return Staying(arguments=sandbox, url=account)
            case "event-processor serve\n":
                serve = ("serve", "--port", str(self.service))
                return Staying(arguments=serve, url=ready, folder=".sandbox/casino", alone=False)
        return None


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What a clone has after the first `make`, as far as the guide sees."""
    folder = tmp_path / "clone"
    (folder / ".venv").mkdir(parents=True)
    (folder / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    return folder


async def _gives(typed: Terminal, commands: str, shown: str) -> None:
    """What changes nothing is asked until it gives what is shown: contributions are made a moment after the answer."""
    output = await typed.paste(commands)

    async def look() -> bool:
        nonlocal output
        output = await typed.paste(commands)
        return matches(shown, output)

    if CHANGES_NOTHING.search(commands) and not matches(shown, output):
        await examples.eventually(look)
    assert matches(shown, output), f"{commands}\ngives\n{output}\nand not\n{shown}"


async def _answers(url: str) -> None:
    async with httpx.AsyncClient() as client:

        async def look() -> bool:
            try:
                return (await client.get(url)).is_success
            except httpx.TransportError:
                return False

        await examples.eventually(look)


async def test_each_command_gives_what_the_guide_shows(clone: Path, tmp_path: Path) -> None:
    ports = Ports(gateway=free_port(), service=free_port())
    command = clone / ".venv" / "bin" / "event-processor"
    async with AsyncExitStack() as others, terminal(clone, pasted=tmp_path / "pasted") as typed:
        for block in blocks(GUIDE):
            if block.language != "sh":
                continue
            staying = ports.staying(block.text)
            if staying is None:
                await _gives(typed, ports.put(block.text), ports.put(block.shown))
                continue
            if staying.alone:
                await others.aclose()
            folder, log = clone / staying.folder, tmp_path / f"{staying.arguments[0]}.log"
            await others.enter_async_context(
                in_another_terminal(str(command), *staying.arguments, folder=folder, log=log)
            )
            await _answers(staying.url)


def test_each_link_leads_to_a_page_and_a_heading_of_it() -> None:
    for path, anchor in re.findall(r"\]\(([\w/.-]*)#?([\w-]*)\)", GUIDE):
        page = (DOCS / path).read_text(encoding="utf-8") if path else GUIDE
        headings = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
        assert not anchor or anchor in {re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in headings}


def test_make_run_is_the_sandbox_with_the_service() -> None:
    assert re.search(
        r"^run: .*\n\t@\$\(BIN\)/event-processor sandbox --with-service \$\(ARGS\)$", MAKEFILE, re.MULTILINE
    )
