"""Nets that torch.onnx.export writes, with what PyTorch computes of them: NAME.onnx and NAME.json in the folder given."""
import json
import sys
import warnings

import torch
from torch import nn

warnings.filterwarnings("ignore")
folder = sys.argv[1]
torch.manual_seed(3)


class Net(nn.Module):
    def __init__(self, rnn, head):
        super().__init__()
        self.rnn, self.head = rnn, head

    def forward(self, x):
        y, state = self.rnn(x)
        states = state if isinstance(state, tuple) else (state,)
        return (y, self.head(y), *states)


class Last(Net):
    def forward(self, x):
        y, _ = self.rnn(x)
        return (self.head(torch.relu(y[:, -1])),)


def linear(width):
    return nn.Linear(width, 4)


nets = {
    "lstm": Net(nn.LSTM(3, 5, batch_first=True), linear(5)),
    "gru_two_levels": Net(nn.GRU(3, 5, num_layers=2, batch_first=True), linear(5)),
    "lstm_both": Net(nn.LSTM(3, 5, bidirectional=True, batch_first=True), linear(10)),
    "rnn_relu_time_first": Net(nn.RNN(3, 5, nonlinearity="relu"), linear(5)),
    "gru_last": Last(nn.GRU(3, 5, batch_first=True), linear(5)),
}

for name, net in nets.items():
    net.eval()
    x = torch.randn(2, 7, 3)
    with torch.no_grad():
        outputs = net(x)
    names = ["y", "logits", "h_n", "c_n"][: len(outputs)] if len(outputs) > 1 else ["logits"]
    axes = {"x": {0: "batch", 1: "time"}} if "time_first" not in name else {"x": {0: "time", 1: "batch"}}
    torch.onnx.export(net, (x,), f"{folder}/{name}.onnx", dynamo=False, input_names=["x"], output_names=names, dynamic_axes=axes)
    plain = lambda t: {"shape": list(t.shape), "data": t.flatten().tolist()}
    expected = {key: plain(value) for key, value in zip(names, outputs)}
    json.dump({"x": plain(x), "expected": expected}, open(f"{folder}/{name}.json", "w"))
print(json.dumps(sorted(nets)))
