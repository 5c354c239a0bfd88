"""A Gateway's export, from a file, a pipe or a URL: read as it is needed, however large it is."""

import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from io import TextIOWrapper
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TextIO

import httpx

from app.domain.gateway_account import Export, ExportError, from_csv, from_json

TIMEOUT = 60.0  # seconds without a byte
STDIN = "-"


@contextmanager
def opened_export(source: str) -> Iterator[Export]:
    """The export, to be read within the context. JSON is told from CSV by its first character. Raises ExportError."""
    with _opened(source) as file, TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
        try:
            is_json = text.read(1) in {"[", "{"}
            text.seek(0)
            export = from_json(_json(text)) if is_json else from_csv(text)
        except (OSError, UnicodeDecodeError):
            raise ExportError("can't be read as text in UTF-8") from None
        yield export


def _opened(source: str) -> IO[bytes]:
    if source.startswith(("http://", "https://")):
        return _fetched(source)
    if source == STDIN:
        return _copied(sys.stdin.buffer)
    try:
        file = Path(source).open("rb")  # noqa: SIM115 - the caller closes it
    except OSError as error:
        raise ExportError(f"can't be read: {error.strerror}") from None
    return file if file.seekable() else _copied(file)


def _copied(pipe: IO[bytes]) -> IO[bytes]:
    """What comes out of a pipe, in a file: it is looked at before it is read, which a pipe allows once."""
    file = TemporaryFile()  # noqa: SIM115 - the caller closes it
    try:
        shutil.copyfileobj(pipe, file)
    except OSError as error:
        file.close()
        raise ExportError(f"can't be read: {error.strerror}") from None
    file.seek(0)
    return file


def _fetched(url: str) -> IO[bytes]:
    file = TemporaryFile()  # noqa: SIM115 - the caller closes it
    try:
        with httpx.stream("GET", url, timeout=TIMEOUT, trust_env=False) as response:
            response.raise_for_status()
            for chunk in response.iter_bytes():
                file.write(chunk)
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        file.close()
        raise ExportError(f"can't be fetched: {str(error).partition(chr(10))[0] or type(error).__name__}") from None
    file.seek(0)
    return file


def _json(text: TextIO) -> object:
    try:
        return json.load(text, parse_float=Decimal, parse_int=Decimal)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ExportError(f"not JSON, though it begins like it: {error}") from None
