"""Candidate models behind one small interface: fit a series, sample its future.

A candidate sees an array without gaps on a scale where additive models make sense (logarithms
for levels), already centred and divided by its typical step. Its draws contain parameter
uncertainty: coefficients and variances are drawn from their (approximate) posterior, and where
likelihood gives no usable covariance the draw falls back to the estimate, which is recorded.
"""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Sampler = Callable[[int, int, np.random.Generator], Floats]

PARAMETER_DRAWS = 12
PATHS_A_DRAW = 50
ROOT_LIMIT = 1.0
#: Steps whose mean may say something of the next.
_FEWEST_STEPS = 3


class CandidateError(ValueError):
    """A candidate cannot be fitted to this series (too short, singular, not finite)."""


@dataclass(frozen=True, slots=True)
class FitRecord:
    """What happened during one fit."""

    name: str
    converged: bool
    warnings: tuple[str, ...]
    seconds: float
    error: str = ""

    @property
    def usable(self) -> bool:
        """Whether the fit produced a sampler."""
        return not self.error


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitted candidate."""

    record: FitRecord
    sampler: Sampler | None = field(repr=False)

    def sample(self, n: int, horizon: int, rng: np.random.Generator) -> Floats:
        """Return (n, horizon) future paths.

        Raises
        ------
        CandidateError
            If the fit failed or a draw is not finite.
        ValueError
            If the horizon is below 1.
        """
        if self.sampler is None:
            raise CandidateError(self.record.error)
        if horizon < 1:  # exponential smoothing of statsmodels would write past its arrays
            msg = f"horizon {horizon}; at least 1 is needed"
            raise ValueError(msg)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            paths = np.asarray(self.sampler(n, horizon, rng), dtype=float)
        if not np.isfinite(paths).all():
            msg = f"{self.record.name}: draws are not finite"
            raise CandidateError(msg)
        return paths


class Candidate(Protocol):
    """Anything with a name that turns an array into a sampler."""

    @property
    def name(self) -> str:
        """Name in tables of weights."""
        ...

    def build(self, z: Floats, period: int) -> tuple[Sampler, bool]:
        """Fit; return the sampler and whether the estimation converged."""
        ...


def fit(candidate: Candidate, z: Floats, period: int) -> Fitted:
    """Fit one candidate, recording convergence, warnings, time and failure."""
    began = time.perf_counter()
    sampler, converged, error = None, False, ""
    with warnings.catch_warnings(record=True) as caught, np.errstate(all="ignore"):
        warnings.simplefilter("always")
        try:
            sampler, converged = candidate.build(z, period)
        except (CandidateError, ValueError, IndexError, np.linalg.LinAlgError) as problem:
            error = f"{candidate.name}: {problem}"
    texts = tuple(sorted({str(w.message).split("\n")[0] for w in caught}))
    record = FitRecord(candidate.name, converged, texts, time.perf_counter() - began, error)
    return Fitted(record, sampler)


@dataclass(frozen=True)
class Drift:
    """Random walk with a share of its mean growth and a Student-t predictive.

    Seasonal series walk from the value one period before; ``share`` 1 is the benchmark.
    """

    name: str
    share: float = 1.0

    def build(self, z: Floats, period: int) -> tuple[Sampler, bool]:
        """Fit mean and spread of (seasonal) differences."""
        steps = z[period:] - z[:-period]
        m = _enough(steps, 3)
        mean, sd = float(steps.mean()), float(steps.std(ddof=1))

        def sampler(n: int, horizon: int, rng: np.random.Generator) -> Floats:
            sigma = sd * np.sqrt((m - 1) / rng.chisquare(m - 1, (n, 1)))
            drift = self.share * mean + sigma * rng.standard_normal((n, 1)) / np.sqrt(m)
            cycles = np.arange(horizon) // period + 1
            noise = rng.standard_normal((n, horizon)) * sigma
            for j in range(period, horizon):
                noise[:, j] += noise[:, j - period]
            base = z[len(z) - period + np.arange(horizon) % period]
            return np.asarray(base + drift * cycles + noise)

        return sampler, True


@dataclass(frozen=True)
class Autoregression:
    """`AutoReg` on the series, its differences or its seasonal differences, shrunk.

    Attributes
    ----------
    lags
        Lags of the regression.
    order, seasonal
        Number of ordinary (0, 1) and seasonal (0, 1) differences taken first.
    centre
        Share of the mean of what is modelled that the path returns to.
    prior
        Coefficient of the first lag believed before seeing data; others are believed 0.
    strength
        Weight of that belief, in observations.
    doubt
        Standard deviation of the belief in ``centre``, which then learns from the series' own
        past (how much of the mean so far each next value had); 0 keeps it.
    """

    name: str
    lags: tuple[int, ...] = (1,)
    order: int = 1
    seasonal: int = 0
    centre: float = 1.0
    prior: float = 0.5
    strength: float = 6.0
    doubt: float = 0.0

    def build(self, z: Floats, period: int) -> tuple[Sampler, bool]:
        """Fit by least squares and shrink."""
        from statsmodels.tsa.ar_model import AutoReg  # noqa: PLC0415

        x = _differenced(z, self.order, self.seasonal, period)
        lags = [lag for lag in self.lags if lag < len(x) - len(self.lags) - 3]
        if not lags:
            msg = f"{len(z)} values are too few"
            raise CandidateError(msg)
        _enough(x, max(lags) + len(lags) + 3)
        mean = float(x.mean())
        deep = max(lags)
        result = AutoReg(x - mean, lags, trend="n").fit()
        count = len(x) - deep
        prior = np.zeros(len(lags))
        prior[0] = self.prior
        lagged = np.column_stack([x[deep - lag : len(x) - lag] for lag in lags]) - mean
        power = float(np.mean(lagged**2)) or 1.0
        gram = lagged.T @ lagged
        ridge = self.strength * power * np.eye(len(lags))
        precision = gram + ridge
        beta = np.linalg.solve(precision, gram @ np.asarray(result.params) + ridge @ prior)
        residuals = (x[deep:] - mean) - lagged @ beta
        df = max(count - 1, 2)
        s2 = float(residuals @ residuals) / df
        root = np.linalg.cholesky(np.linalg.inv(precision))
        target = mean * _share_kept(x, self.centre, self.doubt, s2, float(beta.sum()))

        def sampler(n: int, horizon: int, rng: np.random.Generator) -> Floats:
            sigma = np.sqrt(s2 * df / rng.chisquare(df, (n, 1)))
            coefficients = beta + sigma * rng.standard_normal((n, len(lags))) @ root.T
            coefficients = _stable(coefficients, beta, lags)
            middle = target + sigma * rng.standard_normal((n, 1)) / np.sqrt(len(x))
            path = np.empty((n, deep + horizon))
            path[:, :deep] = x[len(x) - deep :] - middle
            noise = rng.standard_normal((n, horizon)) * sigma
            index = -np.array(lags)
            for step in range(horizon):
                path[:, deep + step] = (
                    np.einsum("nk,nk->n", path[:, deep + step + index], coefficients)
                    + noise[:, step]
                )
            return _summed(z, path[:, deep:] + middle, self.order, self.seasonal, period)

        return sampler, True


@dataclass(frozen=True)
class Smoothing:
    """`ETSModel`; parameters drawn from the likelihood's normal approximation.

    A fixed ``alpha`` gives simple smoothing with that weight.
    """

    name: str
    trend: bool = False
    seasonal: bool = False
    alpha: float | None = None

    def build(self, z: Floats, period: int) -> tuple[Sampler, bool]:
        """Fit by maximum likelihood."""
        from statsmodels.tsa.exponential_smoothing.ets import ETSModel  # noqa: PLC0415

        _enough(z, 2 * period + 4 if self.seasonal else 6)
        model = ETSModel(
            z,
            trend="add" if self.trend else None,
            damped_trend=self.trend,
            seasonal="add" if self.seasonal else None,
            seasonal_periods=period if self.seasonal else None,
            initialization_method="heuristic" if self.seasonal else "estimated",
        )
        if self.alpha is not None:
            with model.fix_params({"smoothing_level": self.alpha}):
                result = model.fit(disp=False)
        else:
            result = model.fit(disp=False, maxiter=200)
        estimate = np.asarray(result.params, dtype=float)
        spread = _usable_covariance(result, len(estimate)) if self.alpha is None else None
        count, k = len(z), len(estimate)
        df = max(count - k, 3)
        inflate = count / df

        def sampler(n: int, horizon: int, rng: np.random.Generator) -> Floats:
            parts = []
            for size in _split(n, 1 if spread is None else PARAMETER_DRAWS):
                params = estimate
                if spread is not None:
                    params = estimate + spread @ rng.standard_normal(k)
                    params[: 1 + 2 * self.trend + self.seasonal] = np.clip(
                        params[: 1 + 2 * self.trend + self.seasonal], 1e-4, 0.999
                    )
                smooth = model.smooth(params)
                paths = np.asarray(
                    smooth.simulate(horizon, anchor="end", repetitions=size, rng=rng)
                ).reshape(horizon, size)
                centre = np.asarray(smooth.forecast(horizon)).reshape(horizon, 1)
                wide = np.sqrt(inflate * df / rng.chisquare(df, size))
                parts.append((centre + (paths - centre) * wide).T)
            return np.concatenate(parts)

        return sampler, bool(result.mle_retvals is None or result.mle_retvals.success) if hasattr(
            result.mle_retvals, "success"
        ) else True


@dataclass(frozen=True)
class Theta:
    """`ThetaModel` on the seasonally adjusted series, with its own spread.

    The model's intervals explode on seasonal series, hence adjustment is done here and spread
    is that of a random walk with smoothing weight, widened by the drift's standard error.
    """

    name: str

    def build(self, z: Floats, period: int) -> tuple[Sampler, bool]:
        """Fit the two theta lines."""
        from statsmodels.tsa.forecasting.theta import ThetaModel  # noqa: PLC0415

        _enough(z, max(6, 2 * period + 2))
        season = seasonal_means(z, period)
        adjusted = z - season[np.arange(len(z)) % period]
        result = ThetaModel(adjusted, period=1, deseasonalize=False).fit(disp=False)
        drift, alpha = (float(x) for x in np.asarray(result.params))
        alpha = float(np.clip(alpha, 0.02, 1.0))
        errors = _smoothing_errors(adjusted, alpha, drift / 2.0)
        df = max(len(errors) - 2 - (period - 1), 3)
        s2 = float(errors @ errors) / df

        def sampler(n: int, horizon: int, rng: np.random.Generator) -> Floats:
            sigma = np.sqrt(s2 * df / rng.chisquare(df, (n, 1)))
            centre = np.asarray(result.forecast(horizon))
            slope = sigma * rng.standard_normal((n, 1)) / np.sqrt(len(z))
            noise = rng.standard_normal((n, horizon)) * sigma
            walk = np.cumsum(alpha * noise, axis=1) + (1.0 - alpha) * noise
            ahead = season[(len(z) + np.arange(horizon)) % period]
            return np.asarray(centre + ahead + slope * np.arange(1, horizon + 1) / 2.0 + walk)

        return sampler, True


@dataclass(frozen=True)
class StateSpace:
    """`SARIMAX` or `UnobservedComponents`; parameters drawn from the normal approximation."""

    name: str
    kind: str
    spec: tuple[Any, ...]
    cycle: int = 0
    trend: str = "n"

    def build(self, z: Floats, period: int) -> tuple[Sampler, bool]:
        """Fit by maximum likelihood."""
        order, seasonal = (self.spec[0][1], self.spec[1][1]) if self.kind == "sarimax" else (0, 0)
        model = self._model(_differenced(z, order, seasonal, period), period)
        result = model.fit(disp=False, maxiter=40)
        estimate = np.asarray(result.params, dtype=float)
        spread = _usable_covariance(result, len(estimate))
        start = np.asarray(model.transform_params(model.untransform_params(estimate)))
        if not np.isfinite(start).all():
            msg = "estimates are not finite"
            raise CandidateError(msg)
        df = max(len(z) - len(estimate), 3)
        variances = [i for i, name in enumerate(model.param_names) if "sigma2" in name]

        def sampler(n: int, horizon: int, rng: np.random.Generator) -> Floats:
            parts = []
            for size in _split(n, 1 if spread is None else PARAMETER_DRAWS):
                params = (
                    estimate
                    if spread is None
                    else self._draw(model, estimate, spread, variances, rng)
                )
                paths = _state_paths(model.filter(params), size, horizon, rng)
                middle = paths.mean(axis=0)
                wide = np.sqrt(df / rng.chisquare(df, (size, 1)))
                parts.append(middle + (paths - middle) * wide)
            return _summed(z, np.concatenate(parts), order, seasonal, period)

        return sampler, bool(result.mle_retvals.get("converged", False))

    def _model(self, z: Floats, period: int) -> Any:
        period = self.cycle or period
        if self.kind == "sarimax":
            from statsmodels.tsa.statespace.sarimax import SARIMAX  # noqa: PLC0415

            (p, _, q), (sp, _, sq) = self.spec
            _enough(z, p + q + (sp + sq) * period + 6)
            cycle = (sp, 0, sq, period) if sp + sq else (0, 0, 0, 0)
            return SARIMAX(z, order=(p, 0, q), seasonal_order=cycle, trend=self.trend)
        from statsmodels.tsa.statespace.structural import UnobservedComponents  # noqa: PLC0415

        level, seasonal = self.spec
        _enough(z, 2 * period + 6 if seasonal else 6)
        return UnobservedComponents(z, level, seasonal=period if seasonal else None)

    @staticmethod
    def _draw(
        model: Any, estimate: Floats, spread: Floats, variances: list[int], rng: np.random.Generator
    ) -> Floats:
        params = estimate + spread @ rng.standard_normal(len(estimate))
        for i in variances:
            ratio = float(np.clip((params[i] - estimate[i]) / max(estimate[i], 1e-12), -1, 1))
            params[i] = estimate[i] * np.exp(ratio)
        again = np.asarray(model.transform_params(model.untransform_params(params)))
        return params if np.allclose(again, params, rtol=1e-4, atol=1e-8) else estimate


def _share_kept(x: Floats, centre: float, doubt: float, variance: float, memory: float) -> float:
    """Share of the mean so far that the next value has: belief updated by the series' past.

    ``variance`` is that of the news; what follows each other by ``memory`` counts for less.
    """
    if doubt == 0:
        return centre
    sofar = (np.cumsum(x) / np.arange(1, len(x) + 1))[_FEWEST_STEPS - 1 : -1]
    ahead = x[_FEWEST_STEPS:]
    memory = min(max(memory, 0.0), 0.95)
    weight = (1.0 - memory) ** 2 / max(variance, 1e-300)
    belief = 1.0 / doubt**2
    return float((belief * centre + weight * (sofar @ ahead)) / (belief + weight * (sofar @ sofar)))


def _differenced(z: Floats, order: int, seasonal: int, period: int) -> Floats:
    x = z[period:] - z[:-period] if seasonal else z
    return np.diff(x) if order else x


def _summed(z: Floats, path: Floats, order: int, seasonal: int, period: int) -> Floats:
    """Undo `_differenced` for future paths (n, horizon)."""
    if order:
        last = z[-1] - z[-1 - period] if seasonal else z[-1]
        path = last + np.cumsum(path, axis=1)
    if seasonal:
        path = path.copy()
        for j in range(path.shape[1]):
            path[:, j] += z[len(z) - period + j] if j < period else path[:, j - period]
    return path


def _state_paths(filtered: Any, n: int, horizon: int, rng: np.random.Generator) -> Floats:
    """(n, horizon) paths of a filtered time-invariant linear Gaussian model from its end."""
    transition = filtered.filter_results.transition[:, :, -1]
    design = filtered.filter_results.design[:, :, -1]
    drift = filtered.filter_results.state_intercept[:, -1]
    level = filtered.filter_results.obs_intercept[0, -1]
    noise = filtered.filter_results.selection[:, :, -1] @ _root(
        filtered.filter_results.state_cov[:, :, -1]
    )
    error = np.sqrt(max(float(filtered.filter_results.obs_cov[0, 0, -1]), 0.0))
    known = _root(filtered.predicted_state_cov[:, :, -1])
    state = filtered.predicted_state[:, -1] + _mirrored(n, len(known), rng) @ known.T
    out = np.empty((n, horizon))
    for step in range(horizon):
        out[:, step] = state @ design[0] + level + error * _mirrored(n, 1, rng)[:, 0]
        state = state @ transition.T + drift + _mirrored(n, noise.shape[1], rng) @ noise.T
    return out


def _mirrored(n: int, k: int, rng: np.random.Generator) -> Floats:
    """(n, k) standard normals in opposite pairs, so that their mean is nearly exact."""
    half = rng.standard_normal(((n + 1) // 2, k))
    return np.concatenate([half, -half])[:n]


def _root(covariance: Floats) -> Floats:
    """Symmetric square root: the only one that depends on no choice of signs or order."""
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2.0)
    return np.asarray((vectors * np.sqrt(np.clip(values, 0.0, None))) @ vectors.T)


def _stable(draws: Floats, estimate: Floats, lags: Sequence[int]) -> Floats:
    """Replace explosive draws by the estimate, itself pulled inside the unit circle."""

    def radius(rows: Floats) -> Floats:
        companion = np.zeros((len(rows), max(lags), max(lags)))
        companion[:, 0, np.array(lags) - 1] = rows
        below = np.arange(max(lags) - 1)
        companion[:, below + 1, below] = 1.0
        return np.asarray(np.abs(np.linalg.eigvals(companion)).max(axis=1))

    size = float(radius(estimate[np.newaxis])[0])
    shrink = min(1.0, ROOT_LIMIT / size) if size > 0 else 1.0
    inside = estimate * shrink ** np.array(lags)
    return np.where(radius(draws)[:, np.newaxis] <= ROOT_LIMIT, draws, inside)


def seasonal_means(z: Floats, period: int) -> Floats:
    """(period,) additive seasonal deviations, sum 0, from medians about a centred mean."""
    if period == 1:
        return np.zeros(1)
    half = period // 2
    weights = np.ones(period + 1 - period % 2)
    if period % 2 == 0:
        weights[[0, -1]] = 0.5
    weights /= weights.sum()
    trend = np.convolve(z, weights, mode="valid")
    middle = z[half : half + len(trend)] - trend
    index = (half + np.arange(len(middle))) % period
    out = np.zeros(period)
    for m in range(period):
        seen = middle[index == m]
        if not len(seen):
            msg = "a season has no complete cycle"
            raise CandidateError(msg)
        out[m] = np.median(seen)
    return np.asarray(out - out.mean())


def _smoothing_errors(z: Floats, alpha: float, drift: float) -> Floats:
    level, errors = z[0], np.empty(len(z) - 1)
    for i, value in enumerate(z[1:]):
        errors[i] = value - level - drift
        level += drift + alpha * errors[i]
    return errors


def _usable_covariance(result: Any, k: int) -> Floats | None:
    """Root of the covariance of the estimates, or None where it is not usable."""
    try:
        covariance = np.asarray(result.cov_params(), dtype=float)
    except (ValueError, NotImplementedError, np.linalg.LinAlgError):
        return None
    if covariance.shape != (k, k) or not np.isfinite(covariance).all():
        return None
    largest = np.linalg.eigvalsh((covariance + covariance.T) / 2.0)[-1]
    return _root(covariance) if 0 < largest <= 1e4 else None


def _split(n: int, parts: int) -> Sequence[int]:
    parts = max(min(parts, n // PATHS_A_DRAW), 1)
    return [n // parts + (i < n % parts) for i in range(parts)]


def _enough(values: Floats, needed: int) -> int:
    if len(values) < needed:
        msg = f"{len(values)} values, {needed} needed"
        raise CandidateError(msg)
    return len(values)
