"""The pages that the types of problems lead to: one for each, as plain text that any reader shows."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse
from starlette.exceptions import HTTPException

_SHIPPED = Path(__file__).with_name("problem_pages")  # where the wheel has them
_SOURCE = Path(__file__).parents[2] / "docs" / "problems"
INDEX = "README"


def router() -> APIRouter:
    """The pages, read now, and a list of them."""
    folder = _SHIPPED if _SHIPPED.is_dir() else _SOURCE
    pages = {path.stem: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    index = pages.pop(INDEX, "")
    routes = APIRouter(tags=["problems"])

    @routes.get("/problems", summary="Every problem", response_class=PlainTextResponse)
    async def problems() -> PlainTextResponse:
        return PlainTextResponse(index)

    @routes.get(
        "/problems/{cause}",
        summary="What a problem means, and what to do",
        response_class=PlainTextResponse,
        responses={404: {"description": "There is no such problem."}},
    )
    async def problem(cause: str) -> PlainTextResponse:
        if cause not in pages:
            raise HTTPException(404)
        return PlainTextResponse(pages[cause])

    return routes
