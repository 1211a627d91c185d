"""Fit the joint monthly panel: an ensemble of linear models with a measured annual error.

Three kinds of model are pooled: a vector autoregression that returns to the mean, one of the
steps that does not, and a dynamic factor. Each becomes the same linear recursion, so that
paths need no statsmodels: ``s[1] ~ N(start, root root')``, ``y[t] = offset + loading s[t]``,
``s[t+1] = drift + transition s[t] + shock u[t]``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from statsmodels.multivariate.pca import PCA
from statsmodels.regression.linear_model import OLS
from statsmodels.tsa.statespace.dynamic_factor_mq import DynamicFactorMQ

from xuchang_sim.forecast.baseeffect import path

if TYPE_CHECKING:
    import numpy.typing as npt

    from xuchang_sim.forecast.cache import Arrays

    Floats = npt.NDArray[np.float64]

HORIZON = 12
#: Years ahead whose errors are measured.
YEARS = 3
#: Fast growers' own mean growth over-predicts: fraction of real growth a year that is taken off it
#: (`benchmarks/hindcast_drivers.py`).
OVER = 0.03
DRAWS = 60
ROOT_LIMIT = 0.995
FIRST_ORIGIN = 24
FACTOR_STRIDE = 6
#: Least variance of a month's news of the factor or a remainder, of standardised series.
LEAST_VARIANCE = 1e-5
#: Observations' worth of belief that coefficients are those of the prior.
STRENGTH = 8.0
PRIOR_LEVEL = 0.95
PRIOR_STEP = 0.3
PRIORS = {"level": 1.0, "step": 1.0, "factor": 0.5}
TRUST = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """Parameter draws of one kind of model as linear recursions (m draws, s states, k series)."""

    start: Floats
    root: Floats
    transition: Floats
    drift: Floats
    shock: Floats
    loading: Floats
    offset: Floats

    def mean(self, horizon: int) -> Floats:
        """(horizon, k) mean path over the parameter draws."""
        state, out = self.start, []
        for _ in range(horizon):
            out.append((self.offset + np.einsum("mks,ms->mk", self.loading, state)).mean(axis=0))
            state = self.drift + np.einsum("mst,mt->ms", self.transition, state)
        return np.array(out)


def fit(panel: Floats, outputs: int) -> Arrays:
    """Fit the ensemble and measure its error.

    Parameters
    ----------
    panel : (T, k) array
        Fractions, NaN where unknown. Columns 0 and 1, value added and PPI, are gap-free.
    outputs : int
        Leading columns whose paths are wanted; the rest only inform the factor.

    Returns
    -------
    dict of arrays
        Fields of `Linear` for all draws of all kinds, states padded to the same number;
        ``member`` (m,) kind of each draw and ``weights`` (3,); ``annual_sd``, the root mean
        square of rolling-origin errors of the central path's mean of value added + PPI over the
        next twelve months (fraction), ``errors`` (R,) themselves, ``origins`` R; ``later`` (3,), the
        same by year ahead over that of the first.
    """
    kinds = tuple(PRIORS)
    weights = _learnt(panel, kinds)
    errors = year_errors(panel, 1)
    rng = np.random.default_rng(DRAWS)
    models = [_model(kind, panel, outputs, rng) for kind in kinds]
    states = max(model.start.shape[1] for model in models)
    padded = [_padded(model, states, outputs) for model in models]
    out: Arrays = {
        name: np.concatenate([getattr(model, name) for model in padded])
        for name in ("start", "root", "transition", "drift", "shock", "loading", "offset")
    }
    out["member"] = np.repeat(np.arange(len(kinds)), [len(m.start) for m in models])
    out["weights"] = weights
    out["errors"] = errors
    out["annual_sd"] = np.array(np.sqrt(np.mean(errors**2)))
    out["origins"] = np.array(len(errors))
    out["later"] = later_spread(panel)
    return out


def centre(known: Floats, horizon: int) -> Floats:
    """Central path of value added and producer prices after their known months.

    Each by itself, with the base of the next twelve months known (`baseeffect.path`); the level of value
    added grows from now on `OVER` more slowly than it did so far.

    Parameters
    ----------
    known : (T, 2) array
        Growth over a year, fractions; at least twelve months.
    horizon : int
        Months.

    Returns
    -------
    (horizon, 2) array
    """
    columns = (path(known[:, 0], horizon, OVER), path(known[:, 1], horizon))
    return np.stack(columns, axis=1)


def year_errors(panel: Floats, year: int) -> Floats:
    """(R,) misses of the central path: mean of value added + PPI over a year ahead (1 is the next).

    One an origin, months apart; each forecast knows only the months before it.
    """
    begin, end = HORIZON * (year - 1), HORIZON * year
    both = panel[:, :2]
    return np.array(
        [
            both[o + begin : o + end].sum(axis=1).mean()
            - centre(both[:o], end)[begin:].sum(axis=1).mean()
            for o in range(FIRST_ORIGIN, len(panel) - end + 1)
        ]
    )


def later_spread(panel: Floats) -> Floats:
    """(YEARS,) root mean square misses by year ahead over that of the first, never falling.

    Later years have fewer origins, and few of those that there are do not overlap: a small miss three
    years ahead is chance, so a later year counts as no better known than an earlier one.
    """
    sizes = [year_errors(panel, year) for year in range(1, YEARS + 1)]
    rms = [float(np.sqrt(np.mean(e**2))) if len(e) >= HORIZON else 0.0 for e in sizes]
    return np.maximum.accumulate(rms) / rms[0]


def _learnt(panel: Floats, kinds: tuple[str, ...]) -> Floats:
    """Weights of the kinds of model, by the misses of their means at rolling origins."""
    origins = list(range(FIRST_ORIGIN, len(panel) - HORIZON + 1, FACTOR_STRIDE))
    priors = np.array([PRIORS[kind] for kind in kinds])
    losses = np.full((len(origins), len(kinds)), np.nan)
    for row, origin in enumerate(origins):
        actual = panel[origin : origin + HORIZON, :2].sum(axis=1).mean()
        for column, kind in enumerate(kinds):
            model = _model(kind, panel[:origin], 2, np.random.default_rng(0), draws=1)
            said = model.mean(HORIZON)[:, :2].sum(axis=1).mean()
            losses[row, column] = abs(said - actual)
    return _weights(priors, losses)


def _weights(priors: Floats, losses: Floats) -> Floats:
    full = losses[np.isfinite(losses).all(axis=1)]
    scale = full.mean() if len(full) else 1.0
    relative = full / scale - 1.0 if scale > 0 else np.zeros_like(full)
    logs = np.log(priors) - TRUST * relative.mean(axis=0) if len(full) else np.log(priors)
    weights = np.exp(logs - logs.max())
    return np.asarray(weights / weights.sum())


def _model(
    kind: str, panel: Floats, outputs: int, rng: np.random.Generator, draws: int = DRAWS
) -> Linear:
    if kind == "factor":
        return _factor(panel, outputs)
    return _autoregression(panel[:, :outputs], rng, draws, steps=kind == "step")


def _autoregression(panel: Floats, rng: np.random.Generator, draws: int, *, steps: bool) -> Linear:
    """First-order vector autoregression of levels or of steps, shrunk to own persistence.

    Value added and PPI depend on both; any further column on itself and these two. The first
    draw is the estimate.
    """
    k = panel.shape[1]
    last = np.array([_last(column) for column in panel.T])
    before = np.array([_last(column, 1) for column in panel.T])
    data = np.diff(panel, axis=0) if steps else panel
    slopes, intercepts = np.zeros((draws, k, k)), np.zeros((draws, k))
    residuals = np.full((len(data), k), np.nan)
    for j in range(k):
        use = [0, 1] if j < 2 else [0, 1, j]
        known = np.isfinite(data[1:, j]) & np.isfinite(data[:-1, use]).all(axis=1)
        prior = np.zeros(len(use))
        prior[use.index(j)] = PRIOR_STEP if steps else PRIOR_LEVEL
        mean, root, left, level = _shrunk(
            data[1:, j][known], data[:-1, use][known], prior, centred=not steps
        )
        noise = rng.standard_normal((draws, len(use))) @ root.T
        noise[0] = 0.0
        slopes[:, j, use] = mean + noise
        intercepts[:, j] = level[0] - slopes[:, j, use] @ level[1:]
        residuals[1:, j][known] = left
    size = np.abs(np.linalg.eigvals(slopes)).max(axis=1)
    slopes[size >= ROOT_LIMIT] = slopes[0] * min(1.0, ROOT_LIMIT / float(size[0]))
    complete = residuals[np.isfinite(residuals).all(axis=1)]
    covariance = np.cov(complete, rowvar=False) + 1e-12 * np.eye(k)
    chol = np.linalg.cholesky(covariance)
    eye, zero = np.eye(k), np.zeros((draws, k, k))
    first = eye + slopes if steps else slopes
    second = -slopes if steps else zero
    transition = np.concatenate(
        [np.concatenate([first, second], axis=2), np.concatenate([zero + eye, zero], axis=2)],
        axis=1,
    )
    drift = np.concatenate([np.zeros_like(intercepts) if steps else intercepts, zero[:, 0]], axis=1)
    shock = np.zeros((draws, 2 * k, 2 * k))
    shock[:, :k, :k] = chol
    state = np.concatenate([last, before])
    loading = np.concatenate([zero + eye, zero], axis=2)
    start = drift + np.einsum("mst,t->ms", transition, state)
    return Linear(start, shock, transition, drift, shock, loading, np.zeros((draws, k)))


def _shrunk(
    y: Floats, x: Floats, prior: Floats, *, centred: bool
) -> tuple[Floats, Floats, Floats, Floats]:
    """Ridge regression towards a prior: mean, root of covariance, residuals, centres."""
    centre = np.array([y.mean(), *x.mean(axis=0)]) if centred else np.zeros(x.shape[1] + 1)
    y, x = y - centre[0], x - centre[1:]
    belief = np.sqrt(STRENGTH * np.maximum((x**2).mean(axis=0), 1e-12))
    stacked = np.concatenate([x, np.diag(belief)])
    result = OLS(np.concatenate([y, belief * prior]), stacked).fit()
    mean = np.asarray(result.params)
    left = y - x @ mean
    variance = float(left @ left) / max(len(y) - len(prior) - 1, 1)
    root = np.linalg.cholesky(variance * np.linalg.inv(stacked.T @ stacked))
    return mean, np.asarray(root), np.asarray(left), np.asarray(centre)


def _factor(panel: Floats, outputs: int) -> Linear:
    """One dynamic factor and autoregressive remainders (`DynamicFactorMQ`), ragged ends kept.

    Estimated in two steps (Doz, Giannone and Reichlin 2011): least squares on the first principal
    component, then the Kalman filter. Maximum likelihood by EM was given up: on these few months
    its likelihood falls after a few steps or its states run away, and which of them happens
    depends on the last digit of a sum.
    """
    use = [j for j in range(panel.shape[1]) if j < 2 or np.isfinite(panel[:, j]).sum() >= 18]
    data = panel[:, use]
    centre, scale = np.nanmean(data, axis=0), np.nanstd(data, axis=0)
    z = (data - centre) / scale
    model = DynamicFactorMQ(
        z, factors=1, factor_orders=1, idiosyncratic_ar1=True, standardize=False
    )
    result = model.smooth(_two_steps(z))
    kept = result.filter_results
    noise = kept.selection[:, :, -1] @ _root(kept.state_cov[:, :, -1])
    states = len(kept.transition)
    shock = np.zeros((states, states))
    shock[:, : noise.shape[1]] = noise
    design = kept.design[:, :, -1] * scale[:, np.newaxis]
    loading, offset = np.zeros((outputs, states)), np.zeros(outputs)
    for row in range(outputs):
        if row in use:
            loading[row], offset[row] = design[use.index(row)], centre[use.index(row)]
        else:
            offset[row] = _last(panel[:, row])
    return Linear(
        start=result.predicted_state[:, -1][np.newaxis],
        root=_root(result.predicted_state_cov[:, :, -1])[np.newaxis],
        transition=kept.transition[:, :, -1][np.newaxis],
        drift=np.zeros((1, states)),
        shock=shock[np.newaxis],
        loading=loading[np.newaxis],
        offset=offset[np.newaxis],
    )


def _two_steps(z: Floats) -> Floats:
    """Parameters in the order of `DynamicFactorMQ`, from the first principal component.

    Of the series known in half of the months or more; a month that one of them lacks is what the
    component says of it. The others load on it too. The component rises with producer prices.
    """
    seen = np.isfinite(z)
    often = z[:, 2 * seen.sum(axis=0) >= len(z)]
    plain = {"standardize": False, "demean": False, "normalize": False}
    pca = PCA(often, 1, missing="fill-em", tol_em=1e-12, max_em_iter=2000, **plain)
    factor = pca.factors[:, 0] * (1.0 if pca.loadings[1, 0] >= 0 else -1.0)
    factor /= factor.std()
    power = np.where(seen, factor[:, np.newaxis] ** 2, 0.0).sum(axis=0)
    loadings = np.where(seen, factor[:, np.newaxis] * z, 0.0).sum(axis=0) / power
    remainders = z - np.outer(factor, loadings)
    first = _persistence(factor)
    rest = np.array([_persistence(column) for column in remainders.T])
    own = [first[0]], [np.sqrt(first[1])]
    return np.concatenate([loadings, *own, rest[:, 0], rest[:, 1]])


def _persistence(x: Floats) -> tuple[float, float]:
    """First-order autoregression around zero by least squares, stationary: slope and variance."""
    before, after = x[:-1], x[1:]
    pair = np.isfinite(before) & np.isfinite(after)
    before, after = before[pair], after[pair]
    slope = float(np.clip(before @ after / (before @ before), -ROOT_LIMIT, ROOT_LIMIT))
    return slope, max(float(np.mean((after - slope * before) ** 2)), LEAST_VARIANCE)


def _padded(model: Linear, states: int, outputs: int) -> Linear:
    more = states - model.start.shape[1]
    square = ((0, 0), (0, more), (0, more))
    return Linear(
        start=np.pad(model.start, ((0, 0), (0, more))),
        root=np.pad(model.root, square),
        transition=np.pad(model.transition, square),
        drift=np.pad(model.drift, ((0, 0), (0, more))),
        shock=np.pad(model.shock, square),
        loading=np.pad(model.loading[:, :outputs], ((0, 0), (0, 0), (0, more))),
        offset=model.offset[:, :outputs],
    )


def _last(column: Floats, back: int = 0) -> float:
    known = column[np.isfinite(column)]
    return float(known[-1 - min(back, len(known) - 1)]) if len(known) else 0.0


def _root(covariance: Floats) -> Floats:
    """Symmetric square root: the only one that depends on no choice of signs or order."""
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2.0)
    return np.asarray((vectors * np.sqrt(np.clip(values, 0.0, None))) @ vectors.T)
