"""Outer approximation with prices first: cores or neighbourhoods of growing size, then the whole."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.solver.claim import Limit, Reason, relative_gap
from clusteropt.solver.core import losses_of, narrowings, near_money, touch_priced, touch_regions
from clusteropt.solver.mixture import Neighbourhoods
from clusteropt.solver.points import carry, excesses
from clusteropt.solver.refine import Search
from clusteropt.solver.steps import FEW_OPEN, Step

if TYPE_CHECKING:
    from collections.abc import Callable

    from clusteropt.inputs.problem import Floats
    from clusteropt.model.formulation import Formulation
    from clusteropt.model.grid import Grid
    from clusteropt.solver.claim import Claim
    from clusteropt.solver.core import Priced
    from clusteropt.solver.refine import Build, Found

PRICING_SHARE, CORE_SHARE, CORE_RUN_SHARE = 0.3, 0.6, 0.3
"""Of the time of a search prices may take the first part, and prices with cores the second; one core takes the third
part of what is left of that at most."""
NO_POINT = (Reason.INFEASIBLE, Reason.INFEASIBLE_OR_UNBOUNDED)
"""What HiGHS says of a neighbourhood that has no plan."""
OPEN_S = 2e-4
"""What is left open beside a plan at hand is searched where there are so many seconds left for each choice: HiGHS looks
at the clock between the steps of its root only, and took 78 and 103 s for 70,000 choices where 1.3 s were given."""
MANY_CHOICES = 200_000
"""Of more choices than this a first core leaves more than a few open, and to count them takes as long as a core."""
NEARLY = 1.25
"""A gap up to so many times the one asked for may be met by the next core."""
FIRST_OPEN, MORE_OPEN, MORE_NODES = 50, 1.5, 3
"""After choices as prices mix them so many clusters choose anew; more, and over more nodes, where little is gained."""
MOVING, MOVING_PART, MORE_MOVING = 800, 0.25, 2
"""The money of so many clusters moves, or of so many parts of all, so that what the choices of others take or leave
spreads thin; of so many times more where that is not enough."""
NEIGHBOURHOOD_SHARE = 0.95
"""Where money flows on curves the whole has little to add in the end."""
MOST_BELOW = 1e-2
"""Where nothing is at hand a floor stands this part below the bound."""
WORTH_WHILE = 0.25
"""A neighbourhood that closes this share of the gap is followed by another one of its size."""
AROUND = (1.0, 0.98, 1.02)
"""Where tangents stand beside the best money so far, as parts of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Pricing:
    """How a stage is searched by prices.

    Parameters
    ----------
    find : callable
        Finds the best prices of a formulation in a time.
    reach : callable or None
        Where the worst region counts alone: gives what makes formulations of the most outcome in total with a floor
        under every region. HiGHS finds points above a floor where it does not raise all regions at once.
    """

    find: Callable[[Build, Formulation, float], Priced]
    reach: Callable[[float], Build] | None = None


