"""Folders become nouns: adding one is all it takes, and a mistake in one is named by file and key."""

import string
from pathlib import Path

import pytest
from toy_checkout import IMPLEMENTATION, checkout

from harness.catalog import Catalog, load, matching, workload
from harness.model import Traffic, UserError, steps_of
from harness.runner.local_build import placeholders

ROOT = Path(__file__).parents[1]


def test_folders_become_nouns(tmp_path: Path) -> None:
    found = checkout(tmp_path)
    sums, std = found.workloads["sums"], found.implementations["x/std"]
    assert (sums.timing.timed, sums.timing.meter_interval_ns, sums.timing.meter_threshold_ns) == (2, 5_000_000, 500_000)
    assert (sums.tolerance.absolute, sums.cases[0].memory_bytes, sums.cases[0].params["share"]) == (1e-12, 64 << 20, 0.5)
    assert sums.cases[0].memory_share is None
    assert (std.language, std.variant, std.contest, std.quick) == ("x", "std", True, False)
    assert std.workloads["sums"].lacks == {"s1": "no sums"} and std.folder == tmp_path / "impls/x/std"
    assert found.languages["x"].local.run == ("x", "{build}/it")
    assert workload(found, "sums") is sums


def test_a_case_may_have_a_share_of_each_ones_own_memory_for_a_limit(tmp_path: Path) -> None:
    found = checkout(tmp_path, workload=("memory_mb = 64", "memory_mb = 64\nmemory_share = 1.05"))
    assert found.workloads["sums"].cases[0].memory_share == 1.05
    with pytest.raises(UserError, match="memory_share"):
        checkout(tmp_path, workload=("memory_mb = 64", "memory_mb = 64\nmemory_share = 0.9"))


def test_an_implementation_is_added_by_its_folder_alone(tmp_path: Path) -> None:
    checkout(tmp_path)
    (tmp_path / "impls/x/other").mkdir()
    (tmp_path / "impls/x/other/impl.toml").write_text(IMPLEMENTATION)
    assert list(load(tmp_path).implementations) == ["x/other", "x/std"]


WRITES = """
values = ["v"]
writes = "parquet"
beside = ["rest"]
tally = ["read", "kept"]
[tables.rest]
keys = ["k"]
values = []
[capabilities]
streams = "Does memory stay flat?"
"""


def test_a_step_may_write_files_and_a_case_have_steps_of_its_own(tmp_path: Path) -> None:
    before = checkout(tmp_path / "before").workloads["sums"]
    assert (before.steps[0].files, before.cases[0].steps, before.tables, before.capabilities) == ((), (), {}, {})
    after = checkout(tmp_path / "after", workload=('values = ["v"]', WRITES)).workloads["sums"]
    assert after.steps[0].files == ("s1.parquet", "s1.rest.csv")
    assert after.steps[0].tally == ("read", "kept")
    assert after.tables["rest"].keys == ("k",)
    assert after.capabilities == {"streams": "Does memory stay flat?"}
    own = checkout(tmp_path / "own", workload=("default = true", 'default = true\nsteps = ["s1"]')).workloads["sums"].cases[0]
    assert own.steps == ("s1",) and steps_of(own, after.steps) == after.steps[:1]


def test_a_server_may_have_a_service_behind_it(tmp_path: Path) -> None:
    for behind, text in ((False, ""), (True, ", downstream = true")):
        traffic = f'values = ["v"]\ntraffic = {{ path = "/p", arrivals = "closed", bodies = "b"{text} }}'
        step = checkout(tmp_path / str(behind), workload=('values = ["v"]', traffic)).workloads["sums"].steps[0]
        assert step.traffic == Traffic("/p", "closed", "b", behind)


