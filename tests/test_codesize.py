"""Code lines and tokens, against snippets counted by hand in all three languages, and the lists of what is counted."""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import catalog
from harness.codesize import TESTS, Code, count
from harness.model import UserError

ROOT = Path(__file__).parents[1]

# --- by hand: name, text, lines, tokens
PYTHON = {
    "docstrings and comments": ('"""Module."""\n\n# note\nimport os  # why\n\n\ndef f():\n    r"""Of f."""\n    return os\n', 3, 9),
    "a string is one": ("x = 'a b' + r\"c\" + b'd\\n'\n", 1, 7),
    "an f-string is one": ("x = f\"a {y['k']:>{w}} {{b}} {f'{z + 1}'}\"\n", 1, 3),
    "format and percent": ("x = 'a {} %s }' % (y,)\n", 1, 8),
    "a triple string as an argument": ('run(\n    """select\n\n    1 # one""",\n)\n', 4, 5),
    "a triple string that is assigned": ('x = """\na\n"""\n', 3, 3),
    "operators": ("x **= y // 2 if a != b else -1.5e-3\n", 1, 12),
    "numbers": ("x = 1_000.5e3 + 0xff\n", 1, 5),
    "decorators, hints, a slice": ("@a.b(1)\ndef f(x: int) -> str:\n    return x[1:][y]\n", 3, 26),
    "two words of one operator": ("a not in b\n", 1, 4),
    "a continued line": ("x = 1 + \\\n    2\n", 2, 5),
}
RUST = {
    "nested comments": ("/* a /* b */ fn no() {} */\nfn f() {} // c\n", 1, 6),
    "documentation": ("//! File.\n/// Of f.\n/** More. */\nfn f() {}\n", 1, 6),
    "documentation within brackets": ("impl A {\n    /// Of f.\n    fn f() {}\n}\n", 3, 10),
    "raw strings and characters": ("let s = (r#\"a } \" b\"#, b\"x\", '\\'', b'{');\n", 1, 13),
    "a string over lines": ('let s = "a\n\n// b";\n', 2, 5),
    "lifetimes, turbofish": ("fn f<'a>(x: &'a str) { g::<u8>() }\n", 1, 21),
    "attributes and macros": ('#[cfg(feature = "x]")]\nprintln!("{x}");\n', 2, 15),
    "operators": ("x >>= 2; for i in 1..=3 {}\n", 1, 12),
    "numbers": ("(1_000u32, 1.5e-3f64, 1..2)\n", 1, 9),
}
GO = {
    "comments": ("package a // b\n\n/* c\nd */\nvar x = 1 /* e */ + 2\n", 2, 8),
    "raw strings and runes": ("x := `a }\n// b\n`\ny := '\\''\n", 4, 6),
    "operators": ("a &^= b; <-c; d++; f(e...)\n", 1, 15),
    "numbers": ("x := 0x1F + 1_000 + 1.5e3\n", 1, 7),
}
LANGUAGES = {"a.py": PYTHON, "a.rs": RUST, "a.go": GO}
BY_HAND = [pytest.param(name, *counted, id=f"{name}: {what}") for name, all_of in LANGUAGES.items() for what, counted in all_of.items()]


def counted(folder: Path, text: str, name: str = "a.rs") -> tuple[int, int]:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    found = count([path])
    assert found.files == 1
    return found.lines, found.tokens


@pytest.mark.parametrize(("name", "text", "lines", "tokens"), BY_HAND)
def test_a_snippet_counts_as_it_does_by_hand(tmp_path: Path, name: str, text: str, lines: int, tokens: int) -> None:
    assert counted(tmp_path, text, name) == (lines, tokens)


# --- tests within sources

KEPT = "fn f() {}\n"
TESTING = {
    "a module": "#[cfg(test)]\nmod tests {\n    use super::*;\n    #[test]\n    fn t() { assert_eq!(\"}\", f('{')); /* } */ }\n}\n",
    "a module elsewhere": "#[cfg(test)]\nmod tests;\n",
    "an import of several": "#[cfg(test)]\nuse a::{b, c};\n",
    "a function with a further attribute": "#[cfg(test)]\n#[allow(dead_code)]\nfn g<A, B>(x: [A; 2], y: B) -> A { h() }\n",
    "a constant": "#[cfg(test)]\nconst X: [u8; 2] = [1, 2];\n",
    "a constant of a struct": "#[cfg(test)]\nconst X: A = A { a: 1 };\n",
    "a test by itself": "#[test]\nfn t() {}\n",
}


