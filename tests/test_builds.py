"""Builds from nothing: made aside and thrown away, remembered as long as the sources stay what they are, repeated in interleaved rounds."""

from __future__ import annotations

import io
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import makers
import pytest
import report_sessions
from bench_command import Bench
from conftest import copy_of_fakes
from rich.console import Console

import docker
from harness import building
from harness import catalog as catalog_module
from harness.model import Build, Implementation, Language, LocalRecipe, UserError
from harness.progress import Progress
from harness.report import frames, plot_builds
from harness.runner import docker_build, local_build, sources
from harness.runner.engine import Tell
from harness.runner.receipt import keep, kept

ROOT = Path(__file__).parents[1]
BUILT = Build("x/std", "local", "built", 2.5, "sha256:1", None, 7, "log", clean_seconds=(9.0,))


# --- what is remembered


def test_each_clean_build_of_the_same_sources_is_kept_in_order(tmp_path: Path) -> None:
    impl = makers.implementation("x/std")
    assert sources.clean_seconds(tmp_path, "local", impl, "sha256:1") == ()
    for seconds in (3.0, 1.0, 2.0):
        sources.remember(tmp_path, "local", impl, "sha256:1", seconds)
    assert sources.clean_seconds(tmp_path, "local", impl, "sha256:1") == (3.0, 1.0, 2.0)
    assert sources.clean_seconds(tmp_path, "docker", impl, "sha256:1") == ()


def test_other_sources_begin_anew(tmp_path: Path) -> None:
    impl = makers.implementation("x/std")
    sources.remember(tmp_path, "local", impl, "sha256:1", 3.0)
    assert sources.clean_seconds(tmp_path, "local", impl, "sha256:2") == ()
    sources.remember(tmp_path, "local", impl, "sha256:2", 1.0)
    assert sources.clean_seconds(tmp_path, "local", impl, "sha256:1") == ()
    assert sources.clean_seconds(tmp_path, "local", impl, "sha256:2") == (1.0,)


def test_a_memo_of_one_number_is_read_and_gone_on_with(tmp_path: Path) -> None:
    impl = makers.implementation("x/std")
    memo = tmp_path / ".bench" / "clean" / "local-x-std.json"
    memo.parent.mkdir(parents=True)
    memo.write_text('{"sources":"sha256:1","seconds":8.5}')
    assert sources.clean_seconds(tmp_path, "local", impl, "sha256:1") == (8.5,)
    sources.remember(tmp_path, "local", impl, "sha256:1", 9.5)
    assert sources.clean_seconds(tmp_path, "local", impl, "sha256:1") == (8.5, 9.5)
    memo.write_text("{")
    assert sources.clean_seconds(tmp_path, "local", impl, "sha256:1") == ()


@pytest.mark.parametrize("older", [8.5, None, [8.5, 9.5]])
def test_a_record_of_any_version_is_read_without_its_clean_builds(tmp_path: Path, older: object) -> None:
    stamp = tmp_path / "deep" / "built.json"
    keep(stamp, BUILT)
    stamp.write_text(json.dumps({**json.loads(stamp.read_text()), "clean_seconds": older}))
    assert kept(stamp) == replace(BUILT, clean_seconds=())


@pytest.mark.parametrize("text", [None, "{", "[]", '{"implementation": "x/std"}'])
def test_what_is_no_record_is_none(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "built.json").write_text(text)
    assert kept(tmp_path / "built.json") is None


# --- with the local toolchain


@pytest.fixture
def checkout(tmp_path: Path) -> tuple[Path, Implementation, Language]:
    """The fakes with a recipe that notes each build in both its folders, and what it finds of the environment."""
    root = copy_of_fakes(tmp_path)
    found = catalog_module.load(root)
    language = found.languages["fake"]
    note = 'echo x >> "{build}/notes"; echo x >> "{cache}/notes"; cat "{cache}/notes"; echo "own=$OWN user=$XDG_CACHE_HOME"'
    recipe = LocalRecipe((("sh", "-c", note),), language.local.run, {**language.local.env, "OWN": "{variant}"}, "{build}/notes")
    (root / ".bench" / "build" / "fake").mkdir(parents=True)
    return root, found.implementations["fake/honest"], replace(language, local=recipe)


def build(checkout: tuple[Path, Implementation, Language], *, clean: bool) -> tuple[Build, str]:
    """What was built, and what its recipe said."""
    root, impl, language = checkout
    made = local_build.build(root, impl, language, root / "log", lambda _: None, clean=clean)
    return made, (root / "log").read_text()


def test_a_clean_build_leaves_what_is_built_and_its_caches_as_they_are(checkout: tuple[Path, Implementation, Language]) -> None:
    root = checkout[0]
    first, _ = build(checkout, clean=False)
    before = {p: p.read_bytes() for p in (root / ".bench" / "build").rglob("*") if p.is_file()}
    second, said = build(checkout, clean=True)
    third, _ = build(checkout, clean=True)
    assert (first.outcome, second.outcome) == ("built", "cached")
    assert len(second.clean_seconds) == 1 and third.clean_seconds[:1] == second.clean_seconds and len(third.clean_seconds) == 2
    assert said.splitlines()[1:2] == ["x"] and "/clean-" in said.splitlines()[-1]
    assert {p: p.read_bytes() for p in (root / ".bench" / "build").rglob("*") if p.is_file()} == before


