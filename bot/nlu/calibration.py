"""From the scorers' raw scores to probabilities: a conditional logit fitted on scores that no scorer was trained on."""

from __future__ import annotations

import numpy as np

_START = 3.0  # weight of each scorer before fitting
_ENOUGH = 6000  # examples for its handful of numbers


class Calibration:
    """p(label) = softmax over labels of scores @ weights + bias(label).

    scores: shape (labels, scorers). bias: one number for each label named at fitting (out of scope, context), 0 else.
    """

    def __init__(self, weights: np.ndarray, bias: np.ndarray):
        self.weights, self.bias = weights, bias

    @classmethod
    def uniform(cls, labels: int, scorers: int) -> Calibration:
        """Return the calibration that fitting begins with: every scorer alike, no label favoured."""
        return cls(np.full(scorers, _START), np.zeros(labels))

    @staticmethod
    def sample(count: int) -> np.ndarray:
        """Return which of `count` examples are enough to fit on, spread evenly; their scores are what takes long."""
        return np.unique(np.linspace(0, count - 1, min(count, _ENOUGH)).astype(int))

    @classmethod
    def fit(cls, scores: np.ndarray, targets: np.ndarray, special: list[int]) -> Calibration:
        """scores: (examples, labels, scorers); targets: the right label's index of each; special: labels with a bias."""
        from scipy.optimize import minimize  # serving does without it

        count = scores.shape[2]
        flat = scores.reshape(-1, count)

        def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
            logits = scores @ parameters[:count]
            logits[:, special] += parameters[count:]
            logits -= logits.max(axis=1, keepdims=True)
            probabilities = np.exp(logits)
            probabilities /= probabilities.sum(axis=1, keepdims=True)
            rows = np.arange(len(targets))
            value = -np.log(probabilities[rows, targets] + 1e-12).mean() + 1e-4 * (parameters**2).sum()
            delta = probabilities
            delta[rows, targets] -= 1
            gradient = np.concatenate([delta.ravel() @ flat, delta[:, special].sum(axis=0)]) / len(targets)
            return value, gradient + 2e-4 * parameters

        start = np.concatenate([np.full(count, _START), np.zeros(len(special))])
        best = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 60})
        bias = np.zeros(scores.shape[1])
        bias[special] = best.x[count:]
        return cls(best.x[:count], bias)

    def probabilities(self, scores: np.ndarray) -> np.ndarray:
        """Return one probability a label for scores of shape (labels, scorers)."""
        logits = scores @ self.weights + self.bias
        grown = np.exp(logits - logits.max())
        return grown / grown.sum()
