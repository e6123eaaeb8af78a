"""silero-vad: its published graph with the batch left open, and frames of recorded speech."""

import io
import tarfile
import wave
import zipfile
from pathlib import Path
from typing import Any

import manifest
import numpy as np
import onnx
from numpy.typing import NDArray
from request import Mistake, mapping, whole

CONTEXT, FRAME = 64, 512
"""Samples at 16 kHz: a frame is seen with the end of the one before."""


def make(request: dict[str, Any], out: Path) -> None:
    """Writes the ONNX file: the published one is for a batch of one in its header alone."""
    packed = zipfile.ZipFile(request["packages"]["package"]).read(manifest.entry("vad")["package"]["member"])
    model = onnx.load_model_from_string(packed)
    for value in (*model.graph.input, *model.graph.output):
        sizes = value.type.tensor_type.shape.dim
        sizes[len(sizes) - 2].dim_param = "b"
    del model.graph.value_info[:]
    onnx.checker.check_model(model)
    onnx.save(model, out / "model.onnx")


def rows(request: dict[str, Any], seed: int, count: int) -> dict[str, NDArray[Any]]:
    """Row r is frame r / streams of recording r mod streams."""
    params = mapping(request, "params")
    streams = whole(params, "streams", 1, count)
    if count % streams or streams % params["batch"]:
        raise Mistake(f"`streams` ({streams}) must divide `rows` ({count}), and `batch` ({params['batch']}) must divide `streams`")
    speech, rng = _speech(Path(request["packages"]["speech"])), np.random.default_rng(seed)
    frames = count // streams
    begin = rng.integers(len(speech), size=streams)
    loudness = rng.uniform(0.1, 1.0, size=streams).astype(np.float32)
    at = begin[:, None] + np.arange(frames * FRAME)
    sound = np.concatenate([np.zeros((streams, CONTEXT), np.float32), speech[at % len(speech)] * loudness[:, None]], axis=1)
    cut = np.lib.stride_tricks.sliding_window_view(sound, CONTEXT + FRAME, axis=1)[:, ::FRAME]
    return {"input": np.ascontiguousarray(cut.transpose(1, 0, 2)).reshape(count, CONTEXT + FRAME)}


def _speech(sdist: Path) -> NDArray[np.float32]:
    """All of the LibriVox recordings, one after the other, from -1 to 1."""
    with tarfile.open(sdist) as archive:
        names = sorted(name for name in archive.getnames() if "/librivox/" in name and name.endswith(".wav"))
        return np.concatenate([_samples(archive, name) for name in names])


def _samples(archive: tarfile.TarFile, name: str) -> NDArray[np.float32]:
    packed = archive.extractfile(name)
    assert packed, "the digest vouches for it"
    with wave.open(io.BytesIO(packed.read())) as sound:
        assert (sound.getframerate(), sound.getsampwidth(), sound.getnchannels()) == (16_000, 2, 1)
        return np.frombuffer(sound.readframes(sound.getnframes()), np.int16).astype(np.float32) / np.float32(32_768)
