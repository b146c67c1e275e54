"""PyTorch: nn.RNN, nn.LSTM, nn.GRU on the CPU."""
import torch
from gates import flat, to_ours, to_theirs

MODULES = {"vanilla": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru-reset-after": torch.nn.GRU}


def ready():
    torch.set_num_threads(2)
    return f"torch {torch.__version__}"


def tensor(array):
    return torch.from_numpy(array.copy())


def module(one, data):
    m = MODULES[one["cell"]](one["I"], one["H"], batch_first=True)
    W, R, b, b_h = to_theirs(one["cell"], "torch", data["W"], data["R"], data["b"])
    with torch.no_grad():
        m.weight_ih_l0.copy_(tensor(W.T))
        m.weight_hh_l0.copy_(tensor(R.T))
        m.bias_ih_l0.copy_(tensor(b))
        m.bias_hh_l0.copy_(tensor(b_h))
    return m


def prepare(one, data):
    if one["measure"] == "gemm":
        return gemm()
    m = module(one, data)
    return {"forward": forward, "gradients": gradients, "streaming": streaming, "training-step": training}[
        one["measure"]
    ](m, one, data)


def gemm():
    a = torch.rand(1024, 1024)
    out = torch.empty(1024, 1024)
    return None, lambda: torch.mm(a, a, out=out)


def forward(m, one, data):
    x = tensor(data["x"])

    def run():
        with torch.inference_mode():
            return m(x)[0]

    return flat(run()), run


def gradients(m, one, data):
    x = tensor(data["x"]).requires_grad_()
    dy = tensor(data["dy"])

    def run():
        m.zero_grad()
        x.grad = None
        m(x)[0].backward(dy)

    run()
    found = (m.weight_ih_l0.grad.T, m.weight_hh_l0.grad.T, m.bias_ih_l0.grad, m.bias_hh_l0.grad)
    return flat(x.grad, *to_ours(one["cell"], "torch", *[g.numpy() for g in found])), run


def streaming(m, one, data):
    inputs = tensor(data["x"])
    state = None

    def run(x=inputs[0][None, None]):
        nonlocal state
        with torch.inference_mode():
            y, state = m(x, state)
        return y

    outputs = [run(x[None, None]) for x in inputs]
    return flat(torch.cat(outputs)), run


def training(m, one, data):
    C = data["bV"].shape[0]
    head = torch.nn.Linear(one["H"], C)
    with torch.no_grad():
        head.weight.copy_(tensor(data["V"].T))
        head.bias.copy_(tensor(data["bV"]))
    x = tensor(data["x"])
    ids = tensor(data["ids"]).long().reshape(-1)
    optimiser = torch.optim.Adam([*m.parameters(), *head.parameters()], lr=1e-3, eps=1e-8)

    def run():
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(head(m(x)[0]).reshape(-1, C), ids)
        loss.backward()
        optimiser.step()
        return loss.detach()

    return flat(run(), run()), run