def test_of_two_that_build_the_same_at_once_one_waits_and_finds_it_built(checkout: tuple[Path, Implementation, Language]) -> None:
    root, impl, language = checkout
    slow = replace(language.local, build=(("sleep", "0.5"), *language.local.build))
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda log: local_build.build(root, impl, replace(language, local=slow), root / log, str, clean=False), "ab"))
    assert sorted(one.outcome for one in made) == ["built", "cached"]
    assert (root / ".bench" / "build" / "fake" / "notes").read_text() == "x\n"


def test_a_first_clean_build_is_built_in_its_place_as_well(checkout: tuple[Path, Implementation, Language]) -> None:
    root, impl, language = checkout
    made, _ = build(checkout, clean=True)
    assert made.outcome == "built" and len(made.clean_seconds) == 1
    assert local_build.current(root, impl, language) == made.digest


def test_a_later_cached_build_keeps_the_list_and_changed_sources_drop_it(checkout: tuple[Path, Implementation, Language]) -> None:
    made, _ = build(checkout, clean=True)
    again, _ = build(checkout, clean=False)
    assert again == replace(made, outcome="cached")
    (checkout[1].folder / "more.py").write_text("")
    changed, _ = build(checkout, clean=False)
    assert (changed.outcome, changed.clean_seconds) == ("built", ())


def test_a_build_runs_in_the_environment_of_its_recipe(checkout: tuple[Path, Implementation, Language]) -> None:
    for clean in (False, True):
        assert "own=honest user=" in build(checkout, clean=clean)[1]


def test_a_clean_build_that_fails_is_a_failure_and_no_figure(checkout: tuple[Path, Implementation, Language]) -> None:
    root, impl, language = checkout
    build(checkout, clean=True)
    only_once = (("sh", "-c", 'test -e "{build}/notes"'),)
    made, _ = build((root, impl, replace(language, local=replace(language.local, build=only_once))), clean=True)
    assert made.outcome == "failed" and made.reason and made.reason.startswith("from nothing: `sh -c")
    assert len(sources.clean_seconds(root, "local", impl, sources.digest(impl, language))) == 1


# --- in containers: the recipe

RECIPE = b"""\
ARG BASE
FROM ${BASE} AS build
RUN apt-get update
copy . .
COPY more .
RUN --mount=type=cache,target=/a --mount=type=cache,target=/b,sharing=locked \\
    make

FROM ${BASE}
COPY --from=build /x /x
"""
FROM_NOTHING = b"""\
ARG BASE
FROM ${BASE} AS build
RUN apt-get update
ARG CLEAN
copy . .
COPY more .
RUN make

FROM ${BASE}
ARG CLEAN
COPY --from=build /x /x
"""


def test_a_recipe_from_nothing_has_no_cache_mount_and_begins_anew_after_the_toolchain() -> None:
    assert docker_build.without_caches(RECIPE) == FROM_NOTHING


@pytest.mark.parametrize("path", sorted((ROOT / "docker").glob("*.Dockerfile")), ids=lambda p: p.name)
def test_no_compiler_of_ours_is_left_a_cache(path: Path) -> None:
    """In every recipe the commands that build come after the argument that makes them run anew."""
    text = docker_build.without_caches(path.read_bytes()).decode()
    assert "--mount" not in text
    for command in ("go build", "cargo build", "pip --python", "compileall"):
        assert command not in text.split("ARG CLEAN")[0]


def test_the_state_of_an_image_is_named_by_sources_recipe_and_bases() -> None:
    names = {docker_build._state(s, r, b) for s in ("1", "2") for r in (b"1", b"2") for b in ({"A": "1"}, {"A": "2"})}
    assert len(names) == 8


NOTES = "RUN --mount=type=cache,target=/notes mkdir -p /notes && echo x >> /notes/x && cat /notes/x && cp /notes/x /x\nUSER 65534:65534\n"


@pytest.mark.docker
def test_an_image_from_nothing_is_thrown_away_and_nothing_of_it_was_cached(daemon: docker.DockerClient, own_bench: Bench) -> None:
    recipe = own_bench.root / "docker" / "fake.Dockerfile"
    recipe.write_text(recipe.read_text().replace("ENTRYPOINT", f"{NOTES}ENTRYPOINT"))
    log = own_bench.root / ".bench" / "logs" / "docker-fake-plus50mb.log"
    ask = ("build", "--select", "fake/plus50mb", "--engine", "docker", "--json", "--yes")
    seen = []
    try:
        for options in ((), ("--clean",), ("--clean",), ()):
            done = own_bench(*ask, *options)
            assert done.code == 0, done.err
            (made,) = json.loads(done.out)
            seen.append((made["digest"], len(made["clean_seconds"])))
            # What the command of the recipe says, it says when it runs, and only then.
            if options:
                assert sum(line.endswith(" x") for line in log.read_text().splitlines()) == 1
        assert [n for _, n in seen] == [0, 1, 2, 2]
        assert len({digest for digest, _ in seen}) == 1
        tags = {tag for image in daemon.images.list() for tag in image.tags if tag.startswith("bench/fake-plus50mb")}
        assert tags == {"bench/fake-plus50mb:latest"}
    finally:
        daemon.images.remove("bench/fake-plus50mb", force=True)


