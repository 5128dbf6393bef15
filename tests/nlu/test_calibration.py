"""bot.nlu.calibration: scores become probabilities that mean what they say."""

from __future__ import annotations

import numpy as np
import pytest

from bot.nlu.calibration import Calibration


def _scores(count: int, right: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return scores (count, 3 labels, 2 scorers): the first scorer finds the target in `right` of the cases, the second is noise."""
    chance = np.random.default_rng(seed)
    targets = chance.integers(0, 3, count)
    scores = chance.normal(0, (0.1, 1.0), (count, 3, 2))
    hit = chance.random(count) < right
    scores[np.arange(count), np.where(hit, targets, (targets + 1) % 3), 0] += 1
    return scores, targets


def test_a_good_scorer_weighs_more_than_noise_and_probabilities_match_the_share_that_is_right() -> None:
    scores, targets = _scores(3000, 0.8)
    fitted = Calibration.fit(scores, targets, [])
    assert fitted.weights[0] > 5 * abs(fitted.weights[1])
    surest = [fitted.probabilities(one).max() for one in scores]
    assert np.mean(surest) == pytest.approx(0.8, abs=0.05)


def test_only_special_labels_have_a_bias() -> None:
    scores, targets = _scores(500, 0.7)
    targets[:400] = 2
    fitted = Calibration.fit(scores, targets, [2])
    assert fitted.bias[2] > 0 and fitted.bias[:2].tolist() == [0, 0]


def test_probabilities_sum_to_one_even_for_extreme_scores() -> None:
    found = Calibration(np.array([1000.0]), np.zeros(3)).probabilities(np.array([[9.0], [-9.0], [0.0]]))
    assert found == pytest.approx([1, 0, 0])


def test_unfitted_every_scorer_counts_alike() -> None:
    uniform = Calibration.uniform(3, 2)
    one, other = np.zeros((3, 2)), np.zeros((3, 2))
    one[1, 0] = other[1, 1] = 1
    assert uniform.probabilities(one) == pytest.approx(uniform.probabilities(other))
    assert uniform.probabilities(one).argmax() == 1
