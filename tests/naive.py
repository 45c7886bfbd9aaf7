"""Slow oracles in plain Python: which rules an allocation breaks, what it is worth, and the best one by trying all.

Written from the docstrings of `clusteropt.inputs.problem`; nothing of the model, the solver or the plan is used.
An allocation is a dict from (fund, cluster, lever, year) positions to whole units of money. Where there are programmes
it may hold picks as well, each with a 1; the money of cells keeps them.
"""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from clusteropt.inputs.problem import ObjectiveKind, RegionMeasure, ResponseFamily, RuleBase, RuleKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clusteropt.inputs.ledger import Ledger
    from clusteropt.inputs.problem import Problem, Rule, Selection
    from clusteropt.plan.plan import Plan

    Draw = tuple[int, int, int, int]
    Cell = tuple[int, int, int]
    Allocation = dict[Draw | "Taken", int]
    Cells = dict[Cell | "Taken", int]

PHI = {
    ResponseFamily.LINEAR: lambda u: u,
    ResponseFamily.EXPONENTIAL: lambda u: 1 - math.exp(-u),
    ResponseFamily.LOG: lambda u: math.log(1 + u),
    ResponseFamily.HYPERBOLIC: lambda u: u / (1 + u),
}


class Taken(NamedTuple):
    """An option of a programme that starts in the year of a position."""

    programme: str
    option: str
    year: int


def of_plan(plan: Plan) -> Allocation:
    """Read the awards and picks of a plan; one named twice, or an award that is not positive, is an error."""
    awards, found = plan.awards, {}
    parts = (awards.fund, awards.cluster, awards.lever, awards.year, awards.amount)
    for fund, cluster, lever, year, amount in zip(*(part.tolist() for part in parts), strict=True):
        assert (fund, cluster, lever, year) not in found
        assert amount > 0
        found[fund, cluster, lever, year] = amount
    picks = plan.programmes
    for pick in map(Taken, picks.programme, picks.option, map(int, picks.year)):
        assert pick not in found
        found[pick] = 1
    return found


def awards(allocation: Allocation) -> Allocation:
    """Leave the picks out."""
    return {draw: amount for draw, amount in allocation.items() if not isinstance(draw, Taken)}


def picks(allocation: Allocation | Cells) -> list[Taken]:
    """Give the picks alone."""
    return [pick for pick in allocation if isinstance(pick, Taken)]


def cell_money(allocation: Allocation) -> Cells:
    """Add the funds of each cell up; picks stay as they are."""
    cells: Cells = dict.fromkeys(picks(allocation), 1)
    for (_, cluster, lever, year), amount in awards(allocation).items():
        cells[cluster, lever, year] = cells.get((cluster, lever, year), 0) + amount
    return cells


def all_picks(problem: Problem) -> list[Taken]:
    """Give every pick there is, in the order of the problem."""
    found = problem.programmes
    if found is None:
        return []
    starts = zip(found.pick_option.tolist(), found.pick_year.tolist(), strict=True)
    return [Taken(found.programme[option], found.option[option], year) for option, year in starts]


def pick_costs(problem: Problem, taken: list[Taken]) -> list[list[int]]:
    """Add up what picks take of every fund in every year of the plan."""
    spent, known = [[0] * problem.num_years for _ in range(problem.num_funds)], all_picks(problem)
    found = problem.programmes
    if found is not None:
        parts = (found.cost_pick, found.cost_fund, found.cost_year, found.cost)
        for pick, fund, year, cost in zip(*(part.tolist() for part in parts), strict=True):
            if known[pick] in taken and year < problem.num_years:
                spent[fund][year] += cost
    return spent


def broken_conditions(problem: Problem, taken: list[Taken]) -> list[str]:
    """Name what picks ask of each other and these do not keep."""
    known = all_picks(problem)
    broken = [f"no pick {pick}" for pick in taken if pick not in known]
    for condition in () if problem.programmes is None else problem.programmes.conditions:
        terms = zip(condition.picks, condition.coefs, strict=True)
        level = sum(coef for pick, coef in terms if known[pick] in taken)
        low, high = condition.least, condition.most
        if (low is not None and level < low) or (high is not None and level > high):
            broken.append(condition.name)
    return broken


