"""How do several experiments train a network of the book?"""

from medlstm.optimizers import cosine_decay


def learn(network, x, y, epochs, learning_rate, batch_size):
    """Train with a rate that rises, then falls along a cosine; the mean loss of each epoch."""
    rate = lambda done: cosine_decay(done, learning_rate, 0.05)
    return network.fit(x, y, epochs, batch_size, progress=False, learning_rate=rate)["loss"]


def epochs_for(steps, examples, batch_size):
    """How many epochs make about so many steps; at least one."""
    return max(1, steps // -(-examples // batch_size))
