"""batch-inference as all its Python variants share it: the course of queries, what is told of them, and what is refused."""

import math
from pathlib import Path

import pytest
from bench_protocol.failure import Failure
from bench_protocol.wire import Request
from inference import layers, ndarrays, plain
from inference.safetensors import Safetensors
from inference.trees import Trees
from inference.workload import Inference
from safetensors_files import LAYERS, TREES, content

ROWS = 6
HOLDINGS = pytest.mark.parametrize("holding", [plain, ndarrays])


class Echo:
    """Answers a row by its first column, and notes what it was asked."""

    kind = "d"

    def __init__(self, case):
        self.case = case
        self.asked = []

    def begin(self, rows, out, batch):
        """A query that notes itself."""

        def query(begin, end):
            self.asked.append((begin, end))
            for row in range(begin, end):
                out[row] = rows["input"][row][0]

        return query


@pytest.fixture
def asked(tmp_path):
    """A request for gbdt's rows, of which some numbers may be others."""

    def build(numbers=None, steps=("gbdt",), rows=ROWS, **params):
        values = [float(number) for number in range(ROWS * 10)]
        for place, value in (numbers or {}).items():
            values[place] = value
        (tmp_path / "inputs").write_bytes(content({"input": ("F32", (ROWS, 10), values)}))
        params = {"model": "gbdt", "batch": 2, "rows": rows, "queries": 3} | params
        return Request("batch-inference", {"inputs": str(tmp_path / "inputs")}, params, list(steps), 1, 1, 1, 1, 60.0, None, None)

    return build


@HOLDINGS
def test_every_query_is_a_batch_and_its_answer_lies_in_its_place(asked, holding, tmp_path):
    workload = Inference({"gbdt": Echo}, holding)
    loaded = workload.load(asked())
    assert list(workload.load_phases(loaded)) == ["inputs", "model", "first"]
    result = workload.steps["gbdt"](loaded)
    assert loaded.engines["gbdt"].asked == [(0, 2), (0, 2), (2, 4), (4, 6)]
    assert workload.units(loaded) == ROWS
    assert workload.check("gbdt", result) == {"rows": ROWS, "sums": {"value": 150.0}}
    assert workload.queries("gbdt", result) == []
    assert workload.write("gbdt", result, tmp_path / "gbdt.csv") == ROWS
    assert (tmp_path / "gbdt.csv").read_text().splitlines()[:3] == ["row,output,value", "0,0,0.0", "1,0,10.0"]


def test_a_stream_times_each_query_of_one_row(asked):
    workload = Inference({"gbdt": Echo}, plain)
    loaded = workload.load(asked(steps=["gbdt-stream"]))
    result = workload.steps["gbdt-stream"](loaded)
    assert loaded.engines["gbdt"].asked[1:] == [(0, 1), (1, 2), (2, 3)]
    assert workload.units(loaded) == 3
    times = workload.queries("gbdt-stream", result)
    assert len(times) == 3
    assert all(time > 0 for time in times)
    assert workload.check("gbdt-stream", result)["rows"] == 3


def test_a_call_has_an_engine_of_its_own():
    assert sorted(Inference({"gbdt": Echo, "gbdt-call": Echo}, plain).steps) == ["gbdt", "gbdt-call", "gbdt-stream"]
    assert sorted(Inference({"gbdt": Echo}, plain).steps) == ["gbdt", "gbdt-stream"]


def test_what_a_call_needs_is_opened_beside_the_model_and_is_no_phase(asked):
    workload = Inference({"gbdt": Echo, "gbdt-call": Echo}, plain)
    loaded = workload.load(asked(steps=["gbdt-call"]))
    workload.steps["gbdt-call"](loaded)
    assert loaded.engines["gbdt"].asked == [(0, 2)]
    assert loaded.engines["gbdt-call"].asked == [(0, 2), (2, 4), (4, 6)]


class Nan(Echo):
    """An engine whose weights have gone."""

    def begin(self, rows, out, batch):
        """Answers nothing that is a number."""

        def query(begin, end):
            out[begin] = math.nan

        return query


@HOLDINGS
def test_first_answers_that_are_not_finite_are_the_models_fault(asked, holding):
    with pytest.raises(Failure, match="first answers of gbdt are not finite"):
        Inference({"gbdt": Nan}, holding).load(asked())


@HOLDINGS
def test_what_is_missing_may_be_in_three_columns(asked, holding):
    loaded = Inference({"gbdt": Echo}, holding).load(asked({7: math.nan, 18: math.nan, 59: math.nan}))
    assert math.isnan(loaded.rows["input"][0][7])


@HOLDINGS
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"numbers": {6: math.nan}}, "not finite"),
        ({"numbers": {7: math.inf}}, "not finite"),
        ({"numbers": {50: -math.inf}}, "not finite"),
        ({"rows": 8}, "has 6 rows; the case has 8"),
        ({"batch": 4}, "batch 4 does not divide rows 6"),
        ({"batch": 0}, "batch is 0"),
        ({"rows": "6"}, "rows is '6'"),
        ({"model": "forest"}, "no model 'forest'"),
        ({"model": "mlp"}, "asks another model than mlp"),
        ({"steps": ["gbdt-stream"], "queries": 0}, "from 1 to 6 queries"),
        ({"steps": ["gbdt-stream"], "queries": 7}, "from 1 to 6 queries"),
        ({"model": "vad", "steps": ["vad"], "streams": 3}, "batch 2 does not divide streams 3"),
        ({"model": "vad", "steps": ["vad"], "streams": 2}, r"input is F32 \[6, 10\]; it must be F32 \[n, 576\]"),
        ({"model": "minilm", "steps": ["minilm"]}, "no tensor input_ids"),
    ],
)
def test_rows_that_are_not_as_the_case_says(asked, holding, changes, words):
    with pytest.raises(Failure, match=words) as raised:
        Inference(dict.fromkeys(("gbdt", "mlp", "vad", "minilm"), Echo), holding).load(asked(**changes))
    assert raised.value.kind == "input"


