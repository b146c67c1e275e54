"""Training runs with PyTorch's parameter groups: `param_groups.py FOLDER` writes three golden files of the kind `train`.

Float64 is the reference; the same loop in float32 gives `float32Error`. Weights and data are exact float32 values.
"""

import json
import sys
from pathlib import Path

import torch

folder = Path(sys.argv[1])
UPDATES, BATCH, TIME, FEATURES, UNITS, OUTPUTS = 20, 4, 6, 3, 4, 2
cells = {
    "lstm": (torch.nn.LSTM, ["i", "f", "g", "o"]),
    "rnn_tanh": (torch.nn.RNN, ["h"]),
}
# names of the options here and there
adam = {
    "learningRate": lambda o: {"lr": o["learningRate"]},
    "beta1": lambda o: {"betas": (o["beta1"], o["beta2"])},
    "epsilon": lambda o: {"eps": o["epsilon"]},
    "weightDecay": lambda o: {"weight_decay": o["weightDecay"]},
}
sgd = {"learningRate": adam["learningRate"], "momentum": lambda o: {"momentum": o["momentum"]}}
optimizers = {
    "adam": (torch.optim.Adam, adam),
    "adamw": (torch.optim.AdamW, adam),
    "sgd": (torch.optim.SGD, sgd),
}
base = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
runs = {
    "lstm_adam_groups": (
        "lstm",
        {
            "kind": "adam",
            **{"learningRate": 0.02, **base},
            "groups": [
                {"weights": ["Wh"], "learningRate": 0.005, "beta1": 0.8, "beta2": 0.99},
                {"weights": ["Wy", "by"], "learningRate": 0.05},
            ],
        },
    ),
    "lstm_adamw_groups": (
        "lstm",
        {
            "kind": "adamw",
            **{"learningRate": 0.02, **base, "weightDecay": 0.1},
            "groups": [
                {"weights": ["b", "by"], "weightDecay": 0},
                {"weights": ["Wy"], "learningRate": 0.005, "weightDecay": 0.5},
            ],
        },
    ),
    "rnn_tanh_sgd_momentum_groups": (
        "rnn_tanh",
        {
            "kind": "sgd",
            **{"learningRate": 0.05, "momentum": 0.9},
            "groups": [
                {"weights": ["Wx", "Wh"], "learningRate": 0.02, "momentum": 0.5},
                {"weights": ["by"], "learningRate": 0},
            ],
        },
    ),
}


def tensor(t):
    return {"shape": list(t.shape), "data": [float(f"{v:.9g}") for v in t.detach().float().reshape(-1).tolist()]}


def start(cell):
    gates = len(cells[cell][1])
    shapes = {
        "Wx": (FEATURES, gates * UNITS),
        "Wh": (UNITS, gates * UNITS),
        "b": (gates * UNITS,),
        "Wy": (UNITS, OUTPUTS),
        "by": (OUTPUTS,),
    }
    weights = {k: torch.randn(shape) * 0.5 for k, shape in shapes.items()}
    weights["by"].zero_()
    return torch.randn(BATCH, TIME, FEATURES), torch.randn(BATCH, OUTPUTS), weights


def param_groups(optimizer, parameters):
    """As PyTorch takes them: every group whole, the rest in one of its own."""
    _, translate = optimizers[optimizer["kind"]]
    whole = {k: v for k, v in optimizer.items() if k not in ("kind", "groups")}
    grouped = {name for group in optimizer["groups"] for name in group["weights"]}
    rest = {"weights": [name for name in parameters if name not in grouped]}
    for group in [*optimizer["groups"], rest]:
        options = {**whole, **group}
        torchs = {k: v for name in whole if name in translate for k, v in translate[name](options).items()}
        yield {"params": [parameters[name] for name in group["weights"]], **torchs}


def train(cell, optimizer, x, targets, weights, dtype):
    module = cells[cell][0](FEATURES, UNITS, batch_first=True).to(dtype)
    x, targets = x.to(dtype), targets.to(dtype)
    head = {k: torch.nn.Parameter(weights[k].to(dtype).clone()) for k in ("Wy", "by")}
    with torch.no_grad():
        module.weight_ih_l0.copy_(weights["Wx"].T)
        module.weight_hh_l0.copy_(weights["Wh"].T)
        module.bias_ih_l0.copy_(weights["b"])
        module.bias_hh_l0.zero_()
    module.bias_hh_l0.requires_grad_(False)
    recurrent = {"Wx": module.weight_ih_l0, "Wh": module.weight_hh_l0, "b": module.bias_ih_l0}
    parameters = {**recurrent, **head}
    optim = optimizers[optimizer["kind"]][0](list(param_groups(optimizer, parameters)))
    losses, norms = [], []
    for update in range(UPDATES + 1):
        optim.zero_grad()
        y, _ = module(x)
        loss = ((y[:, -1] @ head["Wy"] + head["by"] - targets) ** 2).mean()
        losses.append(loss.item())
        if update < UPDATES:
            loss.backward()
            norms.append(torch.cat([p.grad.reshape(-1) for p in parameters.values()]).norm().item())
            optim.step()
    final = {k: (p.T if k in ("Wx", "Wh") else p).detach() for k, p in parameters.items()}
    return losses, norms, final


def largest(a, b):
    return max(abs(x - y) for x, y in zip(a, b))


def write(name, cell, optimizer):
    x, targets, weights = start(cell)
    losses, norms, final = train(cell, optimizer, x, targets, weights, torch.float64)
    losses32, norms32, final32 = train(cell, optimizer, x, targets, weights, torch.float32)
    about = {
        **{"format": "rnn-golden/1", "kind": "train", "id": f"train/{name}", "cell": cell, "gates": cells[cell][1]},
        "task": "prediction = h_last Wy + by; loss = mean over batch and outputs of (prediction - target)^2",
        "reference": f"torch.nn + torch.optim with param groups (torch {torch.__version__.split('+')[0]}, float64); "
        "one bias: b is bias_ih, bias_hh is 0 and not trained",
        "optimizer": optimizer,
        "taskKind": "mse_last",
        "inputs": {"x": tensor(x), "targets": tensor(targets)},
        "weights": {k: tensor(w) for k, w in weights.items()},
        "losses": losses,
        "lossesNote": "losses[k] is before update k (k = 0..19); losses[20] is after the 20th update",
        "gradientNorms": norms,
        "finalWeights": {k: tensor(w) for k, w in final.items()},
        "float32Error": {
            "losses": largest(losses, losses32),
            "gradientNorms": largest(norms, norms32),
            "finalWeights": {k: (final[k] - final32[k]).abs().max().item() for k in final},
        },
    }
    lines = ",\n".join(f"{json.dumps(k)}:{json.dumps(v, separators=(',', ':'))}" for k, v in about.items())
    (folder / f"{name}.json").write_text("{\n" + lines + "\n}\n")
    print(name, losses[0], losses[-1], about["float32Error"]["losses"])


torch.manual_seed(3)
torch.set_num_threads(1)
for name, (cell, optimizer) in runs.items():
    write(name, cell, optimizer)