def test_an_implementation_answers_the_questions_that_there_are(tmp_path: Path) -> None:
    path = tmp_path / "impls/x/std/impl.toml"
    checkout(tmp_path, workload=('values = ["v"]', WRITES))
    path.write_text(IMPLEMENTATION.replace('source = ["it.x"]', 'source = ["it.x"], can = { streams = "yes" }'))
    assert load(tmp_path).implementations["x/std"].workloads["sums"].can == {"streams": "yes"}
    path.write_text(IMPLEMENTATION.replace('source = ["it.x"]', 'source = ["it.x"], can = { flies = "yes" }'))
    with pytest.raises(UserError, match=r"workloads\.sums\.can: no such capability: flies"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("stem", "old", "new", "why"),
    [
        ("workload", 'title = "Sums"', "title = ", r"sums/workload\.toml: not TOML"),
        ("workload", 'unit = "row"\n', "", r"sums/workload\.toml: .*`unit`"),
        ("workload", 'unit = "row"', "unit = 1", r"sums/workload\.toml: .*\$\.unit"),
        ("workload", "time_limit_s = 5", 'time_limit_s = "5"', r"sums/workload\.toml: .*cases\[0\]\.time_limit_s"),
        ("workload", 'question = "', 'questions = "', r"sums/workload\.toml: .*question"),
        ("workload", 'v = "float"', 'w = "float"', r"sums/workload\.toml: step s1: no entry for 'v' in \[answer_types\]"),
        ("workload", "[[steps]]", "[tables.t]\nkeys = ['v']\nvalues = []\n[[steps]]", r"table t: key 'v' is a float"),
        ("workload", "[[steps]]", "[tables.t]\nkeys = ['x']\nvalues = []\n[[steps]]", r"table t: no entry for 'x' in \[answer_types\]"),
        ("workload", 'values = ["v"]', 'values = ["v"]\ntally = ["read"]', r"step s1: only a step that writes has .* a tally"),
        ("workload", 'values = ["v"]', 'values = ["v"]\nwrites = "csv"\nbeside = ["t"]', r"step s1: beside: no \[tables\.t\]"),
        ("workload", 'values = ["v"]', 'values = ["v"]\nwrites = "arrow"', r"sums/workload\.toml: .*arrow.*steps\[0\]\.writes"),
        ("workload", "default = true", 'default = true\nsteps = ["s9"]', r"case small: no such step: s9; there are: s1, s2"),
        ("workload", 'v = "float"', 'v = "double"', r"sums/workload\.toml: .*double.*answer_types"),
        ("workload", 'k = "text"', 'k = "float"', r"sums/workload\.toml: step s1: key 'k' is a float"),
        ("workload", "default = true", "defualt = true", r"sums/workload\.toml: .*unknown field `defualt`.*cases\[0\]"),
        ("impl", "summary", "quik = true\nsummary", r"x/std/impl\.toml: .*unknown field `quik`"),
        ("language", 'requires = ["true"]\n', "", r"impls/x/language\.toml: .*`requires`"),
        ("language", "run = ", "runs = ", r"impls/x/language\.toml: .*run"),
        ("impl", '"baseline"', '"best"', r"x/std/impl\.toml: .*best.*\$\.track"),
        ("impl", "workloads.sums", "workloads.sum", r"x/std/impl\.toml: \[workloads\.sum\]: no such workload; there are: sums"),
        ("impl", "s1 = ", "s9 = ", r"x/std/impl\.toml: workloads\.sums\.lacks: no such step: s9"),
        ("impl", "summary", "sumary", r"x/std/impl\.toml: .*sum"),
        ("impl", "plain", "\x00", r"x/std/impl\.toml: not TOML"),
    ],
)
def test_a_mistake_is_named_by_file_and_key(tmp_path: Path, stem: str, old: str, new: str, why: str) -> None:
    with pytest.raises(UserError, match=why) as refused:
        checkout(tmp_path, **{stem: (old, new)})
    assert "\n" not in str(refused.value)


def test_bytes_that_are_no_text_are_a_mistake_too(tmp_path: Path) -> None:
    checkout(tmp_path)
    (tmp_path / "impls/x/std/impl.toml").write_bytes(b"\xff")
    with pytest.raises(UserError, match=r"impl\.toml: not TOML"):
        load(tmp_path)


def test_a_language_without_its_file_is_named(tmp_path: Path) -> None:
    checkout(tmp_path)
    (tmp_path / "impls/x/language.toml").unlink()
    with pytest.raises(UserError, match=r"x/std/impl\.toml: there is no \.\./language\.toml"):
        load(tmp_path)


def test_a_folder_that_is_no_checkout_says_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="BENCH_ROOT"):
        load(tmp_path)


def test_what_is_lacked_may_be_a_pattern(tmp_path: Path) -> None:
    here = checkout(tmp_path, impl=('{ s1 = "no sums" }', '{ "s*" = "no sums" }'))
    assert here.implementations["x/std"].workloads["sums"].lacks == {"s1": "no sums", "s2": "no sums"}
    with pytest.raises(UserError, match=r"lacks: no such step: t\*"):
        checkout(tmp_path, impl=('{ s1 = "no sums" }', '{ "t*" = "no sums" }'))


RECIPES = """docker = { dockerfile = "docker/y.Dockerfile", context = "impls" }
local = { build = [["true"]], run = ["{build}/own"], requires = ["no-such-tool"] }
beside = ["../language.toml"]
"""