def broken_needs(problem: Problem, allocation: Allocation) -> list[str]:
    """Name the stocks that picks need and that are not there, in exact fractions."""
    found, known, cells = problem.programmes, all_picks(problem), cell_money(awards(allocation))
    if found is None:
        return []
    parts = (found.need_pick, found.need_cluster, found.need_lever, found.need_year, found.need_stock)
    broken = []
    for pick, cluster, lever, until, need in zip(*(part.tolist() for part in parts), strict=True):
        keep = 1 - Fraction(repr(float(problem.depreciation[lever])))
        held, lag = Fraction(repr(float(problem.stock[cluster, lever]))), int(problem.lag[lever])
        for year in range(until + 1):
            held = held * keep + cells.get((cluster, lever, year - lag), 0) + _came(problem, cluster, lever, year)
        if known[pick] in picks(allocation) and held < need:
            broken.append(f"stock for {known[pick]}")
    return broken


def effects(problem: Problem, cluster: int, lever: int, taken: list[Taken]) -> list[float]:
    """Give the effect of a cluster and lever in every year, on the path that picks have moved the cluster to."""
    found = problem.programmes
    effect = [float(problem.effect[cluster, lever])] * problem.num_years
    if found is not None and len(found.move_pick):
        known, moves = (
            all_picks(problem),
            zip(found.move_pick.tolist(), found.move_cluster.tolist(), found.move_year.tolist(), strict=True),
        )
        for number, (pick, who, first) in enumerate(moves):
            if who == cluster and known[pick] in taken:
                effect[first:] = [float(found.move_effect[number, lever])] * (problem.num_years - first)
    return effect


def best_effects(problem: Problem, cluster: int, lever: int) -> list[float]:
    """Give the largest effect of a cluster and lever in every year over all picks."""
    chosen = [[], *([pick] for pick in all_picks(problem))]
    ways = [effects(problem, cluster, lever, taken) for taken in chosen]
    return [max(way) for way in zip(*ways, strict=True)]


def cell_chosen(problem: Problem, selection: Selection, cell: Cell, with_years: bool = True) -> bool:
    """Tell whether a selection speaks of a cell, funds left aside."""
    cluster, lever, year = cell
    asked = [
        (selection.regions, int(problem.region_of[cluster])),
        (selection.paths, int(problem.path_of[cluster])),
        (selection.industries, int(problem.industry_of[cluster])),
        (selection.clusters, cluster),
        (selection.levers, lever),
        (selection.years if with_years else (), year),
    ]
    return all(not wanted or have in wanted for wanted, have in asked)


def chosen(problem: Problem, selection: Selection, allocation: Allocation, years: tuple[int, ...] = ()) -> Allocation:
    """Keep the draws a selection speaks of, within ``years`` too if any are given."""
    return {
        draw: amount
        for draw, amount in awards(allocation).items()
        if cell_chosen(problem, selection, draw[1:], not years)
        and (not selection.funds or draw[0] in selection.funds)
        and (not years or draw[3] in years)
    }


def menu(problem: Problem, cluster: int, lever: int) -> list[tuple[int, float]]:
    """Give amounts and gains of the menu of a cell; empty if it has none."""
    place = cluster * problem.num_levers + lever
    first, last = problem.menus.start[place : place + 2].tolist()
    return list(zip(problem.menus.amount[first:last].tolist(), problem.menus.gain[first:last].tolist(), strict=True))