class PricedSearch(Search):
    """An outer approximation that starts from prices; parameters as of `Search`."""

    def best_priced(self, build: Build, grid: Grid, share: float, pricing: Pricing, held: Found | None = None) -> Found:
        """Find the best allocation of a family of formulations.

        Parameters
        ----------
        build : callable
            Gives the formulation on a grid.
        grid : Grid
            The first grid.
        share : float
            The part of the time left that it may take.
        pricing : Pricing
            How it is searched.
        held : Found, optional
            The end of an earlier stage, whose point is one of this stage as well.

        Raises
        ------
        InfeasibleError, UnboundedError, NoIncumbentError, SolverFaultError
            If there is no incumbent to return.
        """
        formulation = self._begin(build, grid, share)
        if not formulation.integer.any():
            return self._by_whole(build, formulation)
        now = time.monotonic()
        priced = pricing.find(build, formulation, now + PRICING_SHARE * (self._until - now))
        self._bound = min(self._bound, self._sign * priced.bound)
        self._tell("prices", -np.inf)
        enough = now + CORE_SHARE * (self._until - now)
        near, best = formulation, None if held is None else self._held(formulation, held)
        if priced.mixture is not None:
            long = now + NEIGHBOURHOOD_SHARE * (self._until - now)
            near, best = self._by_neighbourhoods(build, build(touch_priced(priced, grid)), priced, (best, long))
        elif not len(grid.curves.cells):
            touched = touch_regions(priced, grid)
            near = formulation if touched is grid else build(touched)
            near, best = self._by_cores((build, pricing.reach), near, priced, (best, enough))
        if best is None and self._stopped is Limit.INTERRUPT:
            raise KeyboardInterrupt
        if self._stopped is None and self._is_late(priced, near, best):
            self._stopped = Limit.TIME
        if best is None and len(grid.curves.cells):
            best = self._by_whole(build, formulation)
        elif best is None or not (self._stopped is not None or self._met(best)):
            start = None if best is None else carry(best.x, best.formulation, near)
            best = self._alternate(build, near, start, best, priced)
        if near is not formulation:
            # What the tangents may miss anywhere is told of a plan, so that those of the first grid belong to it.
            best = replace(best, formulation=build(_with_points(best.formulation.grid, grid)))
        return replace(self._close(best), priced=priced)

    def _is_late(self, priced: Priced, formulation: Formulation, best: Found | None) -> bool:
        """Tell whether there is too little time left for what is open beside a plan at hand that is not good enough."""
        if best is None or best.short or self._met(best):
            return False
        now = time.monotonic()
        if self._until - now > OPEN_S * int(formulation.integer.sum()):
            return False
        rest = self._beaten(priced, formulation, best)
        whole = formulation.integer if rest is None else formulation.integer & np.isnan(rest.fixed)
        return self._until - now < OPEN_S * int(whole.sum())

    def _held(self, formulation: Formulation, held: Found) -> Found | None:
        """Take the end of an earlier stage for a plan of this one, where it is."""
        point = carry(held.x, held.formulation, formulation)
        if held.short or np.isnan(point).any():
            return None
        found = self._found(formulation, point)
        self._tell("prices", self._worth(found))
        return None if found.short else found

    def _by_cores(
        self,
        builds: tuple[Build, Callable[[float], Build] | None],
        formulation: Formulation,
        priced: Priced,
        known: tuple[Found | None, float],
    ) -> tuple[Formulation, Found | None]:
        """Search cores of growing size until the bound is met, or no more are worth their time.

        The last formulation comes with the best, as the curves of regions are touched around it.
        """
        (build, reach), (best, enough) = builds, known
        for fixed in () if self._is_over(best) else narrowings(priced, formulation, self.options.seed, enough):
            found = None
            if reach is not None:
                best = self._above_floors((build, reach), formulation, fixed, (best, enough))
            if reach is None or best is None or best.short:
                found = self._search_core(build, formulation, Step("core", fixed=fixed), best, enough)
            if found is not None:
                best = found if best is None else self._better(best, found)
                self._tell("core", self._worth(best))
            if self._is_over(best) or time.monotonic() > enough:
                break
            if self._leaves_little(priced, formulation, best):
                break
            if found is not None and best is not None and formulation.grid.curves.num:
                formulation = build(_touch_best(found.formulation.grid, best))
        return formulation, best

    def _is_over(self, best: Found | None) -> bool:
        """Tell whether a search is stopped, or its gap is met."""
        return self._stopped is not None or (best is not None and self._met(best))

    def _above_floors(
        self,
        builds: tuple[Build, Callable[[float], Build]],
        formulation: Formulation,
        fixed: Floats,
        known: tuple[Found | None, float],
    ) -> Found | None:
        """Search a core for any point with a floor under every region that halves the gap, as long as there is one."""
        (build, reach), (best, enough) = builds, known
        if not math.isfinite(self._bound):
            return best
        while not self._is_over(best) and time.monotonic() < enough:
            below = MOST_BELOW
            if best is not None and not best.short:
                below = max(self.options.relative_gap, relative_gap(self._worth(best), self._bound)) / 2
            other = reach(self._bound - below * abs(self._bound))(formulation.grid)
            claim = self._run_core(other, Step("core", fixed=fixed, any_point=True), enough)
            if claim.x is None:
                break
            found = self._refine(build, formulation, claim)
            if best is not None and self._worth(found) <= self._worth(best):
                # What tolerances gave is no better in truth, and would be given again.
                break
            best = found
            self._tell("core", self._worth(best))
        return best

    def _by_neighbourhoods(
        self, build: Build, formulation: Formulation, priced: Priced, known: tuple[Found | None, float]
    ) -> tuple[Formulation, Found | None]:
        """Search neighbourhoods of growing size around the best so far until the bound is met or the time is up.

        The last formulation comes with the best, as it is touched around it.
        """
        assert priced.mixture is not None, "neighbourhoods are of the mixture that prices leave"
        hood = Neighbourhoods(priced.mixture, formulation, self.options.seed)
        (best, enough), num, size, nodes = known, formulation.problem.num_clusters, 0, 1
        moving = max(MOVING, round(MOVING_PART * num))
        while time.monotonic() < enough and size < num:
            point, losses = _around(priced, formulation, best)
            pinned = hood.pinned(formulation, (size, moving), point, losses)
            most = near_money(priced, formulation, point)
            found = self._search_core(
                build, formulation, Step("core", fixed=pinned, most=most, nodes=nodes), best, enough
            )
            gained = 0.0
            if found is not None:
                gained = math.inf if best is None else max(self._worth(found) - self._worth(best), 0.0)
                best = found if best is None else self._better(best, found)
                self._tell("core", self._worth(best))
            if self._stopped is not None or (best is not None and self._met(best)):
                break
            if found is not None and best is not None:
                formulation = build(_touch_best(formulation.grid, best))
            if found is None and moving < num and self.records[-1].reason in NO_POINT:
                # What is pinned breaks a limit by itself: the money of more gives way before more choose.
                moving *= MORE_MOVING
            elif best is None or best.short or gained < WORTH_WHILE * (self._bound - self._worth(best)):
                size = round(MORE_OPEN * size) + FIRST_OPEN
                nodes *= MORE_NODES
        return formulation, best

    def _leaves_little(self, priced: Priced, formulation: Formulation, best: Found | None) -> bool:
        """Tell whether no more cores are worth their time, as few choices are open and the gap is far from met."""
        if best is None or self._bound - self._worth(best) <= NEARLY * self.options.relative_gap * abs(best.value):
            return False
        if int(formulation.integer.sum()) > MANY_CHOICES:
            return False
        rest = self._beaten(priced, formulation, best)
        return rest is not None and int(np.isnan(rest.fixed[formulation.integer]).sum()) <= FEW_OPEN

    def _search_core(
        self, build: Build, formulation: Formulation, step: Step, best: Found | None, enough: float
    ) -> Found | None:
        """Search with all but some columns fixed, for a part of the time; None where nothing was found.

        Where money stays near prices, columns that are fixed stay so while what was found is refined.
        """
        start = None if best is None else carry(best.x, best.formulation, formulation)
        claim = self._run_core(formulation, replace(step, start=start), enough)
        if claim.x is None:
            return None
        return self._refine(build, formulation, claim, None if step.most is None else step.fixed)

    def _run_core(self, formulation: Formulation, step: Step, enough: float) -> Claim:
        """Run the program of a core for a part of the time."""
        until = self._until
        self._until = min(until, time.monotonic() + max(CORE_RUN_SHARE * (enough - time.monotonic()), 0.0))
        claim = self._run(formulation, step)
        if self._stopped is not Limit.INTERRUPT:
            self._until = until
        if self._stopped is not Limit.INTERRUPT and time.monotonic() < until:
            # The time of this core was up, or the end of its root came late; that of the search is not.
            self._stopped = None
        return claim


def _around(priced: Priced, formulation: Formulation, best: Found | None) -> tuple[Floats | None, Floats | None]:
    """Give the best plan so far on a formulation, and what its clusters lose; None without one."""
    if best is None or best.short:
        return None, None
    return carry(best.x, best.formulation, formulation), losses_of(priced, best.money)


def _with_points(grid: Grid, other: Grid) -> Grid:
    """Add the tangent points of another grid to one."""
    # A harmed curve would pay for every point with a binary.
    smooth = ~np.isin(other.curve_of_point, grid.curves.harmed)
    return grid.refine(other.curve_of_point[smooth], other.point[smooth])


def _touch_best(grid: Grid, best: Found) -> Grid:
    """Touch the curves where the best money stands, and near it."""
    found = excesses(best.formulation, best.x)
    # A harmed curve would pay for every point with a binary.
    smooth = ~np.isin(found.which, grid.curves.harmed)
    for part in AROUND:
        grid = grid.refine(found.which[smooth], found.arg[smooth] * part)
    return grid
