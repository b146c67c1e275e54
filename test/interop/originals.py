"""Models of PyTorch and Keras with what they compute.

`originals.py FOLDER` writes each model with a golden file beside it; `originals.py FOLDER copies` loads NAME.copy.safetensors,
NAME.copy.weights.h5 and NAME.copy.keras, written here of the same models, into the real modules and layers and prints as JSON how far
their outputs are from the originals'.
"""

import importlib
import json
import os
import struct
import sys
from pathlib import Path

import numpy as np
import torch

# KERAS=tf_keras is Keras 2
keras = importlib.import_module(os.environ.get("KERAS", "keras"))
folder = Path(sys.argv[1])
copies = "copies" in sys.argv
errors = {}
rng = np.random.default_rng(5)
torch.manual_seed(5)
layers = keras.layers


def tensor(a):
    a = np.asarray(a)
    kind = {"dtype": "int32"} if a.dtype.kind == "i" else {}
    return {"shape": list(a.shape), "data": a.reshape(-1).tolist(), **kind}


def golden(name, kind, files, x, expected, **more):
    about = {
        "format": "rnn-golden/1",
        "kind": kind,
        "id": f"interchange/{name}",
        "files": files,
        "inputs": {"x": tensor(x)},
        "expected": {k: tensor(np.asarray(v, dtype="float32")) for k, v in expected.items()},
        **more,
    }
    (folder / f"{name}.json").write_text(json.dumps(about))


def save_safetensors(path, tensors):
    """The format written by hand: 8 bytes of length, JSON, bytes."""
    kinds = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16"}
    header, data = {}, b""
    for name, t in tensors.items():
        raw = t.contiguous().view(torch.uint8 if t.dim() else t.dtype).numpy().tobytes()
        header[name] = {
            "dtype": kinds[t.dtype],
            "shape": list(t.shape),
            "data_offsets": [len(data), len(data) + len(raw)],
        }
        data += raw
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def load_safetensors(path):
    raw = path.read_bytes()
    length = struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8 : 8 + length])
    header.pop("__metadata__", None)
    data = {}
    for name, about in header.items():
        assert about["dtype"] == "F32"
        begin, end = about["data_offsets"]
        values = np.frombuffer(raw[8 + length + begin : 8 + length + end], dtype="<f4")
        data[name] = torch.tensor(values.reshape(about["shape"]))
    return data


def furthest(pairs):
    return max(float(np.abs(np.asarray(a, dtype="float64") - np.asarray(b)).max()) for a, b in pairs)


class Net(torch.nn.Module):
    def __init__(self, rnn, head=None, embedding=None):
        super().__init__()
        if embedding is not None:
            self.embedding = embedding
        self.rnn = rnn
        if head is not None:
            self.head = head

    def forward(self, x):
        y, final = self.rnn(self.embedding(x) if hasattr(self, "embedding") else x)
        return y, final, self.head(y) if hasattr(self, "head") else None


def torch_case(name, net, x, module, dtype=torch.float32):
    net = net.to(dtype)
    if copies:
        original = [net.to(torch.float64).state_dict()[k].numpy().copy() for k in net.state_dict()]
        net.load_state_dict(load_safetensors(folder / f"{name}.copy.safetensors"), strict=True)
        errors[name] = furthest(zip(original, [v.numpy() for v in net.state_dict().values()]))
        return
    save_safetensors(folder / f"{name}.safetensors", net.state_dict())
    net = net.to(torch.float64)
    y, final, logits = net(torch.tensor(x) if x.dtype.kind == "i" else torch.tensor(x, dtype=torch.float64))
    h, c = final if isinstance(final, tuple) else (final, None)
    expected = {"y": y, "h_n": h, **({} if c is None else {"c_n": c}), **({} if logits is None else {"logits": logits})}
    golden(
        name,
        "safetensors",
        [f"{name}.safetensors"],
        x,
        {k: v.detach().numpy() for k, v in expected.items()},
        module=module,
        tensors={k: list(v.shape) for k, v in net.state_dict().items()},
    )