def test_an_implementation_may_have_recipes_of_its_own(tmp_path: Path) -> None:
    impl = checkout(tmp_path, impl=('track = "baseline"\n', f'track = "baseline"\n{RECIPES}')).implementations["x/std"]
    assert impl.docker and impl.docker.context == "impls" and impl.local and impl.local.run == ("{build}/own",)
    assert not impl.contained and impl.beside == (tmp_path / "impls/x/language.toml",)
    without = "\n".join(RECIPES.splitlines()[:1])
    assert checkout(tmp_path, impl=('track = "baseline"\n', f'track = "baseline"\n{without}\n')).implementations["x/std"].contained


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [("{build}/own", "{home}/own", "no such placeholder"), ("../language.toml", "../../y", "beside: there is no ../../y")],
)
def test_a_mistake_in_a_recipe_of_its_own_is_named(tmp_path: Path, old: str, new: str, why: str) -> None:
    with pytest.raises(UserError, match=f"impl.toml: .*{why}"):
        checkout(tmp_path, impl=('track = "baseline"\n', f'track = "baseline"\n{RECIPES.replace(old, new)}'))


def test_names_and_globs_choose_in_catalogue_order() -> None:
    names = ["go/std", "rust/polars", "rust/std"]
    assert matching("implementation", ["rust/*", "go/std"], names) == ("go/std", "rust/polars", "rust/std")
    assert matching("implementation", ["*/std"], names) == ("go/std", "rust/std")
    assert matching("implementation", [], names) == ()
    with pytest.raises(UserError, match=r"no implementation matches 'c/.'; there are: go/std, rust/polars, rust/std"):
        matching("implementation", ["go/std", "c/*"], names)


def test_an_unknown_workload_lists_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no workload 'sum'; there are: sums"):
        workload(checkout(tmp_path), "sum")


# --- this checkout


@pytest.fixture(scope="module")
def here() -> Catalog:
    return load(ROOT)


def test_every_folder_with_code_is_in_the_catalogue(here: Catalog) -> None:
    """A folder whose .toml was forgotten would silently take no part."""
    shared = {"protocol", "target", "shared", "flights", "flight-rules", "inference", "kernels", "python-kernels", "serving"}
    folders = {f"{p.parent.name}/{p.name}" for p in ROOT.glob("impls/*/*/") if p.name not in shared and not p.name.startswith((".", "_"))}
    assert set(here.implementations) == folders
    assert set(here.workloads) == {p.name for p in ROOT.glob("workloads/*/") if p.name not in shared and p.name != "__pycache__"}


def test_every_file_that_a_catalogue_entry_names_is_there(here: Catalog) -> None:
    named = [w.folder / script for w in here.workloads.values() for script in ("generate.py", "oracle.py")]
    named += [ROOT / lang.docker.dockerfile for lang in here.languages.values()]
    for impl in here.implementations.values():
        named += [ROOT / impl.docker.dockerfile] if impl.docker else []
        named += [impl.folder / path for support in impl.workloads.values() for path in support.source]
        named += [impl.folder / path for path in impl.facts["dependencies"]["lock"]]  # type: ignore[index]
    assert [str(p.relative_to(ROOT)) for p in named if not p.is_file()] == []


def test_every_workload_has_a_default_case_and_unique_names(here: Catalog) -> None:
    for w in here.workloads.values():
        for names in ([s.name for s in w.steps], [c.name for c in w.cases]):
            assert len(names) == len(set(names))
        assert any(c.default for c in w.cases) and "load" not in {s.name for s in w.steps}


def test_every_language_has_something_quick_and_every_claim_was_reviewed(here: Catalog) -> None:
    assert {i.language for i in here.implementations.values() if i.quick and i.contest} == set(here.languages)
    for impl in here.implementations.values():
        assert impl.facts["ledger"]["reviewed"], impl.name  # type: ignore[index]
        assert all(reason for support in impl.workloads.values() for reason in support.lacks.values())


def test_recipes_use_known_placeholders_only(here: Catalog) -> None:
    known = placeholders(ROOT, next(iter(here.implementations.values())), next(iter(here.languages.values()))).keys()
    for lang in here.languages.values():
        words = [*lang.local.run, *lang.local.env.values(), *(w for step in lang.local.build for w in step), lang.local.artifact or ""]
        used = {name for word in words for _, name, _, _ in string.Formatter().parse(word) if name is not None}
        assert used <= known, lang.name
