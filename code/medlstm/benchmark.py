"""How long is a training step in NumPy, against Keras? ``python -m medlstm.benchmark``

Machines drift, so the two take turns in one run and only their ratio is worth quoting.
"""

import time

import numpy as np

from medlstm.notebooks import set_environment

ROUNDS, STEPS = 15, 10


def main():
    set_environment()
    from medlstm import keras_models
    from medlstm.network import SequenceClassifier

    rng = np.random.default_rng(0)
    x, y = rng.random((128, 28, 28), np.float32), rng.integers(0, 10, 128)
    numpy_network = SequenceClassifier(28, (128, 64), 10)
    keras_network = keras_models.build("stacked_lstm", (28, 28), 10, seed=0)
    many = np.tile(x, (STEPS, 1, 1)), np.tile(y, STEPS)

    def in_numpy():
        for _ in range(STEPS):
            numpy_network.train_on_batch(x, y)

    def in_keras():
        keras_network.fit(*many, batch_size=128, verbose=0)

    in_numpy(), in_keras(), in_keras()          # the first calls compile and allocate
    seconds = np.array([[_time(in_numpy), _time(in_keras)] for _ in range(ROUNDS)]) / STEPS
    print("one training step of LSTM(128), LSTM(64), Dense(10) on 128 x 28 x 28 float32")
    for name, column in zip(("NumPy", "Keras, fit, graph mode"), seconds.T):
        print(f"  {name:23} {1000 * np.median(column):6.1f} ms (median of {ROUNDS} rounds of {STEPS})")
    low, middle, high = np.percentile(seconds[:, 1] / seconds[:, 0], (10, 50, 90))
    print(f"  Keras / NumPy           {middle:6.2f}    ({low:.2f} to {high:.2f} in eight rounds of ten)")


def _time(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
