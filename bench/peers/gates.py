"""Between the order of gates here and that of other frameworks.

Here: lstm i f g o; gru z r n in W, z r q in R, z r n q in b, with h = (1 - z) h' + z n. Elsewhere h = z h' + (1 - z) n:
as 1 - sigmoid(a) = sigmoid(-a), the blocks of z change their sign.
"""
import numpy as np

OURS = {"vanilla": "a", "lstm": "ifgo", "gru-reset-after": "zrn"}
ORDERS = {
    "torch": {"vanilla": "a", "lstm": "ifgo", "gru-reset-after": "rzn"},
    "keras": {"vanilla": "a", "lstm": "ifgo", "gru-reset-after": "zrn"},
    "onnx": {"vanilla": "a", "lstm": "iofg", "gru-reset-after": "zrn"},
}


def sign(cell, gate):
    return -1 if cell == "gru-reset-after" and gate == "z" else 1


def reorder(cell, blocks, source, target):
    """Blocks [.., G H] side by side in the order of `source`, put in the order of `target`."""
    parts = dict(zip(source, np.split(blocks, len(source), axis=-1)))
    return np.concatenate([sign(cell, gate) * parts[gate] for gate in target], axis=-1)


def to_theirs(cell, framework, W, R, b):
    """W [I,GH], R [H,GH], the bias beside x [GH] and the one beside h [GH]; zeros where the cell has one alone."""
    order = ORDERS[framework][cell]
    H = R.shape[0]
    put = lambda blocks: reorder(cell, blocks, OURS[cell], order)
    if cell != "gru-reset-after":
        return put(W), put(R), put(b), np.zeros_like(b)
    beside_h = np.concatenate([np.zeros(2 * H, "float32"), b[3 * H :]])
    return put(W), put(R), put(b[: 3 * H]), put(beside_h)


def to_ours(cell, framework, dW, dR, db, db_h):
    """The gradients of the same, back in the order here; a signed block keeps its sign, as its gradient does."""
    order = ORDERS[framework][cell]
    put = lambda blocks: reorder(cell, blocks, order, OURS[cell])
    if cell != "gru-reset-after":
        return put(dW), put(dR), put(db)
    H = dR.shape[0]
    return put(dW), put(dR), np.concatenate([put(db), put(db_h)[2 * H :]])


def flat(*arrays):
    return np.concatenate([np.asarray(a, "float32").ravel() for a in arrays])
