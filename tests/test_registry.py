"""The registry: every entry of the checkout is lawful and fair on its face, and a broken file raises nothing but a UserError."""

import hashlib
import re
from contextlib import suppress
from pathlib import Path

import makers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import catalog, registry, stats
from harness.model import Registry, UserError

ROOT = Path(__file__).parents[1]
CATALOG = catalog.load(ROOT)
NOW = {f"C{n:02d}" for n in range(1, 33)} - {f"C{n:02d}" for n in (14, 15, 21, 22, 23, 26, 27, 28, 30)}
"""Those that a workload of today can judge."""


@pytest.fixture(scope="module")
def ours() -> Registry:
    return registry.load(ROOT, stats.METRICS, CATALOG.workloads, CATALOG.implementations)


def test_every_claim_of_the_report_has_its_entry(ours: Registry) -> None:
    assert [claim.id for claim in ours.claims] == [f"C{n:02d}" for n in range(1, 33)]
    assert {claim.id for claim in ours.claims if claim.contrasts} == NOW
    assert [u.topic for u in ours.undecidable] == [
        "Learning curve", "Talent pool", "Community", "Governance", "Ecosystem breadth", "IDE support",
    ]  # fmt: skip


def test_a_digest_is_of_the_very_bytes(ours: Registry) -> None:
    for claim in ours.claims:
        assert claim.digest == "sha256:" + hashlib.sha256((ROOT / "claims" / f"{claim.id}.toml").read_bytes()).hexdigest()


def test_every_contrast_names_its_tracks_and_what_runs_inside(ours: Registry) -> None:
    for claim in ours.claims:
        for contrast in claim.contrasts:
            for label in (contrast.of, contrast.to):
                implementation = CATALOG.implementations[label.partition("@")[0]]
                inside = implementation.facts["dependencies"]["inside"]
                words = set(re.findall(r"[\w+]+", f"{contrast.name} {contrast.why}"))
                assert implementation.track in {word.lower() for word in words}, f"{claim.id}: {contrast.name}: {label}"
                assert set(inside.split()) <= words, f"{claim.id}: {contrast.name}: {inside} inside {label}"


def test_one_track_is_compared_with_itself_unless_the_entry_says_across(ours: Registry) -> None:
    for claim in ours.claims:
        for contrast in claim.contrasts:
            tracks = {CATALOG.implementations[label.partition("@")[0]].track for label in (contrast.of, contrast.to)}
            assert (len(tracks) == 1) != ("across" in contrast.why.lower()), f"{claim.id}: {contrast.name}"


def test_a_label_of_several_threads_is_one_that_takes_them_or_is_claimed_not_to(ours: Registry) -> None:
    for claim in ours.claims:
        for contrast in claim.contrasts:
            for label in {contrast.of, contrast.to}:
                name, _, threads = label.partition("@")
                if threads and CATALOG.implementations[name].facts["runtime"]["threads"] == "one":
                    assert claim.id in {"C07", "C09"}, "a program of one thread says nothing about its language's threads"


def test_a_margin_around_1_is_as_wide_on_both_sides_and_no_narrower_than_the_policy(ours: Registry) -> None:
    around = [(c.least, c.most) for claim in ours.claims for c in claim.contrasts if c.least and c.most and c.least < 1 < c.most]
    assert around
    for least, most in around:
        assert least * most == pytest.approx(1, abs=1e-4)
        assert most >= 1 + stats.FLOOR


def test_claims_about_tails_ask_for_twenty_blocks_and_all_others_for_ten(ours: Registry) -> None:
    tails = {"C03", "C04", "C10", "C17", "C31", "C32"}
    assert all(claim.blocks == (20 if claim.id in tails else 10) for claim in ours.claims)


def test_a_mean_is_taken_over_figures_of_runs_alone(ours: Registry) -> None:
    assert all(stats.METRICS[c.metric].kind == "run" for claim in ours.claims if claim.rule == "mean" for c in claim.contrasts)


GOOD = """
id = "C01"
title = "one is slower"
section = "Speed"
hypothesis = "One takes longer."
rule = "all"
blocks = 10
unmeasured = []
notes = []

[[contrasts]]
name = "one against two"
workload = "sums"
cases = ["small"]
metric = "seconds"
of = "x/one"
to = "x/two@2"
least = 2
why = "because"
"""


def read(folder: Path, text: str | bytes, name: str = "C01") -> Registry:
    path = folder / "claims" / f"{name}.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    known = {n: makers.implementation(n) for n in ("x/one", "x/two")}
    return registry.load(folder, ["seconds", "peak_memory"], {"sums": makers.WORKLOAD, "other": makers.WORKLOAD}, known)


def test_an_entry_as_it_should_be(tmp_path: Path) -> None:
    claim = read(tmp_path, GOOD).claims[0]
    assert (claim.id, claim.rule, claim.blocks, claim.hypothesis) == ("C01", "all", 10, "One takes longer.")
    assert (claim.contrasts[0].of, claim.contrasts[0].to, claim.contrasts[0].least, claim.contrasts[0].most) == (
        "x/one",
        "x/two@2",
        2.0,
        None,
    )


