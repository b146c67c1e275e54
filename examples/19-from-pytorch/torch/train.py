"""Trains the character model of this example in PyTorch: python train.py FOLDER_OF_CHAPTERS

Writes model.safetensors (a state_dict, float16), vocabulary.json, and golden.json: what PyTorch itself computes for
some text, for the certificate. Needs torch, safetensors and numpy; run once, what it wrote is in the repository.
"""
import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

torch.manual_seed(1)
here = Path(__file__).parent
UNKNOWN = "\ufffd"
symbols = ["\n", *map(chr, range(0x20, 0x7F)), UNKNOWN]
ids_of = {symbol: n for n, symbol in enumerate(symbols)}
B, T, STEPS = 32, 64, 4000


class CharacterModel(torch.nn.Module):
    def __init__(self, symbols, width=32, units=160):
        super().__init__()
        self.embedding = torch.nn.Embedding(symbols, width)
        self.lstm = torch.nn.LSTM(width, units, batch_first=True)
        self.head = torch.nn.Linear(units, symbols)

    def forward(self, ids, state=None):
        y, state = self.lstm(self.embedding(ids), state)
        return self.head(y), state


def encode(text):
    return torch.tensor([ids_of.get(symbol, ids_of[UNKNOWN]) for symbol in text])


def train(model, ids):
    rows = ids[: (len(ids) - 1) // B * B + 1]
    x, y = rows[:-1].view(B, -1), rows[1:].view(B, -1)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    state = None
    for step in range(STEPS):
        at = step * T % (x.shape[1] - T)
        logits, state = model(x[:, at : at + T], state)
        state = tuple(s.detach() for s in state)
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), y[:, at : at + T].flatten())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 200 == 199:
            print(step + 1, "bits per character", round(loss.item() / 0.6931, 3), flush=True)


def plain(tensor):
    return {"shape": list(tensor.shape), "data": [float(f"{v:.9g}") for v in tensor.flatten().tolist()]}


def golden(model, text):
    """In float64, so that what is compared with is exact."""
    ids = encode(text)[None]
    with torch.no_grad():
        logits, (h, c) = model.double()(ids)
    return {
        "format": "rnn-golden/1",
        "inputs": {"ids": {"shape": list(ids.shape), "data": ids.flatten().tolist(), "dtype": "int32"}},
        "expected": {"logits": plain(logits), "h_n": plain(h), "c_n": plain(c)},
    }


chapters = sorted(Path(sys.argv[1]).glob("chapter_*.txt"), key=lambda path: int(path.stem.split("_")[1]))
text = "\n\n".join(path.read_text(encoding="utf-8") for path in chapters)
model = CharacterModel(len(symbols))
train(model, encode(text[: len(text) * 9 // 10]))  # the last tenth is for index.ts to score on
state_dict = {name: weight.half().contiguous() for name, weight in model.state_dict().items()}
save_file(state_dict, here / "model.safetensors")
model.load_state_dict(state_dict)  # as the file has it, rounded
(here / "golden.json").write_text(json.dumps(golden(model, "Fellow citizens of the sea")) + "\n")
(here / "vocabulary.json").write_text(json.dumps({"symbols": symbols, "unknown": UNKNOWN}) + "\n")
