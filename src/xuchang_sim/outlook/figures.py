"""Figures of the outlook: axes in, axes out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from xuchang_sim.outlook.drivers import Drivers

BANDS = ((0.05, 0.95, 0.15), (0.1, 0.9, 0.2), (0.25, 0.75, 0.3))


def fan(paths: Drivers, name: str, ax: Axes) -> Axes:
    """Draw a driver's known months and the bands of its paths (50, 80 and 90%, nominal)."""
    values = 100.0 * paths.path(name)
    time = np.arange(len(paths.months))
    ahead = slice(paths.known - 1, None)
    for low, high, shade in BANDS:
        bounds = np.quantile(values[:, ahead], [low, high], axis=0)
        ax.fill_between(time[ahead], *bounds, color="tab:blue", alpha=shade, linewidth=0)
    ax.plot(time[: paths.known], 100.0 * paths.central[name][: paths.known], color="black")
    ax.plot(time[ahead], 100.0 * paths.central[name][ahead], color="tab:blue", linestyle="--")
    ticks = [i for i, month in enumerate(paths.months) if month.endswith("-01")]
    ax.set_xticks(ticks, [paths.months[i][:4] for i in ticks])
    ax.set_ylabel(f"{name} (% a year)")
    ax.set_title(
        f"bands 50, 80, 90%; first-year sd measured at {paths.origins} origins", fontsize=9
    )
    return ax