def broken_rules(problem: Problem, allocation: Allocation) -> list[str]:
    """Name everything an allocation breaks, in exact arithmetic; empty if it may be paid."""
    broken = list(_broken_purses(problem, allocation)) + list(_broken_cells(problem, allocation))
    checks = {
        RuleKind.AMOUNT: _amount_holds,
        RuleKind.SHARE: _share_holds,
        RuleKind.COUNT: _count_holds,
        RuleKind.CHANGE: _change_holds,
        RuleKind.LOCK: _lock_holds,
    }
    broken += broken_conditions(problem, picks(allocation)) + broken_needs(problem, allocation)
    return broken + [rule.name for rule in problem.rules if not checks[rule.kind](problem, rule, awards(allocation))]


def _broken_purses(problem: Problem, allocation: Allocation) -> Iterator[str]:
    draws = (problem.draw_fund, problem.draw_cluster, problem.draw_lever)
    may = set(zip(*(part.tolist() for part in draws), strict=True))
    paid, costs = awards(allocation), pick_costs(problem, picks(allocation))
    for draw, amount in paid.items():
        if draw[:3] not in may:
            yield f"nobody may draw {draw}"
        if type(amount) is not int or amount < 0:
            yield f"not whole money {amount!r}"
    for fund in range(problem.num_funds):
        spent = [0] * problem.num_years
        for draw, amount in paid.items():
            spent[draw[3]] += amount if draw[0] == fund else 0
        year = first_short(problem, fund, spent, costs[fund])
        if year is not None:
            yield f"purse {fund} {year}"


def first_short(problem: Problem, fund: int, spent: list[int], costs: list[int] | None = None) -> int | None:
    """Give the first year in which a fund cannot pay awards, and what programmes cost; None if it can pay all.

    Money is a list of parcels, each with the last year in which it may be paid; every year pays from the parcel that
    lapses first. What comes back of awards is counted in exact fractions and may be paid at any time from then on.
    """
    ledger, parcels, back_before = problem.ledger, [], Fraction(0)
    for year in range(problem.num_years):
        held, due = int(problem.purse[fund, year]), 0
        kept = 0
        if ledger is not None:
            kept = held * int(ledger.carried[fund, year]) // 10**9
            due = int(ledger.committed[fund, year])
            parcels.append([year + int(ledger.lasts[fund, year]), Fraction(kept)])
            back = sum((_back(ledger, fund, t, year, spent[t]) for t in range(year)), Fraction(0))
            parcels.append([10**6, back - back_before])
            back_before = back
        parcels.append([year, Fraction(held - kept)])
        asked = Fraction(spent[year] + due + (costs[year] if costs else 0))
        for parcel in sorted((p for p in parcels if p[0] >= year), key=lambda p: p[0]):
            taken = min(asked, parcel[1])
            parcel[1] -= taken
            asked -= taken
        if asked > 0:
            return year
    return None


def _back(ledger: Ledger, fund: int, award: int, now: int, amount: int) -> Fraction:
    """Give what an award has brought back by a year: equal parts, one a year from ``after`` on."""
    parts = int(ledger.parts[fund, award])
    due = [award + int(ledger.after[fund, award]) + k for k in range(parts)]
    each = Fraction(amount * int(ledger.returned[fund, award]), 10**9 * parts)
    return each * sum(1 for year in due if year <= now)