def test_a_checkout_without_claims_has_none(tmp_path: Path) -> None:
    assert registry.load(tmp_path, [], {}, {}) == Registry((), ())


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('id = "C01"', 'id = "C1"', "id 'C1' is none"),
        ('id = "C01"', 'id = "C02"', "name it C02.toml"),
        ('id = "C01"\n', "", "`id`"),
        ('section = "Speed"\n', "", "`section`"),
        ('section = "Speed"', 'section = " "', "section is empty"),
        ('hypothesis = "One takes longer."', 'hypothesis = ""', "hypothesis is empty"),
        ("notes = []", 'notes = [""]', "notes[0] is empty"),
        ("notes = []", "note = []", "note"),
        ('rule = "all"', 'rule = "most"', "$.rule"),
        ("blocks = 10", "blocks = 1", "blocks = 1"),
        ('metric = "seconds"', 'metric = "second"', "no metric 'second'; there are: seconds, peak_memory"),
        ('workload = "sums"', 'workload = "products"', "no workload 'products'; there are: sums"),
        ('workload = "sums"', 'workload = "other"', "x/one does not take other"),
        ('cases = ["small"]', 'cases = ["large"]', "nothing matches 'large'; there are: small"),
        ('cases = ["small"]', "cases = []", "cases: there is none"),
        ('cases = ["small"]', 'cases = ["small", "small"]', "'small' is there twice"),
        ('cases = ["small"]', 'cases = ["small"]\nsteps = ["s9"]', "no step 's9'; there are: s1, s2"),
        ('of = "x/one"', 'of = "x one"', "of: 'x one' is no label"),
        ('of = "x/one"', 'of = "x/one@1"', "'x/one@1' is no label"),
        ('of = "x/one"', 'of = "x/one (again)"', "is no label"),
        ('of = "x/one"', 'of = "x/three"', "no implementation 'x/three'; there are: x/one, x/two"),
        ('of = "x/one"', 'of = "x/two@2"', "both 'x/two@2'"),
        ("least = 2", "", "neither least nor most"),
        ("least = 2", "least = 0", "least = 0.0"),
        ("least = 2", "least = -1", "positive and finite"),
        ("least = 2", "most = inf", "most = inf"),
        ("least = 2", "least = nan", "least = nan"),
        ("least = 2", "least = 2\nmost = 1.5", "leaves nothing below most = 1.5"),
        ("least = 2", "least = 2\nmost = 2", "leaves nothing"),
        ("least = 2", "more = 2", "more"),
        ('why = "because"\n', "", "`why`"),
        ('why = "because"', 'why = ""', "why is empty"),
        ("[[contrasts]]", "[[contrast]]", "contrast"),
        (GOOD[GOOD.index("[[contrasts]]") :], "", "neither contrasts nor unmeasured"),
        (GOOD, GOOD + GOOD[GOOD.index("[[contrasts]]") :], "'one against two' is there twice"),
        ('id = "C01"', 'id = "C01', "not TOML"),
        ("blocks = 10", f"blocks = {'9' * 5000}", "not TOML"),
        ("notes = []", f"notes = {'[' * 3000}", "not TOML"),
    ],
)
def test_an_error_names_the_file_and_the_key(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in GOOD
    with pytest.raises(UserError) as error:
        read(tmp_path, GOOD.replace(old, new, 1))
    assert str(error.value).startswith(str(tmp_path / "claims" / "C01.toml"))
    assert said in str(error.value)


def test_a_mean_has_one_pair_of_bounds(tmp_path: Path) -> None:
    more = GOOD[GOOD.index("[[contrasts]]") :].replace("one against two", "the same").replace("least = 2", "least = 3")
    with pytest.raises(UserError, match="one pair of bounds"):
        read(tmp_path, GOOD.replace('rule = "all"', 'rule = "mean"') + more)
    assert read(tmp_path, GOOD + more).claims


@pytest.mark.parametrize(
    ("text", "said"),
    [("[[undecidable]]\ntopic = 'x'\n", "`why`"), ("[[undecidable]]\ntopic = 'x'\nwhy = ''\n", "why is empty"), ("", "`undecidable`")],
)
def test_what_is_undecidable_needs_its_reason(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        read(tmp_path, text, "undecidable")


def test_a_file_that_is_no_claim_is_named_and_so_is_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"other\.toml: id is 'C01'"):
        read(tmp_path, GOOD, "other")
    (tmp_path / "claims" / "other.toml").unlink()
    (tmp_path / "claims" / "C09.toml").mkdir()
    with pytest.raises(UserError, match=r"C09\.toml: Is a directory"):
        read(tmp_path, GOOD)


LINES = GOOD.splitlines()
ODD = ["[]", "[[]]", "{}", "true", "1979-05-27", '""']
VALUES = st.one_of(st.text(max_size=20).map(repr), st.integers().map(str), st.floats().map(str), st.sampled_from(ODD))


@given(st.lists(st.tuples(st.integers(0, len(LINES) - 1), VALUES), min_size=1, max_size=4))
def test_random_values_raise_only_what_the_user_can_mend(tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, str]]) -> None:
    lines = list(LINES)
    for at, value in changes:
        key, equals, _ = lines[at].partition(" = ")
        lines[at] = f"{key} = {value}" if equals else value
    _tolerates(tmp_path_factory, "\n".join(lines).encode("utf-8", "surrogatepass"))


@given(
    st.one_of(
        st.binary(max_size=200), st.tuples(st.integers(0, len(GOOD)), st.binary(max_size=9)).map(lambda c: GOOD[: c[0]].encode() + c[1])
    )
)
def test_random_bytes_raise_only_what_the_user_can_mend(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    _tolerates(tmp_path_factory, data)


def _tolerates(factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = factory.mktemp("claims", numbered=True)
    for name in ("C01", "undecidable"):
        with suppress(UserError):
            read(folder, data, name)
        (folder / "claims" / f"{name}.toml").unlink()
