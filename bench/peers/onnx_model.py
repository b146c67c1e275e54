"""ONNX models of one RNN, LSTM or GRU: as a program, the model of a streaming step into a file."""
import json
import sys

import numpy as np
from gates import to_theirs
from onnx import TensorProto, helper, numpy_helper

OPS = {"vanilla": "RNN", "lstm": "LSTM", "gru-reset-after": "GRU"}


def model(cell, W, R, b, B, T, states):
    """X [T,B,I] to Y [T,1,B,H]; with states too, in_h (in_c) [1,B,H] to Y_h (Y_c)."""
    I, H = W.shape[0], R.shape[0]
    W, R, b, b_h = to_theirs(cell, "onnx", W, R, b)
    given = {"W": W.T[None], "R": R.T[None], "b": np.concatenate([b, b_h])[None]}
    initialisers = [numpy_helper.from_array(np.ascontiguousarray(v), k) for k, v in given.items()]
    names = (["h", "c"] if cell == "lstm" else ["h"]) if states else []
    value = lambda name, *shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    node = helper.make_node(
        OPS[cell],
        ["X", "W", "R", "b", *([""] if names else []), *[f"in_{n}" for n in names]],
        ["Y", *[f"Y_{n}" for n in names]],
        hidden_size=H,
        **({"linear_before_reset": 1} if cell == "gru-reset-after" else {}),
    )
    graph = helper.make_graph(
        [node],
        "sequence",
        [value("X", T, B, I), *[value(f"in_{n}", 1, B, H) for n in names]],
        [value("Y", T, 1, B, H), *[value(f"Y_{n}", 1, B, H) for n in names]],
        initialisers,
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)])
    made.ir_version = 8
    return made.SerializeToString()


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    arrays = [
        np.array(asked["weights"][name]["values"], "float32").reshape(asked["weights"][name]["shape"])
        for name in ("W", "R", "b")
    ]
    with open(sys.argv[1], "wb") as file:
        file.write(model(asked["cell"], *arrays, 1, 1, True))
