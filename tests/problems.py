"""Small planning problems built directly in arrays, with every feature, and random ones from a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from clusteropt.inputs.options import Isolation, SolveOptions
from clusteropt.inputs.problem import (
    Labels,
    LastPlan,
    Menus,
    Money,
    Objective,
    ObjectiveKind,
    Problem,
    RegionMeasure,
    ResponseFamily,
    Rule,
    RuleBase,
    RuleKind,
    Selection,
    Synergy,
)
from clusteropt.text import Text

INLINE = SolveOptions(isolation=Isolation.INLINE, relative_gap=1e-9)
"""Options for exact comparisons: in this process, to a tiny gap."""
QUICK = SolveOptions(isolation=Isolation.INLINE)
"""The ordinary options, in this process."""
ANY = Selection()
"""Every cell and every draw."""


def money(per_printed: int = 1) -> Money:
    """Give a unit of money of which ``per_printed`` make a printed one."""
    return Money(Text("unit", "元"), Text("printed", "印"), per_printed)


def labels(num_clusters: int, num_levers: int, num_funds: int, num_years: int, num_regions: int = 1) -> Labels:
    """Name everything by a letter and a number; one industry, two paths."""

    def named(letter: str, num: int) -> tuple[tuple[str, ...], tuple[Text, ...]]:
        keys = tuple(f"{letter}{k}" for k in range(num))
        return keys, tuple(Text(key, key) for key in keys)

    return Labels(
        *named("C", num_clusters),
        *named("R", num_regions),
        *named("I", 1),
        *named("P", 2),
        *named("L", num_levers),
        *named("F", num_funds),
        tuple(2025 + t for t in range(num_years)),
    )


def plain_problem(effect, scale, purse, *, family=ResponseFamily.LOG, per_printed=1, regions=None) -> Problem:
    """Build a problem where every fund serves every cell and nothing else is asked.

    ``effect`` and ``scale`` are (clusters x levers), ``purse`` is (funds x years) in whole units; ``family`` is one
    for all levers or one each. Everything else is added with `dataclasses.replace`.
    """
    effect, scale = np.atleast_2d(np.array(effect, float)), np.atleast_2d(np.array(scale, float))
    purse = np.atleast_2d(np.array(purse, np.int64))
    num_clusters, num_levers = effect.shape
    num_funds, num_years = purse.shape
    region_of = np.zeros(num_clusters, np.int32) if regions is None else np.array(regions, np.int32)
    families = (family,) * num_levers if isinstance(family, ResponseFamily) else tuple(family)
    draws = [(c, lever, f) for c in range(num_clusters) for lever in range(num_levers) for f in range(num_funds)]
    cluster, lever, fund = np.array(draws, np.int32).reshape(-1, 3).T
    shape = (num_clusters, num_levers)
    return Problem(
        name="small",
        title=Text("Small", "小"),
        money=money(per_printed),
        labels=labels(num_clusters, num_levers, num_funds, num_years, int(region_of.max(initial=0)) + 1),
        region_of=region_of,
        industry_of=np.zeros(num_clusters, np.int32),
        path_of=np.zeros(num_clusters, np.int32),
        membership=np.tile([1.0, 0.0], (num_clusters, 1)),
        weight=np.ones(num_clusters),
        size=np.ones(num_clusters),
        features=np.full((num_clusters, 5), np.nan),
        family=families,
        depreciation=np.ones(num_levers),
        lag=np.zeros(num_levers, np.int64),
        effect=effect,
        scale=scale,
        stock=np.zeros(shape),
        least=np.zeros(shape, np.int64),
        most=np.full(shape, int(purse.sum()), np.int64),
        menus=Menus(np.zeros(num_clusters * num_levers + 1, np.int64), np.zeros(0, np.int64), np.zeros(0), ()),
        purse=purse,
        draw_fund=fund.copy(),
        draw_cluster=cluster.copy(),
        draw_lever=lever.copy(),
    )


def with_menus(problem: Problem, levels: dict[tuple[int, int], list[tuple[int, float]]]) -> Problem:
    """Give cells menus: per (cluster, lever) the amounts with their gains (NaN: from the curve)."""
    start, amount, gain = [0], [], []
    most = problem.most.copy()
    least = problem.least.copy()
    for cluster in range(problem.num_clusters):
        for lever in range(problem.num_levers):
            menu = sorted(levels.get((cluster, lever), []))
            amount += [a for a, _ in menu]
            gain += [g for _, g in menu]
            start.append(len(amount))
            if menu:
                most[cluster, lever], least[cluster, lever] = menu[-1][0], 0
    names = tuple(f"level{k}" for k in range(len(amount)))
    menus = Menus(np.array(start, np.int64), np.array(amount, np.int64), np.array(gain, float), names)
    return replace(problem, menus=menus, most=most, least=least)


def with_draws(problem: Problem, draws: list[tuple[int, int, int]]) -> Problem:
    """Let only these (cluster, lever, fund) carry money."""
    cluster, lever, fund = np.array(sorted(draws), np.int32).reshape(-1, 3).T
    return replace(problem, draw_cluster=cluster.copy(), draw_lever=lever.copy(), draw_fund=fund.copy())


def with_spills(problem: Problem, links: list[tuple[int, int, float]]) -> Problem:
    """Add spill-overs: from, to, share."""
    return replace(
        problem,
        spill_from=np.array([a for a, _, _ in links], np.int32),
        spill_to=np.array([b for _, b, _ in links], np.int32),
        spill_share=np.array([s for _, _, s in links], float),
    )


def with_last(problem: Problem, entries: list[tuple[int, int, int, int]]) -> Problem:
    """Set the last plan: cluster, lever, fund (-1: none named), amount."""
    cluster, lever, fund, amount = np.array(entries, np.int64).reshape(-1, 4).T
    last = LastPlan(cluster.astype(np.int32), lever.astype(np.int32), fund.astype(np.int32), amount.copy())
    return replace(problem, last_plan=last)


def synergy(levers: tuple[int, ...], gain: float) -> Synergy:
    """Join levers with the same gain on both paths."""
    return Synergy("+".join(f"L{k}" for k in levers), levers, np.full(2, float(gain)))


def rule(kind: RuleKind, selection: Selection = ANY, minimum=None, maximum=None, *,
         base: RuleBase = RuleBase.EVERYTHING, base_selection: Selection = ANY,
         name: str = "rule") -> Rule:  # fmt: skip
    """Make a rule; limits may be numbers or text such as "1/3"."""
    low = None if minimum is None else Fraction(minimum)
    high = None if maximum is None else Fraction(maximum)
    return Rule(name, kind, selection, low, high, base, base_selection)


@dataclass(frozen=True)
class Sizes:
    """How large a random problem may be.

    ``menus`` is the chance that a cell chooses from a menu, ``money`` the largest purse, ``rules`` the most rules.
    """

    clusters: int = 3
    levers: int = 3
    years: int = 3
    funds: int = 2
    menus: float = 0.4
    money: int = 40
    rules: int = 3
    cells: int = 27


def random_problem(seed: int, sizes: Sizes = Sizes(), objective: ObjectiveKind | None = None) -> Problem:
    """Draw a small problem over every feature; the same seed gives the same problem."""
    dice = random.Random(seed)
    while True:
        shape = (dice.randint(1, sizes.clusters), dice.randint(1, sizes.levers), dice.randint(1, sizes.years))
        if shape[0] * shape[1] * shape[2] <= sizes.cells:
            break
    num_clusters, num_levers, num_years = shape
    num_funds = dice.randint(1, sizes.funds)
    regions = _regions(dice, num_clusters)
    purse = [[dice.randint(0 if dice.random() < 0.1 else 1, sizes.money) for _ in range(num_years)]
             for _ in range(num_funds)]  # fmt: skip
    effect = [[0.0 if dice.random() < 0.05 else round(dice.uniform(0.1, 2), 3) for _ in range(num_levers)]
              for _ in range(num_clusters)]  # fmt: skip
    scale = [[round(dice.uniform(0.3, 1.5) * sizes.money, 2) for _ in range(num_levers)] for _ in range(num_clusters)]
    family = [dice.choice(list(ResponseFamily)) for _ in range(num_levers)]
    problem = plain_problem(effect, scale, purse, family=family, per_printed=dice.choice([1, 10]), regions=regions)
    problem = _shape_clusters(dice, problem)
    problem = _shape_money(dice, problem, sizes)
    problem = _join(dice, problem)
    problem = replace(problem, rules=tuple(_rule(dice, problem, k) for k in range(dice.randint(0, sizes.rules))))
    return replace(problem, objective=_objective(dice, problem, objective))


def _regions(dice: random.Random, num_clusters: int) -> list[int]:
    raw = [dice.randint(0, 1) for _ in range(num_clusters)]
    return [sorted(set(raw)).index(r) for r in raw]


def _shape_clusters(dice: random.Random, problem: Problem) -> Problem:
    num_clusters, num_levers = problem.effect.shape
    share = [dice.choice([1.0, 0.0, 0.6]) for _ in range(num_clusters)]
    membership = np.array([[s, 1 - s] for s in share])
    stock = [[dice.choice([0, 0, 3.5]) for _ in range(num_levers)] for _ in range(num_clusters)]
    return replace(
        problem,
        weight=np.array([dice.choice([1.0, 0.5, 2.0]) for _ in range(num_clusters)]),
        size=np.array([dice.choice([1.0, 3.0, 0.5]) for _ in range(num_clusters)]),
        membership=membership,
        path_of=np.argmax(membership, axis=1).astype(np.int32),
        depreciation=np.array([dice.choice([1.0, 1.0, 0.5, 0.2, 0.0]) for _ in range(num_levers)]),
        lag=np.array([dice.choice([0, 0, 0, 1, 2]) for _ in range(num_levers)], np.int64),
        stock=np.array(stock, float),
        discount=dice.choice([0.0, 0.05]),
    )


def _shape_money(dice: random.Random, problem: Problem, sizes: Sizes) -> Problem:
    num_clusters, num_levers = problem.effect.shape
    draws = [
        (c, lever, f)
        for c in range(num_clusters)
        for lever in range(num_levers)
        for f in range(problem.num_funds)
        if dice.random() < 0.8
    ]
    problem = with_draws(problem, draws or [(0, 0, 0)])
    pairs = [(c, lever) for c in range(num_clusters) for lever in range(num_levers)]
    least = np.array([dice.choice([0, 0, 1, dice.randint(2, max(2, sizes.money // 4))]) for _ in pairs], np.int64)
    most = np.maximum(least, [dice.choice([10**6, dice.randint(1, sizes.money)]) for _ in pairs])
    problem = replace(problem, least=least.reshape(num_clusters, num_levers), most=most.reshape(num_clusters, -1))
    levels = {pair: _menu(dice, sizes) for pair in pairs if dice.random() < sizes.menus}
    last = [(c, lever, dice.randint(-1, problem.num_funds - 1), dice.randint(1, sizes.money))
            for c, lever in pairs if dice.random() < 0.7]  # fmt: skip
    return with_last(with_menus(problem, levels), last)


def _menu(dice: random.Random, sizes: Sizes) -> list[tuple[int, float]]:
    amounts = dice.sample(range(1, sizes.money + 1), min(dice.randint(1, 3), sizes.money))
    own = dice.random()
    return [(a, round(dice.uniform(0.2, 1.5) * a, 3) if dice.random() < own else float("nan")) for a in amounts]


def _join(dice: random.Random, problem: Problem) -> Problem:
    num_clusters, num_levers = problem.num_clusters, problem.num_levers
    synergies = []
    if num_levers > 1 and dice.random() < 0.5:
        members = tuple(sorted(dice.sample(range(num_levers), dice.randint(2, num_levers))))
        synergies.append(Synergy("+".join(f"L{k}" for k in members), members, np.array([dice.choice([0.0, 0.7]), 1.5])))
    links = []
    if num_clusters > 1 and dice.random() < 0.5:
        pairs = [(a, b) for a in range(num_clusters) for b in range(num_clusters) if a != b]
        links = [
            (a, b, dice.choice([0.3, 0.1, -0.2, -1.5])) for a, b in dice.sample(pairs, dice.randint(1, len(pairs)))
        ]
    return with_spills(replace(problem, synergies=tuple(synergies)), links)


def _selection(dice: random.Random, problem: Problem, funds: bool = True) -> Selection:
    def some(num: int, chance: float) -> tuple[int, ...]:
        return tuple(sorted(dice.sample(range(num), dice.randint(1, num)))) if dice.random() < chance else ()

    return Selection(
        regions=some(len(problem.labels.regions), 0.2),
        paths=some(2, 0.1),
        clusters=some(problem.num_clusters, 0.3),
        levers=some(problem.num_levers, 0.4),
        funds=some(problem.num_funds, 0.25) if funds else (),
        years=some(problem.num_years, 0.3),
    )


def _rule(dice: random.Random, problem: Problem, number: int) -> Rule:
    kind = dice.choice(list(RuleKind))
    if kind is RuleKind.LOCK and dice.random() < 0.6:
        kind = RuleKind.AMOUNT
    maker = {
        RuleKind.AMOUNT: _amount_rule,
        RuleKind.SHARE: _share_rule,
        RuleKind.COUNT: _count_rule,
        RuleKind.CHANGE: _change_rule,
        RuleKind.LOCK: _lock_rule,
    }[kind]
    return replace(maker(dice, problem), name=f"rule{number}")


def _sides(dice: random.Random, low: Fraction, high: Fraction) -> tuple[Fraction | None, Fraction | None]:
    which = dice.choice(["min", "max", "max", "both"])
    return (None if which == "max" else low, None if which == "min" else high)


def _amount_rule(dice: random.Random, problem: Problem) -> Rule:
    total = int(problem.purse.sum())
    low = dice.randint(0, max(1, total // 4))
    sides = _sides(dice, Fraction(low), Fraction(low + dice.randint(0, total)))
    return rule(RuleKind.AMOUNT, _selection(dice, problem), *sides)


def _share_rule(dice: random.Random, problem: Problem) -> Rule:
    low = Fraction(dice.randint(0, 3), dice.choice([7, 8, 10]))
    sides = _sides(dice, low, low + Fraction(dice.randint(1, 5), 9))
    base = dice.choice([RuleBase.EVERYTHING, RuleBase.FUND, RuleBase.SELECTION])
    chosen = _selection(dice, problem)
    under = Selection()
    if base is RuleBase.FUND:
        under = Selection(funds=(dice.randrange(problem.num_funds),))
    if base is RuleBase.SELECTION:
        under = _selection(dice, problem)
    return rule(RuleKind.SHARE, chosen, *sides, base=base, base_selection=under)


def _count_rule(dice: random.Random, problem: Problem) -> Rule:
    low = dice.randint(0, 2)
    sides = _sides(dice, Fraction(low), Fraction(low + dice.randint(0, 2)))
    base = dice.choice([RuleBase.AWARDS, RuleBase.CLUSTERS])
    return rule(RuleKind.COUNT, _selection(dice, problem), *sides, base=base)


def _change_rule(dice: random.Random, problem: Problem) -> Rule:
    low = Fraction(-dice.randint(1, 10), 10)
    return rule(RuleKind.CHANGE, _selection(dice, problem), *_sides(dice, low, Fraction(dice.randint(0, 12), 10)))


def _lock_rule(dice: random.Random, problem: Problem) -> Rule:
    draw = dice.randrange(problem.num_draws)
    cluster, lever = int(problem.draw_cluster[draw]), int(problem.draw_lever[draw])
    funds = (int(problem.draw_fund[draw]),) if dice.random() < 0.3 else ()
    chosen = Selection(clusters=(cluster,), levers=(lever,), funds=funds, years=(dice.randrange(problem.num_years),))
    if dice.random() < 0.3:
        return rule(RuleKind.LOCK, chosen)
    amount = Fraction(dice.choice([0, 1, 2, dice.randint(0, int(problem.purse.max()))]))
    return rule(RuleKind.LOCK, chosen, amount, amount)


def _objective(dice: random.Random, problem: Problem, kind: ObjectiveKind | None) -> Objective:
    kind = kind or dice.choice(list(ObjectiveKind))
    target = None
    if kind is ObjectiveKind.LEAST_MONEY:
        target = round(0.15 * float(problem.effect.mean() * problem.purse.sum()), 3)
    return Objective(
        kind=kind,
        measure=dice.choice(list(RegionMeasure)),
        equity_family=dice.choice([ResponseFamily.LOG, ResponseFamily.HYPERBOLIC, ResponseFamily.EXPONENTIAL]),
        equity_scale=dice.choice([5.0, 20.0]),
        target=target,
    )


def hard_problem(num_clusters: int) -> Problem:
    """Give one level a cluster, worth little more than it costs, and ten overlapping caps: slow to prove optimal."""
    dice = random.Random(num_clusters)
    amounts = [dice.randint(200, 1000) for _ in range(num_clusters)]
    problem = plain_problem(np.ones((num_clusters, 1)), np.full((num_clusters, 1), 500.0), [[sum(amounts) // 2]])
    problem = with_menus(problem, {(c, 0): [(a, a + dice.randint(50, 100))] for c, a in enumerate(amounts)})
    rules = []
    for number in range(10):
        chosen = tuple(sorted(dice.sample(range(num_clusters), num_clusters // 2)))
        cap = sum(amounts[c] for c in chosen) * 9 // 20
        rules.append(rule(RuleKind.AMOUNT, Selection(clusters=chosen), None, cap, name=f"cap{number}"))
    return replace(problem, rules=tuple(rules))
