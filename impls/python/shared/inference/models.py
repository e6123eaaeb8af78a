"""The five models as the workload's spec has them: what a row is, and how many values its answer has."""

from typing import NamedTuple


class Model(NamedTuple):
    """Rows are tensors side by side; an answer is `width` values, the last ones of what the ONNX graph calls `output`."""

    dtype: str
    row: dict[str, tuple[int, ...]]
    """Name of a tensor to the shape of one row of it."""
    output: str
    width: int
    missing: tuple[int, ...] = ()
    """Columns in which NaN is lawful."""


MODELS = {
    "gbdt": Model("F32", {"input": (10,)}, "probabilities", 1, missing=(7, 8, 9)),
    "mlp": Model("F32", {"input": (131,)}, "output", 1),
    "vad": Model("F32", {"input": (576,)}, "output", 1),
    "ocr-cls": Model("F32", {"x": (3, 48, 192)}, "output", 2),
    "minilm": Model("I64", dict.fromkeys(("input_ids", "attention_mask", "token_type_ids"), (32,)), "embedding", 384),
}
STREAM, CALL = "-stream", "gbdt-call"


def model_of(step: str) -> str:
    """The model that a step asks."""
    return "gbdt" if step == CALL else step.removesuffix(STREAM)