# --- rounds


class Recorder:
    """An engine that builds nothing, and fails at the `spoilt` ones."""

    name = "recorder"

    def __init__(self, *spoilt: str) -> None:
        self.asked: list[str] = []
        self.spoilt = spoilt

    def build(self, implementation: Implementation, language: Language, log: Path, tell: Tell, *, clean: bool) -> Build:
        self.asked.append(implementation.name)
        if implementation.name in self.spoilt:
            return Build(implementation.name, self.name, "failed", 0, None, None, None, str(log), "spoilt")
        times = self.asked.count(implementation.name)
        return Build(implementation.name, self.name, "built", 1, "sha256:1", 1, 1, str(log), clean_seconds=(2.0,) * times)


@pytest.fixture(scope="module")
def fakes(tmp_path_factory: pytest.TempPathFactory) -> catalog_module.Catalog:
    return catalog_module.load(copy_of_fakes(tmp_path_factory.mktemp("checkout")))


def rounds(fakes: catalog_module.Catalog, engine: Recorder, *, number: int, seed: int = 7, clean: bool = True) -> tuple[list[str], str]:
    """What came back, and what was said."""
    said = io.StringIO()
    chosen = [fakes.implementations[f"fake/{v}"] for v in ("honest", "slow5", "crash", "hang")]
    progress = Progress(Console(file=said))
    built = building.build_all(fakes, engine, chosen, progress, clean=clean, rounds=number, seed=seed)  # type: ignore[arg-type]
    assert [b.implementation for b in built] == [i.name for i in chosen]
    return [f"{b.implementation} {len(b.clean_seconds)}" for b in built], said.getvalue()


def test_every_round_builds_each_once_in_an_order_of_its_own(fakes: catalog_module.Catalog) -> None:
    engine = Recorder()
    built, said = rounds(fakes, engine, number=12)
    orders = [tuple(engine.asked[i : i + 4]) for i in range(0, 48, 4)]
    assert all(Counter(order) == Counter(orders[0]) and len(set(order)) == 4 for order in orders)
    assert len(set(orders)) > 6
    assert built == [f"fake/{v} 12" for v in ("honest", "slow5", "crash", "hang")]
    assert "[48/48]" in said and "    from nothing: 2.0 s" in said
    again, other = Recorder(), Recorder()
    rounds(fakes, again, number=12)
    rounds(fakes, other, number=12, seed=8)
    assert again.asked == engine.asked != other.asked


def test_what_failed_once_is_not_tried_again_and_the_others_go_on(fakes: catalog_module.Catalog) -> None:
    engine = Recorder("fake/slow5")
    built, _ = rounds(fakes, engine, number=3)
    assert Counter(engine.asked) == {"fake/honest": 3, "fake/slow5": 1, "fake/crash": 3, "fake/hang": 3}
    assert built[1] == "fake/slow5 0"


def test_rounds_of_builds_that_caches_would_answer_are_a_mistake(fakes: catalog_module.Catalog) -> None:
    with pytest.raises(UserError, match="--rounds repeats builds from nothing; add --clean"):
        rounds(fakes, Recorder(), number=2, clean=False)


# --- as they are shown


def test_the_median_of_the_rounds_is_shown_with_their_number() -> None:
    made = report_sessions.session()
    first, *others = made.builds
    made = replace(made, builds=(replace(first, clean_seconds=(50.0, 10.0, 12.0)), *others))
    row = frames.builds(made).filter(implementation=first.implementation).row(0, named=True)
    assert (row["clean_seconds"], row["clean_builds"], row["clean_each"]) == (12.0, 3, "50.0;10.0;12.0")
    figure, _ = plot_builds.draw(made, frozenset())
    texts = [t.get_text() for ax in figure.axes for t in ax.texts]
    assert any(t.endswith("(n=3)") and t.startswith("12") for t in texts)
    assert sum("(n=" in t for t in texts) == 1


def test_without_a_build_from_nothing_nothing_is_shown_as_one() -> None:
    made = report_sessions.session()
    made = replace(made, builds=tuple(replace(b, clean_seconds=()) for b in made.builds))
    assert set(frames.builds(made)["clean_seconds"]) == {None} and set(frames.builds(made)["clean_builds"]) == {0}
    figure, _ = plot_builds.draw(made, frozenset())
    assert "builds: none from nothing was timed" in figure.get_suptitle() + "".join(t.get_text() for t in figure.texts)
