"""Keras 3 on TensorFlow, every measure inside one tf.function."""
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["KERAS_BACKEND"] = "tensorflow"
import keras
import numpy as np
import tensorflow as tf
from gates import flat, to_ours, to_theirs

LAYERS = {"vanilla": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru-reset-after": keras.layers.GRU}


def ready():
    tf.config.threading.set_intra_op_parallelism_threads(2)
    tf.config.threading.set_inter_op_parallelism_threads(2)
    return f"Keras {keras.__version__} on TensorFlow {tf.__version__}"


def make(one, data):
    cell = one["cell"]
    layer = LAYERS[cell](one["H"], return_sequences=True)
    layer.build((None, None, one["I"]))
    W, R, b, b_h = to_theirs(cell, "keras", data["W"], data["R"], data["b"])
    layer.set_weights([W, R, np.stack([b, b_h]) if cell == "gru-reset-after" else b])
    return layer


def prepare(one, data):
    if one["measure"] == "gemm":
        return gemm()
    layer = make(one, data)
    return {"forward": forward, "gradients": gradients, "streaming": streaming, "training-step": training}[
        one["measure"]
    ](layer, one, data)


def gemm():
    a = tf.random.uniform([1024, 1024])
    return None, lambda: tf.matmul(a, a).numpy()


def forward(layer, one, data):
    x = tf.constant(data["x"])
    compute = tf.function(lambda x: layer(x))
    run = lambda: compute(x).numpy()
    return flat(run()), run


def gradients(layer, one, data):
    x = tf.constant(data["x"])
    dy = tf.constant(data["dy"])

    @tf.function
    def compute(x, dy):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
        return tape.gradient(y, [x, *layer.trainable_variables], output_gradients=dy)

    run = lambda: [g.numpy() for g in compute(x, dy)]
    dx, dW, dR, db = run()
    db, db_h = db if db.ndim == 2 else (db, np.zeros_like(db))
    return flat(dx, *to_ours(one["cell"], "keras", dW, dR, db, db_h)), run


def streaming(layer, one, data):
    """The layer's cell: less around it than the layer."""
    inputs = tf.constant(data["x"])
    compute = tf.function(lambda x, state: layer.cell(x, state)[1])
    count = 2 if one["cell"] == "lstm" else 1
    state = [tf.zeros([1, one["H"]]) for _ in range(count)]

    def run(x=inputs[0][None]):
        nonlocal state
        state = compute(x, state)
        return state[0].numpy()

    return flat(*[run(x[None]) for x in inputs]), run


def training(layer, one, data):
    C = data["bV"].shape[0]
    head = keras.layers.Dense(C)
    head.build((None, None, one["H"]))
    head.set_weights([data["V"], data["bV"]])
    variables = [*layer.trainable_variables, *head.trainable_variables]
    optimiser = keras.optimizers.Adam(1e-3, epsilon=1e-8)
    optimiser.build(variables)
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    x = tf.constant(data["x"])
    ids = tf.constant(data["ids"].astype("int32"))

    @tf.function
    def compute(x, ids):
        with tf.GradientTape() as tape:
            loss = loss_of(ids, head(layer(x)))
        optimiser.apply_gradients(zip(tape.gradient(loss, variables), variables))
        return loss

    run = lambda: compute(x, ids).numpy()
    return flat(run(), run()), run