def moved(header):
    header["x"]["data_offsets"] = [4, 12]


def longer(header):
    header["x"]["data_offsets"] = [0, 12]


def headless(header):
    del header["x"]["dtype"]


def negative(header):
    header["x"]["shape"] = [-1, -2]


def wider(header):
    header["x"]["shape"] = [3]


WHOLE = content({"x": ("F32", (2,), [1, 2])})


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no length of a header"),
        (b"\xff" * 64, "no length of a header"),
        (WHOLE[:20], "no length of a header"),
        (WHOLE[:-1], "take 8 bytes, and there are 7"),
        (WHOLE + b"\0", "take 8 bytes, and there are 9"),
        ((8).to_bytes(8, "little") + b"nonsense", "not JSON"),
        ((8).to_bytes(8, "little") + b"[1,2,3] ", "not a table"),
        ((1 << 16).to_bytes(8, "little") + b"[" * (1 << 16), "not JSON"),
        ((8).to_bytes(8, "little") + b'{"x":1} ', "x lacks its dtype"),
        (content({"x": ("F32", (2,), [1, 2])}, change=moved), "side by side at byte 4"),
        (content({"x": ("F32", (2,), [1, 2])}, change=longer), "take 12 bytes, and there are 8"),
        (content({"x": ("F32", (2,), [1, 2])}, change=headless), "x lacks its dtype"),
        (content({"x": ("F32", (2,), [1, 2])}, change=negative), "not whole numbers"),
        (content({"x": ("F32", (2,), [1, 2])}, change=wider), r"x has 8 bytes, which is not F32 \[3\]"),
        (content({"x": ("F64", (2,), [1, 2])}), r"x is F64 \[2\]; it must be F32 \[n\]"),
        (content({"x": ("F32", (1, 2), [1, 2])}), r"x is F32 \[1, 2\]"),
        (content({"y": ("F32", (2,), [1, 2])}), "no tensor x"),
    ],
)
def test_what_is_no_file_of_that_tensor(tmp_path, data, words):
    (tmp_path / "file").write_bytes(data)
    with pytest.raises(Failure, match=words) as raised:
        Safetensors(tmp_path / "file").tensor("x", "F32", (None,))
    assert raised.value.kind == "input"
    assert str(tmp_path / "file") in str(raised.value)


def spoilt(tensors: dict, name: str, place: int, value: float) -> dict:
    dtype, shape, numbers = tensors[name]
    return {**tensors, name: (dtype, shape, [*numbers[:place], value, *numbers[place + 1 :]])}


@pytest.mark.parametrize(
    ("tensors", "metadata", "words"),
    [
        (TREES, {"format": "2"}, "format is '2'"),
        (TREES, None, "format is None"),
        (spoilt(TREES, "tree", 0, 1), {"format": "1"}, "does not begin at 0"),
        (spoilt(TREES, "tree", 1, 3), {"format": "1"}, "does not begin at 0 and grow"),
        (spoilt(TREES, "tree", 2, 4), {"format": "1"}, r"feature is I32 \[3\]; it must be I32 \[4\]"),
        (spoilt(TREES, "feature", 1, 10), {"format": "1"}, "feature outside"),
        (spoilt(TREES, "feature", 1, -1), {"format": "1"}, "feature outside"),
        (spoilt(TREES, "left", 0, 0), {"format": "1"}, "no tree"),
        (spoilt(TREES, "left", 0, 2), {"format": "1"}, "no tree"),
        (spoilt(TREES, "left", 0, -1), {"format": "1"}, "no tree"),
        (spoilt(TREES, "right", 1, -6), {"format": "1"}, "no tree"),
        (spoilt(TREES, "right", 1, 1), {"format": "1"}, "no tree"),
        (spoilt(TREES, "threshold", 1, math.nan), {"format": "1"}, "not finite"),
        (spoilt(TREES, "leaf", 1, math.inf), {"format": "1"}, "not finite"),
    ],
)
def test_trees_that_do_not_fit_together(tmp_path: Path, tensors, metadata, words):
    (tmp_path / "arrays").write_bytes(content(tensors, metadata))
    with pytest.raises(Failure, match=words):
        Trees.read(tmp_path / "arrays")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"bias0": ("F32", (3,), [0, 0, 0])}, r"bias0 is F32 \[3\]; it must be F32 \[2\]"),
        ({"weight1": ("F32", (3, 2), [0] * 6)}, r"weight1 is F32 \[3, 2\]; it must be F32 \[2, n\]"),
        ({"weight2": ("F32", (2, 2), [0] * 4)}, r"weight2 is F32 \[2, 2\]; it must be F32 \[2, 1\]"),
        ({"bias2": ("F32", (1,), [math.nan])}, "not finite"),
    ],
)
def test_layers_that_do_not_fit_together(tmp_path, changes, words):
    (tmp_path / "arrays").write_bytes(content(LAYERS | changes, {"format": "1"}))
    with pytest.raises(Failure, match=words):
        layers.read(tmp_path / "arrays")
