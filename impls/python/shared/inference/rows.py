"""The file `inputs`: read, checked against the case, and held as the variant wants it."""

from inference.case import Case
from inference.engine import Holding, Rows
from inference.safetensors import Safetensors


def read(case: Case, holding: Holding) -> Rows:
    """A Failure where tensors are not what the model takes, or not as many rows as the case says."""
    file = Safetensors(case.file("inputs"))
    model = case.spec
    rows = {}
    for name, shape in model.row.items():
        tensor = file.tensor(name, model.dtype, (None, *shape))
        if tensor.shape[0] != case.rows:
            raise file.refusal(f"{name} has {tensor.shape[0]} rows; the case has {case.rows}")
        if model.dtype == "F32" and not holding.finite(tensor, model.missing):
            raise file.refusal(f"{name} has a value that is not finite where none may lack")
        rows[name] = holding.held(tensor)
    return rows