@pytest.mark.parametrize("item", TESTING.values(), ids=TESTING)
def test_what_only_tests_hold_is_left_out_and_nothing_after_it(tmp_path: Path, item: str) -> None:
    assert counted(tmp_path, KEPT + item + KEPT) == (2, 12)
    assert counted(tmp_path, f"impl A {{\n{item}{KEPT}}}\n") == (3, 10)


@pytest.mark.parametrize("text", ['#[cfg(feature = "test")]\nfn f() {}\n', "#[cfg(not(test))]\nfn f() {}\n"])
def test_other_conditions_are_no_tests(tmp_path: Path, text: str) -> None:
    assert counted(tmp_path, text)[0] == 2


@pytest.mark.parametrize("name", ["a_test.go", "test_a.py", "a_test.py", "conftest.py"])
def test_a_file_of_tests_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("x\n")
    with pytest.raises(UserError, match="is a test by its name; take it out of the list of sources"):
        count([tmp_path / name])


def test_what_can_not_be_counted_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.nobody_knows").write_text("x\n")
    (tmp_path / "a.py").write_bytes(b"\xff\xfe")
    for name, why in {"a.nobody_knows": "no lexer knows", "a.py": "can't be read as source code", "b.py": "can't be read"}.items():
        with pytest.raises(UserError, match=rf"{name}.*{why}"):
            count([tmp_path / name])


def test_files_are_added_up(tmp_path: Path) -> None:
    for name, text in {"a.py": "x = 1\ny = 2\n", "b.go": "package a\n", "empty.py": ""}.items():
        (tmp_path / name).write_text(text)
    assert count([tmp_path / n for n in ("a.py", "b.go", "empty.py")]) == Code(3, 3, 8)
    assert count([]) == Code(0, 0, 0)


# --- comments never count

BETWEEN = {
    "a.py": (
        ["import os", "def f(x):", '    y = f"{x}" + """a"""', "    return y[1:]", "f(", "    1,", ")"],
        ["", "# c", '# """', " # (["],
    ),
    "a.rs": (
        ["use a;", "#[b]", "struct S {", "    a: &'static str,", "}", 'const S: &str = "{";'],
        ["", "// }", "/* { /* } */ */", "/// d"],
    ),
    "a.go": (["package a", "func f() {", "\tx := `}`", "\t_ = x", "}"], ["", "// {", "/* }\n`\n*/", "\t// c"]),
}


@given(st.sampled_from(sorted(BETWEEN)), st.data())
def test_comments_and_blank_lines_between_lines_never_change_the_count(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    code, silent = BETWEEN[name]
    added = [data.draw(st.lists(st.sampled_from(silent), max_size=3)) for _ in range(len(code) + 1)]
    mixed = [line for few, own in zip(added, [[c] for c in code] + [[]], strict=True) for line in (*few, *own)]
    folder = tmp_path_factory.mktemp("code")
    plain = counted(folder, "\n".join(code) + "\n", name)
    assert plain[0] == len(code)
    assert counted(folder, "\n".join(mixed) + "\n", name) == plain


# --- what is counted of the real implementations


def test_the_lists_of_sources_are_whole_and_alike_in_every_language() -> None:
    """A variant's own files are listed, and those that it shares; neither tests, nor the entry point, which for one language is shared."""
    for impl in catalog.load(ROOT).implementations.values():
        listed = {impl.folder / f for support in impl.workloads.values() for f in support.source}
        assert count(sorted(listed)).lines
        shared = {p for p in listed if ".." in p.parts}
        assert all(p.resolve().parts[: len(impl.folder.parent.parts)] == impl.folder.parent.parts for p in shared)
        suffixes = {p.suffix for p in listed}
        own = {p for p in impl.folder.rglob("*") if p.suffix in suffixes and "tests" not in p.relative_to(impl.folder).parts}
        own = {p for p in own if p.stem != "main" and not any(p.match(pattern) for pattern in TESTS)}
        assert listed - shared == own, impl.name


def own_count(text: str) -> int:
    """Tokens by Python's own tokenizer, without docstrings; two colons that touch are one symbol here."""
    dropped = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    bare = {(n.lineno, n.col_offset) for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant)}
    found = [t for t in tokenize.generate_tokens(io.StringIO(text).readline) if t.type not in dropped]
    found = [t for t in found if t.type != tokenize.STRING or t.start not in bare]
    return len(found) - sum(a.string == b.string == ":" and a.end == b.start for a, b in pairwise(found))


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="from 3.12 on the tokenizer takes f-strings apart")
def test_the_languages_own_tokenizer_counts_the_same() -> None:
    files = [*ROOT.glob("harness/**/*.py"), *ROOT.glob("impls/python/*/*.py")]
    assert len(files) > 40
    assert {p.name: count([p]).tokens for p in files} == {p.name: own_count(p.read_text(encoding="utf-8")) for p in files}
