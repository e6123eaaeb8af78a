"""Source files -> how much code they are: lines that hold code, and tokens. Comments, documentation and a program's own tests don't count.

Lines depend on the formatter and on its width, so tokens are counted as well. Pygments tells comments, documentation and strings from
code, and the rest is cut by one rule for all languages. Pygments' own pieces would not compare, for its lexers differ in them: Python's
`**=` comes as three and Go's `&^=` as one, brackets come single or joined, and Rust's attributes pass for comments.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Literal

from pygments.lexers import get_lexer_for_filename
from pygments.token import Comment, String
from pygments.util import ClassNotFound

from harness.model import UserError

TESTS = ("*_test.*", "test_*.*", "conftest.py")
"""Names of files that hold tests alone."""
SYMBOLS = (
    "<<=", ">>=", "**=", "//=", "&^=", "...", "..=",
    "->", "=>", "<-", "::", ":=", "==", "!=", "<=", ">=", "&&", "||", "++", "--", "<<", ">>", "**", "//", "&^", "..",
    "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "@=",
)  # fmt: skip
"""Operators and punctuation of more than one character, of all languages together: the longest that fits is one token."""
_TOKEN = re.compile(
    r"\d\w*(?:\.\d\w*)?(?:(?<=[eE])[+-]\d\w*)?"  # a number with its type
    r"|'?[^\W\d]\w*"  # a word; a lifetime with its quote
    rf"|{'|'.join(map(re.escape, SYMBOLS))}|[^\s\\]"  # a backslash only continues a line
)
_OPEN, _CLOSE = frozenset("([{"), frozenset(")]}")
_TEST_MARKS = (("#", "[", "cfg", "(", "test", ")", "]"), ("#", "[", "test", "]"))
"""Attributes of an item that is compiled for tests alone."""
_Kind = Literal["code", "string", "silent"]


@dataclass(frozen=True, slots=True)
class Code:
    """The size of some source files together."""

    files: int
    lines: int
    tokens: int


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    line: int

    def lines(self) -> set[int]:
        """The lines on which some of it stands: a string may go over several, and over blank ones."""
        return {self.line + n for n, part in enumerate(self.text.split("\n")) if part.strip()}


def count(files: Sequence[Path]) -> Code:
    """Lines with at least one token on them, and tokens: a word, a number, a symbol, or a string with all that is interpolated in it.

    UserError for a file that can't be read, that no lexer knows, or that is a test by its name: to leave one out unsaid would hide
    that the list is wrong. An item marked `#[cfg(test)]` or `#[test]` is left out; a field or an expression so marked is not known.
    """
    found = [_code(path) for path in files]
    return Code(len(found), sum(len(set().union(*(t.lines() for t in tokens))) for tokens in found), sum(map(len, found)))


def _code(path: Path) -> list[_Token]:
    if any(fnmatch(path.name, pattern) for pattern in TESTS):
        raise UserError(f"{path} is a test by its name; take it out of the list of sources")
    try:
        return list(_without_tests(list(_tokens(path))))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} can't be read as source code: {error}") from None
    except ClassNotFound:
        raise UserError(f"{path}: no lexer knows files of this name") from None


def _tokens(path: Path) -> Iterator[_Token]:
    """All tokens, test code among them."""
    line = 1
    for kind, text in _joined(path):
        if kind == "code":
            yield from (_Token(m[0], line + text.count("\n", 0, m.start())) for m in _TOKEN.finditer(text))
        elif kind == "string":
            yield _Token(text, line)
        line += text.count("\n")


def _joined(path: Path) -> Iterator[tuple[_Kind, str]]:
    """Neighbours of one kind together, so that what a lexer has cut is whole again."""
    kind: _Kind = "silent"
    text = ""
    for now, piece in _pieces(path):
        if now != kind:
            yield kind, text
            kind, text = now, ""
        text += piece
    yield kind, text


def _pieces(path: Path) -> Iterator[tuple[_Kind, str]]:
    """The whole text as the lexer cuts it. Two strings without a blank between them will pass for one; formatters put a blank there."""
    inside, depth, prefix = 0, 0, ""
    for token, text in get_lexer_for_filename(path.name).get_tokens(path.read_text(encoding="utf-8")):
        if token is String.Affix and not inside:
            prefix += text
        elif token is String.Doc and not (depth and text.startswith(('"""', "'''"))):
            yield "silent", prefix + text
            prefix = ""
        elif inside or token in String:  # type: ignore[comparison-overlap]  # the stubs know a type as the tuple that it also is
            inside = max(0, inside + text.count("{") - text.count("}")) if token is String.Interpol else inside
            yield "string", prefix + text
            prefix = ""
        elif token in Comment and token not in Comment.Preproc:  # type: ignore[comparison-overlap]
            yield "silent", text
        else:
            # A string that only looks like documentation is an argument: it stands within brackets.
            depth += sum((c in _OPEN) - (c in _CLOSE) for c in text)
            yield "code", text


def _without_tests(tokens: Sequence[_Token]) -> Iterator[_Token]:
    at = 0
    while at < len(tokens):
        mark = next((m for m in _TEST_MARKS if tuple(t.text for t in tokens[at : at + len(m)]) == m), None)
        if mark:
            at = _end_of_item(tokens, at + len(mark))
        else:
            yield tokens[at]
            at += 1


def _end_of_item(tokens: Sequence[_Token], start: int) -> int:
    """Where the item that begins at `start`, with its further attributes, has ended: after its block, its semicolon, or both."""
    depth = 0
    for at in range(start, len(tokens)):
        text = tokens[at].text
        depth += (text in _OPEN) - (text in _CLOSE)
        if depth < 0:
            return at
        if depth == 0 and text in {"}", ";"}:
            return at + 1 + (text == "}" and at + 1 < len(tokens) and tokens[at + 1].text == ";")
    return len(tokens)