def torch_cases():
    nn = torch.nn
    x = rng.normal(size=(2, 7, 3)).astype("float32")
    ids = rng.integers(0, 9, size=(2, 6)).astype("int32")
    torch_case("rnn_tanh", Net(nn.RNN(3, 4, batch_first=True), nn.Linear(4, 2)), x, {"rnn": "RNN"})
    relu = nn.RNN(3, 4, 2, nonlinearity="relu", bidirectional=True, batch_first=True)
    torch_case("rnn_relu_2_bidirectional", Net(relu), x, {"rnn": "RNN", "nonlinearity": "relu"})
    torch_case("gru_f64", Net(nn.GRU(3, 5, 3, batch_first=True), nn.Linear(5, 5)), x, {"rnn": "GRU"}, torch.float64)
    both = nn.GRU(3, 5, 2, bidirectional=True, bias=False, batch_first=True)
    torch_case("gru_f16_nobias", Net(both, nn.Linear(10, 2, bias=False)), x, {"rnn": "GRU"}, torch.float16)
    torch_case("lstm_bf16", Net(nn.LSTM(3, 3, batch_first=True), nn.Linear(3, 3)), x, {"rnn": "LSTM"}, torch.bfloat16)
    words = Net(nn.LSTM(4, 6, batch_first=True), nn.Linear(6, 9), nn.Embedding(9, 4))
    torch_case("lstm_embedding", words, ids, {"rnn": "LSTM"})


def keras_case(name, model, x, **more):
    for w in model.weights:
        w.assign(rng.normal(size=w.shape) * 0.5)
    y = model.predict(x, verbose=0)
    if copies:
        for w in model.weights:
            w.assign(np.zeros(w.shape))
        model.load_weights(str(folder / f"{name}.copy.weights.h5"))
        whole = keras.saving.load_model(str(folder / f"{name}.copy.keras"))
        errors[name] = furthest([(model.predict(x, verbose=0), y), (whole.predict(x, verbose=0), y)])
        return
    files = [f"{name}.keras", f"{name}.h5", f"{name}.weights.h5"]
    model.save(str(folder / files[0]))
    model.save(str(folder / files[1]))
    model.save_weights(str(folder / files[2]))
    reference = f"Keras {keras.__version__}"
    golden(name, "keras", files, x, {"y": y}, modelConfig=model.to_json(), reference=reference, **more)


def keras_cases():
    x = rng.normal(size=(3, 6, 3)).astype("float32")
    padded = x.copy()
    padded[0, 4:] = 0
    padded[1, 2:] = 0
    ids = np.array([[1, 2, 3, 0, 0], [4, 5, 0, 0, 0], [8, 7, 6, 5, 4]], dtype="int32")
    gapped = np.array([[0, 1, 0, 2, 0], [3, 0, 0, 4, 5], [0, 0, 0, 6, 0]], dtype="int32")
    seq = {"return_sequences": True}
    one = lambda *rest: keras.Sequential([keras.Input((None, 3)), *rest])
    words = lambda *rest: keras.Sequential([keras.Input((5,), dtype="int32"), layers.Embedding(9, 4, mask_zero=True), *rest])
    keras_case("lstm_masked", one(layers.Masking(0.0), layers.LSTM(4, **seq), layers.Dense(2)), padded)
    # read as a dense layer, it is written as one
    each = layers.Dense(2) if copies else layers.TimeDistributed(layers.Dense(2))
    zeros = layers.LSTM(4, zero_output_for_mask=True, **seq)
    keras_case("lstm_masked_zeros", one(layers.Masking(0.0), zeros, each), padded)
    both = layers.Bidirectional(layers.LSTM(4, **seq))
    last = layers.Bidirectional(layers.GRU(3, reset_after=False), merge_mode="sum")
    keras_case("bidirectional_masked", words(both, last, layers.Dense(2, activation="softmax")), ids)
    keras_case("bidirectional_gapped", words(layers.Bidirectional(layers.GRU(3, **seq), merge_mode="ave")), gapped)
    keras_case("bidirectional_mul", one(layers.Bidirectional(layers.SimpleRNN(4, **seq), merge_mode="mul")), x)
    hard = layers.LSTM(4, recurrent_activation="hard_sigmoid", activation="relu", use_bias=False, **seq)
    keras_case("hard", one(hard, layers.GRU(3, recurrent_activation="hard_sigmoid"), layers.Dense(2, "elu")), x)
    keras_case("backwards", one(layers.LSTM(4, go_backwards=True), layers.Dense(2, activation="sigmoid")), x[..., :3])
    twice = [layers.LSTM(3, **seq), layers.Dropout(0.5), layers.LSTM(3, dropout=0.1, recurrent_dropout=0.1, **seq)]
    keras_case("twice", one(*twice, layers.SimpleRNN(2, activation="linear")), x)
    i = keras.Input((6, 3))
    h = layers.GRU(4, **seq)(i)
    h = layers.Activation("swish")(layers.Dense(5)(h))
    keras_case("functional", keras.Model(i, layers.LSTM(2)(h)), x)


torch_cases()
keras_cases()
if copies:
    print(json.dumps(errors))
