"""Writes the graphs of the tests, with the package onnx: names and shapes are the models', what they compute is easy to foresee."""

from pathlib import Path

from onnx import TensorProto, checker, helper, save_model

FLOAT, INT = TensorProto.FLOAT, TensorProto.INT64


def ints(name, *values):
    return helper.make_node("Constant", [], [name], value=helper.make_tensor(name, INT, [len(values)], values))


def write(name, nodes, inputs, outputs):
    value = helper.make_tensor_value_info
    graph = helper.make_graph(nodes, name, [value(*v) for v in inputs], [value(*v) for v in outputs])
    model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])
    checker.check_model(model, full_check=True)
    save_model(model, Path(__file__).with_name(f"{name}.onnx"))


def columns(source, first, end):
    return [
        ints("first", first),
        ints("end", end),
        ints("axis", 1),
        helper.make_node("Slice", [source, "first", "end", "axis"], ["columns"]),
    ]


# The columns 3 and 4: only the last one is the answer.
write(
    "gbdt",
    [*columns("input", 3, 5), helper.make_node("Identity", ["columns"], ["probabilities"])],
    [("input", FLOAT, ["b", 10])],
    [("probabilities", FLOAT, ["b", 2])],
)
# The mean of an image, and less than nothing of it.
write(
    "ocr-cls",
    [
        helper.make_node("ReduceMean", ["x"], ["mean"], axes=[1, 2, 3], keepdims=0),
        ints("axis", 1),
        helper.make_node("Unsqueeze", ["mean", "axis"], ["one"]),
        helper.make_node("Neg", ["one"], ["other"]),
        helper.make_node("Concat", ["one", "other"], ["output"], axis=1),
    ],
    [("x", FLOAT, ["b", 3, 48, 192])],
    [("output", FLOAT, ["b", 2])],
)
# The state adds up the frames' first values, once in each half, the second one negative; the answer is what was added before.
write(
    "vad",
    [
        *columns("input", 0, 1),
        helper.make_node("Constant", [], ["signs"], value=helper.make_tensor("signs", FLOAT, [2, 1, 1], [1, -1])),
        helper.make_node("Mul", ["columns", "signs"], ["both"]),
        helper.make_node("Add", ["state", "both"], ["stateN"]),
        ints("zero", 0),
        ints("one", 1),
        ints("two", 2),
        ints("last", 127),
        ints("past", 128),
        helper.make_node("Slice", ["state", "one", "two", "zero"], ["half"]),
        helper.make_node("Slice", ["half", "last", "past", "two"], ["kept"]),
        helper.make_node("Squeeze", ["kept", "zero"], ["output"]),
    ],
    [("input", FLOAT, ["b", 576]), ("state", FLOAT, [2, "b", 128])],
    [("output", FLOAT, ["b", 1]), ("stateN", FLOAT, [2, "b", 128])],
)
