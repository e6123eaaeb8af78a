"""PP-OCR's direction classifier: its published graph for lines of one size, and lines of text that are drawn, half of them upside down."""

import zipfile
from pathlib import Path
from typing import Any

import manifest
import numpy as np
import onnx
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

HEIGHT, WIDTH = 48, 192
WORDS = ("gate", "delayed", "on time", "boarding", "arrives", "departs", "cancelled", "last call", "baggage", "terminal")
PLACES = ("EWR", "JFK", "LGA", "ATL", "BOS", "CLT", "IAH", "LAX", "MCO", "MIA", "ORD", "SFO")


def make(request: dict[str, Any], out: Path) -> None:
    """Writes the ONNX file, with sizes where the published one leaves all open, and its output under a plain name."""
    packed = zipfile.ZipFile(request["packages"]["package"]).read(manifest.entry("ocr-cls")["package"]["member"])
    model = onnx.load_model_from_string(packed)
    _sized(model.graph.input[0], ("b", 3, HEIGHT, WIDTH))
    _sized(model.graph.output[0], ("b", 2))
    model.graph.node.append(onnx.helper.make_node("Identity", [model.graph.output[0].name], ["output"]))
    model.graph.output[0].name = "output"
    del model.graph.value_info[:]
    onnx.checker.check_model(model)
    onnx.save(model, out / "model.onnx")


def rows(request: dict[str, Any], seed: int, count: int) -> dict[str, NDArray[Any]]:
    """[count, 3, 48, 192] float32 from -1 to 1, as the classifier is fed in use: grey lines of its height, filled up at the right."""
    rng = np.random.default_rng(seed)
    x = np.empty((count, 3, HEIGHT, WIDTH), np.float32)
    for row in x:
        row[:] = (_line(rng).astype(np.float32) / 255 - 0.5) / 0.5
    return {"x": x}


def _line(rng: np.random.Generator) -> NDArray[np.uint8]:
    ground, ink = int(rng.integers(160, 256)), int(rng.integers(0, 90))
    text = f"{rng.choice(PLACES)} {rng.integers(1, 3000)} {rng.choice(WORDS)}"[: int(rng.integers(6, 20))]
    image = Image.new("L", (WIDTH, HEIGHT), ground)
    at, font = (int(rng.integers(0, 12)), int(rng.integers(2, 14))), _font(int(rng.integers(18, 30)))
    ImageDraw.Draw(image).text(at, text, fill=ink, font=font)
    if rng.random() < 0.5:
        image = image.rotate(180)
    noisy = np.asarray(image, np.float32) + rng.normal(0, rng.uniform(0, 12), (HEIGHT, WIDTH))
    return noisy.clip(0, 255).astype(np.uint8)


def _font(size: int) -> Any:
    """Pillow's own, so that no machine's fonts matter."""
    return ImageFont.load_default(size)


def _sized(value: onnx.ValueInfoProto, sizes: tuple[str | int, ...]) -> None:
    shape = value.type.tensor_type.shape
    del shape.dim[:]
    for size in sizes:
        shape.dim.add(**({"dim_param": size} if isinstance(size, str) else {"dim_value": size}))
