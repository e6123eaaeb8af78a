"""Whatever goes wrong, as the contract's `{"error": "one line"}`."""

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from serving import limits
from serving.service import Refusal
from starlette.exceptions import HTTPException


def answer(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    """ASCII, as a client's own text in it need not be anything that UTF-8 can hold."""
    return Response(limits.error(message), status, headers, "application/json")


def install(app: FastAPI) -> None:
    """The handlers."""
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _failed)


async def _invalid(request: Request, error: Exception) -> Response:
    """The first mistake, by its place in the body."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    return answer(400, f"{_place(first['loc'][1:])}: {first['msg']}")


async def _refused(request: Request, error: Exception) -> Response:
    return answer(400, str(error))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return answer(error.status_code, error.detail, dict(error.headers or {}))


async def _failed(request: Request, error: Exception) -> Response:
    """Starlette raises it again afterwards, and uvicorn logs it."""
    return answer(500, "internal error")


def _place(parts: tuple[int | str, ...]) -> str:
    """`("rows", 3, "month")` as `rows[3].month`; a place in the text, which is a number alone, as `body`."""
    if not parts or isinstance(parts[0], int):
        return "body"
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts).removeprefix(".")