def most_paid(problem: Problem, fund: int) -> list[int]:
    """Bound what a fund can pay in each year: everything that is not committed in it and came before it."""
    if problem.ledger is None:
        return [int(amount) for amount in problem.purse[fund]]
    most: list[int] = []
    for year in range(problem.num_years):
        back = sum((_back(problem.ledger, fund, t, year, most[t]) for t in range(year)), Fraction(0))
        earlier = sum(
            int(problem.purse[fund, t]) * int(problem.ledger.carried[fund, t]) // 10**9
            for t in range(year)
            if t + int(problem.ledger.lasts[fund, t]) >= year
        )
        own = int(problem.purse[fund, year]) - int(problem.ledger.committed[fund, year])
        most.append(max(0, int(own + earlier + back // 1)))
    return most


def _broken_cells(problem: Problem, allocation: Allocation) -> Iterator[str]:
    for (cluster, lever, year), amount in cell_money(awards(allocation)).items():
        levels = [a for a, _ in menu(problem, cluster, lever)]
        if levels:
            if amount not in (0, *levels):
                yield f"no level {amount} at {cluster, lever, year}"
        elif amount and not int(problem.least[cluster, lever]) <= amount <= int(problem.most[cluster, lever]):
            yield f"least or most {amount} at {cluster, lever, year}"


def _between(rule: Rule, level: int | Fraction, unit: int | Fraction = 1) -> bool:
    low, high = rule.minimum, rule.maximum
    return (low is None or level >= low * unit) and (high is None or level <= high * unit)


def _amount_holds(problem: Problem, rule: Rule, allocation: Allocation) -> bool:
    level = sum(chosen(problem, rule.selection, allocation).values())
    if rule.base is RuleBase.SELECTION:
        years = rule.base_selection.years or rule.selection.years
        level -= sum(chosen(problem, rule.base_selection, allocation, years).values())
    return _between(rule, level)


def _share_holds(problem: Problem, rule: Rule, allocation: Allocation) -> bool:
    level = sum(chosen(problem, rule.selection, allocation).values())
    years = rule.base_selection.years or rule.selection.years
    if rule.base is RuleBase.FUND:
        funds = rule.base_selection.funds or range(problem.num_funds)
        base = sum(int(problem.purse[f, t]) for f in funds for t in years or range(problem.num_years))
    elif rule.base is RuleBase.SELECTION:
        base = sum(chosen(problem, rule.base_selection, allocation, years).values())
    else:
        base = sum(amount for draw, amount in allocation.items() if not years or draw[3] in years)
    return _between(rule, level, base)


def _count_holds(problem: Problem, rule: Rule, allocation: Allocation) -> bool:
    paid = {draw: amount for draw, amount in chosen(problem, rule.selection, allocation).items() if amount}
    if rule.base is RuleBase.CLUSTERS:
        return _between(rule, len({draw[1] for draw in paid}))
    return _between(rule, len(paid) if rule.selection.funds else len({draw[1:] for draw in paid}))


def _last(problem: Problem) -> Allocation:
    last, found = problem.last_plan, {}
    for cluster, lever, fund, amount in zip(
        *(part.tolist() for part in (last.cluster, last.lever, last.fund, last.amount)), strict=True
    ):
        found[fund, cluster, lever, 0] = found.get((fund, cluster, lever, 0), 0) + amount
    return found


def _change_holds(problem: Problem, rule: Rule, allocation: Allocation) -> bool:
    was = sum(
        amount
        for draw, amount in _last(problem).items()
        if cell_chosen(problem, rule.selection, draw[1:], with_years=False)
        and (not rule.selection.funds or draw[0] in rule.selection.funds)
    )
    for year in rule.selection.years or range(problem.num_years):
        level = sum(chosen(problem, rule.selection, allocation, (year,)).values())
        low = None if rule.minimum is None else (1 + rule.minimum) * was
        high = None if rule.maximum is None else (1 + rule.maximum) * was
        if (low is not None and level < low) or (high is not None and level > high):
            return False
    return True


def _lock_holds(problem: Problem, rule: Rule, allocation: Allocation) -> bool:
    last = _last(problem)
    if rule.selection.funds:
        draws = zip(problem.draw_fund.tolist(), problem.draw_cluster.tolist(), problem.draw_lever.tolist(), strict=True)
        for (fund, cluster, lever), year in product(draws, range(problem.num_years)):
            if fund in rule.selection.funds and cell_chosen(problem, rule.selection, (cluster, lever, year)):
                was = last.get((fund, cluster, lever, 0), 0)
                if allocation.get((fund, cluster, lever, year), 0) != _locked(rule, was):
                    return False
        return True
    cells = cell_money(allocation)
    for cell in product(range(problem.num_clusters), range(problem.num_levers), range(problem.num_years)):
        if cell_chosen(problem, rule.selection, cell):
            was = sum(amount for draw, amount in last.items() if draw[1:3] == cell[:2])
            if cells.get(cell, 0) != _locked(rule, was):
                return False
    return True


def _locked(rule: Rule, was: int) -> Fraction | int:
    return was if rule.minimum is None else rule.minimum


def outcomes(problem: Problem, cells: Cells) -> dict[Cell, float]:
    """Give the outcome of every cell before its weight, from the money of cells alone."""
    found: dict[Cell, float] = {}
    for cluster, lever in product(range(problem.num_clusters), range(problem.num_levers)):
        e, s = effects(problem, cluster, lever, picks(cells)), float(problem.scale[cluster, lever])
        keep, lag = 1 - float(problem.depreciation[lever]), int(problem.lag[lever])
        own = {a: g for a, g in menu(problem, cluster, lever) if not math.isnan(g)}
        held = float(problem.stock[cluster, lever])
        for year in range(problem.num_years):
            arriving = cells.get((cluster, lever, year - lag), 0) if year >= lag else 0
            held = keep * held + (0 if arriving in own else arriving) + _came(problem, cluster, lever, year)
            found[cluster, lever, year] = e[year] * s * PHI[problem.family[lever]](held / s) + own.get(arriving, 0.0)
    return found


def _came(problem: Problem, cluster: int, lever: int, year: int) -> int:
    """Give the money of before the plan that joins a stock in a year."""
    return 0 if problem.arriving is None else int(problem.arriving[cluster, lever, year])


def gains(problem: Problem, taken: list[Taken]) -> Iterator[tuple[int, int, float]]:
    """Give what picks add: cluster, year and outcome before any weight."""
    found, known = problem.programmes, all_picks(problem)
    if found is not None:
        parts = (found.gain_pick, found.gain_cluster, found.gain_year, found.gain)
        for pick, cluster, year, gain in zip(*(part.tolist() for part in parts), strict=True):
            if known[pick] in taken:
                yield cluster, year, gain


def regional(problem: Problem, cells: Cells) -> list[float]:
    """Give the outcome of every region: weights, spill-overs, synergies, programmes and the discount included."""
    cell, region = outcomes(problem, cells), [0.0] * len(problem.labels.regions)
    links = list(zip(problem.spill_from.tolist(), problem.spill_to.tolist(), problem.spill_share.tolist(), strict=True))
    made = [(cluster, year, outcome) for (cluster, _, year), outcome in cell.items()]
    for cluster, year, outcome in [*made, *gains(problem, picks(cells))]:
        worth = outcome * (1 + problem.discount) ** -year
        region[problem.region_of[cluster]] += float(problem.weight[cluster]) * worth
        for home, other, share in links:
            if home == cluster:
                region[problem.region_of[other]] += share * float(problem.weight[other]) * worth
    for together in problem.synergies:
        for cluster, year in product(range(problem.num_clusters), range(problem.num_years)):
            gain = sum(float(m) * float(g) for m, g in zip(problem.membership[cluster], together.gain, strict=True))
            least = min(cell[cluster, lever, year] for lever in together.levers)
            worth = gain * float(problem.weight[cluster]) * least * (1 + problem.discount) ** -year
            region[problem.region_of[cluster]] += worth
    return region


def live_regions(problem: Problem) -> list[int]:
    """Give the regions that money, a stock that is there or a pick can give a positive outcome, rules set aside."""
    giving = {
        cluster
        for cluster, lever in product(range(problem.num_clusters), range(problem.num_levers))
        if _can_give(problem, cluster, lever)
    }
    net = {(int(region), cluster): float(problem.weight[cluster]) for cluster, region in enumerate(problem.region_of)}
    for home, other, share in zip(problem.spill_from, problem.spill_to, problem.spill_share, strict=True):
        place = (int(problem.region_of[other]), int(home))
        net[place] = net.get(place, 0.0) + float(share) * float(problem.weight[other])
    found = {region for (region, cluster), worth in net.items() if cluster in giving and worth > 0}
    for pick in all_picks(problem):
        given = list(gains(problem, [pick]))
        for region in range(len(problem.labels.regions)):
            worths = (net.get((region, c), 0.0) * gain * (1 + problem.discount) ** -year for c, year, gain in given)
            found |= {region} if sum(worths) > 0 else set()
    for cluster, year in product(range(problem.num_clusters), range(problem.num_years)):
        for together in problem.synergies:
            gain = sum(float(m) * float(g) for m, g in zip(problem.membership[cluster], together.gain, strict=True))
            joint = all(_can_give(problem, cluster, lever, year) for lever in together.levers)
            if gain * float(problem.weight[cluster]) > 0 and joint:
                found.add(int(problem.region_of[cluster]))
    return sorted(found)


def _can_give(problem: Problem, cluster: int, lever: int, at: int | None = None) -> bool:
    """Tell whether a cell can have a positive outcome in a year, or in any."""
    keeps, alive = problem.depreciation[lever] < 1, [e > 0 for e in best_effects(problem, cluster, lever)]
    funds = [f for f, c, k in zip(problem.draw_fund, problem.draw_cluster, problem.draw_lever, strict=True)
             if (c, k) == (cluster, lever)]  # fmt: skip
    levels, lag = menu(problem, cluster, lever), int(problem.lag[lever])
    stocked = keeps and problem.stock[cluster, lever] > 0
    years = {year for year in range(problem.num_years) if stocked and alive[year]}
    for year in range(problem.num_years - lag):
        money = sum(most_paid(problem, f)[year] for f in funds)
        own = any(a <= money and g > 0 for a, g in levels)
        curved = any(a <= money and math.isnan(g) for a, g in levels)
        free = not levels and money > 0 and problem.most[cluster, lever] > 0
        if own:
            years.add(year + lag)
        if curved or free:
            last = problem.num_years if keeps else year + lag + 1
            years.update(later for later in range(year + lag, last) if alive[later])
    for year in range(problem.num_years):
        if _came(problem, cluster, lever, year):
            last = problem.num_years if keeps else year + 1
            years.update(later for later in range(year, last) if alive[later])
    return bool(years) if at is None else at in years


def total(problem: Problem, cells: Cells) -> float:
    """Give the total outcome."""
    return math.fsum(regional(problem, cells))


def objective(problem: Problem, cells: Cells) -> float:
    """Give the objective; for least money the money, of picks too."""
    return _objective(problem, cells, regional(problem, cells))


def _objective(problem: Problem, cells: Cells, region: list[float]) -> float:
    asked, taken = problem.objective, picks(cells)
    if asked.kind is ObjectiveKind.LEAST_MONEY:
        return sum(cells.values()) - len(taken) + sum(map(sum, pick_costs(problem, taken)))
    if asked.kind is ObjectiveKind.TOTAL:
        return math.fsum(region)
    size = units(problem)
    if asked.kind is ObjectiveKind.WORST_REGION:
        return min((region[r] / size[r] for r in live_regions(problem)), default=0.0)
    u = PHI[asked.equity_family]
    scales = [asked.equity_scale * s for s in size]
    return math.fsum(s * u(r / s) if r > 0 else r for r, s in zip(region, scales, strict=True))


def soft_cost(problem: Problem, allocation: Allocation) -> float:
    """Give what soft floors take off the objective: the price of every printed unit that is missing."""
    paid, lost = awards(allocation), Fraction(0)
    for floor in problem.soft_floors:
        missing = {RuleKind.AMOUNT: _amount_missing, RuleKind.SHARE: _share_missing, RuleKind.CHANGE: _change_missing}
        parts = missing[floor.rule.kind](problem, floor.rule, paid)
        lost += sum((max(part, Fraction(0)) for part in parts), Fraction(0)) * floor.price
    return float(lost / problem.money.per_printed)


def _amount_missing(problem: Problem, rule: Rule, allocation: Allocation) -> list[Fraction]:
    level = sum(chosen(problem, rule.selection, allocation).values())
    if rule.base is RuleBase.SELECTION:
        years = rule.base_selection.years or rule.selection.years
        level -= sum(chosen(problem, rule.base_selection, allocation, years).values())
    return [Fraction(rule.minimum) - level]


def _share_missing(problem: Problem, rule: Rule, allocation: Allocation) -> list[Fraction]:
    level, years = sum(chosen(problem, rule.selection, allocation).values()), rule.selection.years
    if rule.base is RuleBase.FUND:
        held = [int(problem.purse[f, t]) for f in rule.base_selection.funds for t in years or range(problem.num_years)]
        return [Fraction(math.ceil(rule.minimum * sum(held)) - level)]
    if rule.base is RuleBase.SELECTION:
        base = sum(chosen(problem, rule.base_selection, allocation, rule.base_selection.years or years).values())
    else:
        base = sum(amount for draw, amount in allocation.items() if not years or draw[3] in years)
    return [rule.minimum * base - level]


def _change_missing(problem: Problem, rule: Rule, allocation: Allocation) -> list[Fraction]:
    last = {
        (f, c, k, 0): x
        for (f, c, k, _), x in _last(problem).items()
        if not rule.selection.funds or f in rule.selection.funds
    }
    was = sum(x for draw, x in last.items() if cell_chosen(problem, rule.selection, draw[1:], with_years=False))
    asked = math.ceil((1 + rule.minimum) * was)
    return [
        Fraction(asked - sum(chosen(problem, rule.selection, allocation, (year,)).values()))
        for year in rule.selection.years or range(problem.num_years)
    ]


def with_equity_scale(problem: Problem) -> Problem:
    """Fill in an equity scale left open: the mean over live regions of what splitting the purses by size reaches.

    A cell with a menu counts as the level nearest to its share, as 0 or the lower level where two are as near.
    """
    asked = problem.objective
    if asked.kind is not ObjectiveKind.EQUITY or asked.equity_scale is not None:
        return problem
    draws = list(zip(problem.draw_fund.tolist(), problem.draw_cluster.tolist(), problem.draw_lever.tolist(),
                     strict=True))  # fmt: skip
    cells: dict[Cell, float] = {}
    for fund, cluster, lever in draws:
        share = float(problem.size[cluster]) / math.fsum(float(problem.size[c]) for f, c, _ in draws if f == fund)
        for year in range(problem.num_years):
            place = cluster, lever, year
            cells[place] = cells.get(place, 0.0) + share * int(problem.purse[fund, year])
    for (cluster, lever, year), money in cells.items():
        levels = [a for a, _ in menu(problem, cluster, lever)]
        if levels:
            cells[cluster, lever, year] = min((0, *levels), key=lambda level: (abs(level - money), level))
    live, reached = (
        live_regions(problem),
        [r / u for r, u in zip(regional(problem, cells), units(problem), strict=True)],
    )
    mean = math.fsum(reached[r] for r in live) / len(live) if live else 0.0
    return replace(problem, objective=replace(asked, equity_scale=mean if mean > 0 else 1.0))


def units(problem: Problem) -> list[float]:
    """Give what the outcome of each region is divided by."""
    num_regions = len(problem.labels.regions)
    if problem.objective.measure is not RegionMeasure.PER_SIZE:
        return [1.0] * num_regions
    return [sum(float(s) for s, r in zip(problem.size, problem.region_of, strict=True) if r == k)
            for k in range(num_regions)]  # fmt: skip


def pick_sets(problem: Problem) -> list[list[Taken]]:
    """Give all sets of picks that keep their conditions: of every programme none, or one of its picks."""
    known = all_picks(problem)
    ways = [[None, *(pick for pick in known if pick.programme == name)]
            for name in dict.fromkeys(pick.programme for pick in known)]  # fmt: skip
    sets = ([pick for pick in chosen if pick is not None] for chosen in product(*ways))
    return [taken for taken in sets if not broken_conditions(problem, taken)]


def allocations(problem: Problem) -> Iterator[Allocation]:
    """Try every allocation of whole units (levels, where a cell has a menu) that no purse, cell or pick forbids."""
    draws = list(zip(problem.draw_fund.tolist(), problem.draw_cluster.tolist(), problem.draw_lever.tolist(),
                     strict=True))  # fmt: skip
    cells = sorted({(c, lever, t) for _, c, lever in draws for t in range(problem.num_years)})
    purses = {(f, t): most for f in range(problem.num_funds) for t, most in enumerate(most_paid(problem, f))}
    for taken in pick_sets(problem):
        left, costs = dict(purses), pick_costs(problem, taken)
        if problem.ledger is None:
            left = {(f, t): most - costs[f][t] for (f, t), most in purses.items()}
        if min(left.values(), default=0) >= 0:
            for paid in _fill(problem, draws, cells, left):
                yield {**paid, **dict.fromkeys(taken, 1)}


def _fill(problem: Problem, draws: list[tuple[int, int, int]], cells: list[Cell],
          left: dict[tuple[int, int], int]) -> Iterator[Allocation]:  # fmt: skip
    if not cells:
        yield {}
        return
    (cluster, lever, year), rest = cells[0], cells[1:]
    funds = [f for f, c, k in draws if (c, k) == (cluster, lever)]
    for amounts in product(*(range(left[f, year] + 1) for f in funds)):
        mine = {(f, cluster, lever, year): a for f, a in zip(funds, amounts, strict=True) if a}
        if any(_broken_cells(problem, mine)):
            continue
        after = dict(left)
        for f, a in zip(funds, amounts, strict=True):
            after[f, year] -= a
        for others in _fill(problem, draws, rest, after):
            yield {**mine, **others}


def count_tries(problem: Problem) -> int:
    """Bound the number of allocations that `allocations` tries: sets of picks, and splits of every cell on its own."""
    tries = max(1, len(pick_sets(problem)))
    pairs = set(zip(problem.draw_cluster.tolist(), problem.draw_lever.tolist(), strict=True))
    for cluster, lever in sorted(pairs):
        funds = problem.draw_fund[(problem.draw_cluster == cluster) & (problem.draw_lever == lever)]
        for year in range(problem.num_years):
            splits = product(*(range(most_paid(problem, int(f))[year] + 1) for f in funds))
            levels = [a for a, _ in menu(problem, cluster, lever)]
            tries *= max(1, sum(1 for split in splits if not levels or sum(split) in (0, *levels)))
    return tries


def brute_force(problem: Problem) -> tuple[float, float, Allocation] | None:
    """Find the best allocation by trying all: its objective, its total outcome, itself; None if none may be paid.

    Ties of the objective are broken by the larger total (the second stage of the worst region first).
    """
    least = problem.objective.kind is ObjectiveKind.LEAST_MONEY
    best: tuple[float, float, Allocation] | None = None
    worth: dict[frozenset[tuple[Cell | Taken, int]], tuple[float, float] | None] = {}
    for allocation in allocations(problem):
        cells = cell_money(allocation)
        key = frozenset(cells.items())
        if key not in worth:
            region = regional(problem, cells)
            reached = math.fsum(region)
            # The last digits of the sum tell nothing: 0.1 + 0.7 is below 0.8 in floats.
            short = least and reached < (problem.objective.target or 0.0) * (1 - 1e-12)
            worth[key] = None if short else (_objective(problem, cells, region) * (-1 if least else 1), reached)
        value = worth[key]
        if value is not None and problem.soft_floors:
            value = (value[0] - soft_cost(problem, allocation), value[1])
        if value is None or (best is not None and value <= best[:2]) or broken_rules(problem, allocation):
            continue
        best = (*value, allocation)
    if best is None:
        return None
    return (-best[0] if least else best[0], best[1], best[2])
