"""minilm in PyTorch: BERT by torch.nn.functional, from weights of Hugging Face's names."""

from pathlib import Path
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from inference import ndarrays
from inference.case import Case
from inference.engine import Query, Rows
from inference.safetensors import Safetensors
from torch import Tensor

LAYERS, HEADS, WIDTH, INNER, TOKENS = 6, 12, 384, 1536, 32
EPSILON = 1e-12


class Affine(NamedTuple):
    """A weight [out, in] and a bias; of a norm both are [width]."""

    weight: Tensor
    bias: Tensor


class Layer(NamedTuple):
    """One of the encoder's. Query, key and value are one product."""

    attention: Affine
    output: Affine
    output_norm: Affine
    inner: Affine
    outer: Affine
    outer_norm: Affine


class Weights:
    """Of a file, by name; a Failure where one does not fit."""

    def __init__(self, path: Path) -> None:
        self._file = Safetensors(path)

    def tensor(self, name: str, *shape: int | None) -> Tensor:
        """One of that shape, None for any length."""
        found = self._file.tensor(name, "F32", shape)
        if not ndarrays.finite(found, ()):
            raise self._file.refusal(f"{name} has a weight that is not finite")
        return torch.from_numpy(ndarrays.held(found))

    def affine(self, name: str, *shape: int) -> Affine:
        """A dense layer, or a norm."""
        return Affine(self.tensor(f"{name}.weight", *shape), self.tensor(f"{name}.bias", shape[0]))

    def layer(self, name: str) -> Layer:
        """All of one layer."""
        parts = [self.affine(f"{name}.attention.self.{part}", WIDTH, WIDTH) for part in ("query", "key", "value")]
        return Layer(
            Affine(torch.cat([part.weight for part in parts]), torch.cat([part.bias for part in parts])),
            self.affine(f"{name}.attention.output.dense", WIDTH, WIDTH),
            self.affine(f"{name}.attention.output.LayerNorm", WIDTH),
            self.affine(f"{name}.intermediate.dense", INNER, WIDTH),
            self.affine(f"{name}.output.dense", WIDTH, INNER),
            self.affine(f"{name}.output.LayerNorm", WIDTH),
        )

    def positions(self) -> Tensor:
        """Of the first tokens, which are all that a row has."""
        found = self.tensor("embeddings.position_embeddings.weight", None, WIDTH)
        if len(found) < TOKENS:
            raise self._file.refusal(f"it knows {len(found)} positions; a row has {TOKENS}")
        return found[:TOKENS]


class Bert:
    """The model, and the mean of its last states."""

    kind = "f"

    def __init__(self, case: Case) -> None:
        weights = Weights(case.file("arrays"))
        self._words = weights.tensor("embeddings.word_embeddings.weight", None, WIDTH)
        self._types = weights.tensor("embeddings.token_type_embeddings.weight", None, WIDTH)
        self._positions = weights.positions()
        self._norm = weights.affine("embeddings.LayerNorm", WIDTH)
        self._layers = [weights.layer(f"encoder.layer.{number}") for number in range(LAYERS)]

    def begin(self, rows: Rows, out: Any, batch: int) -> Query:
        """Tensors over the rows' and answers' own memory."""
        ids, mask, types = (torch.from_numpy(rows[name]) for name in ("input_ids", "attention_mask", "token_type_ids"))
        embedding, room, inference_mode = self._embedding, torch.from_numpy(out), torch.inference_mode

        def query(begin: int, end: int) -> None:
            with inference_mode():
                room[begin:end] = embedding(ids[begin:end], mask[begin:end], types[begin:end])

        return query

    def _embedding(self, ids: Tensor, mask: Tensor, types: Tensor) -> Tensor:
        states = F.embedding(ids, self._words) + F.embedding(types, self._types) + self._positions
        states = norm(states, self._norm)
        present = mask.bool()[:, None, None, :]
        for layer in self._layers:
            states = norm(states + attended(states, present, layer), layer.output_norm)
            states = norm(states + F.linear(F.gelu(F.linear(states, *layer.inner)), *layer.outer), layer.outer_norm)
        weight = mask.unsqueeze(-1).to(states.dtype)
        # The mean's division would change the length alone, and that becomes 1.
        return F.normalize((states * weight).sum(1), dim=1)


def norm(states: Tensor, affine: Affine) -> Tensor:
    return F.layer_norm(states, (WIDTH,), *affine, EPSILON)


def attended(states: Tensor, present: Tensor, layer: Layer) -> Tensor:
    """What each token takes of those that are present."""
    batch = len(states)
    parts = F.linear(states, *layer.attention).view(batch, TOKENS, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
    heads = F.scaled_dot_product_attention(*parts, attn_mask=present)
    return F.linear(heads.transpose(1, 2).reshape(batch, TOKENS, WIDTH), *layer.output)
