#!/usr/bin/python3
"""Writes the cases of this directory: the paths that parameters take under the four update rules.

Where PyTorch has Keras' rule, its optimizer makes the path, in float64; where the two differ in the place of epsilon, the
rule is stated here again from Keras' documentation, and PyTorch's path is only checked to be close. See README.md.
"""
import os

import numpy as np
import torch

HERE = os.path.dirname(os.path.abspath(__file__))
ROWS, WIDTH, STEPS = 3, 5, 60


def gradients(seed):
    """Gradients of very different sizes; rows that get none in many steps, as blocks of a network do."""
    rng = np.random.RandomState(seed)
    scale = 10.0 ** rng.uniform(-3, 1, size=(ROWS, WIDTH))
    g = rng.standard_normal((STEPS, ROWS, WIDTH)) * scale
    g[:, 1][rng.uniform(size=STEPS) < 0.7] = 0
    g[5:50, 2] = 0
    return g.astype(np.float32).astype(np.float64)


def with_torch(make, start, grads):
    p = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    optimizer = make([p])
    path = []
    for g in grads:
        p.grad = torch.tensor(g)
        optimizer.step()
        path.append(p.detach().numpy().copy())
    return np.array(path)


def keras_adam(start, grads, lr, beta1, beta2, epsilon):
    """lr_t = lr sqrt(1 - beta2^t) / (1 - beta1^t); p -= lr_t m / (sqrt(v) + epsilon)."""
    p, m, v, path = start.copy(), 0 * start, 0 * start, []
    for t, g in enumerate(grads, 1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        p = p - lr * np.sqrt(1 - beta2**t) / (1 - beta1**t) * m / (np.sqrt(v) + epsilon)
        path.append(p)
    return np.array(path)


def keras_adagrad(start, grads, lr, epsilon):
    """v starts at 0.1; v += g^2; p -= lr g / sqrt(v + epsilon)."""
    p, v, path = start.copy(), 0 * start + 0.1, []
    for g in grads:
        v = v + g * g
        p = p - lr * g / np.sqrt(v + epsilon)
        path.append(p)
    return np.array(path)


def numbers(rows):
    return "".join(" ".join("%.9g" % x for x in row) + "\n" for row in rows)


def write(name, options, start, grads, path):
    folder = os.path.join(HERE, name)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "options"), "w") as f:
        f.write("".join("%s=%s\n" % item for item in options))
        f.write("rows=%d\nwidth=%d\nsteps=%d\n" % (ROWS, WIDTH, STEPS))
    with open(os.path.join(folder, "input"), "w") as f:
        f.write(numbers(start) + "".join("\n" + numbers(g) for g in grads))
    with open(os.path.join(folder, "want"), "w") as f:
        f.write("\n".join(numbers(p) for p in path))


def main():
    # float32 values of the options, so that both sides start from the same numbers
    def f32(x):
        return float(np.float32(x))

    start = np.random.RandomState(0).standard_normal((ROWS, WIDTH)).astype(np.float32)
    start = start.astype(np.float64)
    lr, rho, epsilon = f32(0.05), f32(0.9), f32(1e-7)
    beta1, beta2, momentum = f32(0.9), f32(0.999), f32(0.9)

    g = gradients(1)
    path = with_torch(lambda p: torch.optim.SGD(p, lr=f32(0.01)), start, g)
    write("sgd", [("kind", "sgd"), ("learning_rate", "0.01")], start, g, path)

    g = gradients(2)
    path = with_torch(lambda p: torch.optim.SGD(p, lr=f32(0.01), momentum=momentum), start, g)
    write("momentum", [("kind", "sgd"), ("learning_rate", "0.01"), ("momentum", "0.9")],
          start, g, path)

    g = gradients(3)
    path = with_torch(lambda p: torch.optim.RMSprop(p, lr=lr, alpha=rho, eps=epsilon), start, g)
    write("rmsprop", [("kind", "rmsprop"), ("learning_rate", "0.05")], start, g, path)

    g = gradients(4)
    path = keras_adam(start, g, lr, beta1, beta2, epsilon)
    close = with_torch(
        lambda p: torch.optim.Adam(p, lr=lr, betas=(beta1, beta2), eps=epsilon), start, g)
    assert np.abs(path - close).max() < 2e-3, np.abs(path - close).max()
    write("adam", [("kind", "adam"), ("learning_rate", "0.05")], start, g, path)

    g = gradients(5)
    path = keras_adagrad(start, g, lr, epsilon)
    close = with_torch(
        lambda p: torch.optim.Adagrad(p, lr=lr, initial_accumulator_value=0.1, eps=epsilon),
        start, g)
    assert np.abs(path - close).max() < 1e-6, np.abs(path - close).max()
    write("adagrad", [("kind", "adagrad"), ("learning_rate", "0.05")], start, g, path)


if __name__ == "__main__":
    print("torch", torch.__version__, "numpy", np.__version__)
    main()
