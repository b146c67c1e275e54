"""ONNX Runtime: inference alone. Its sequences are time-major, so x is given that way."""
import numpy as np
import onnxruntime as ort
from gates import flat
from onnx_model import model


def ready():
    return f"onnxruntime {ort.__version__}"


def prepare(one, data):
    streaming = one["measure"] == "streaming"
    options = ort.SessionOptions()
    options.intra_op_num_threads = 2
    options.inter_op_num_threads = 1
    weights = [data[name] for name in ("W", "R", "b")]
    made = model(one["cell"], *weights, one["B"], one["T"], streaming)
    session = ort.InferenceSession(made, options, providers=["CPUExecutionProvider"])
    return (stream if streaming else forward)(session, one, data)


def forward(session, one, data):
    x = np.ascontiguousarray(data["x"].transpose(1, 0, 2))
    run = lambda: session.run(None, {"X": x})[0]
    return flat(run()[:, 0].transpose(1, 0, 2)), run


def stream(session, one, data):
    inputs = data["x"]
    names = [i.name for i in session.get_inputs()][1:]
    state = [np.zeros((1, 1, one["H"]), "float32") for _ in names]

    def run(x=inputs[0][None, None]):
        nonlocal state
        y, *state = session.run(None, {"X": x, **dict(zip(names, state))})
        return y

    return flat(*[run(x[None, None]) for x in inputs]), run
