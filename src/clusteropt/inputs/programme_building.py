"""From options that are good to the arrays of picks, costs, gains and conditions."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.inputs.programmes import Condition, Programmes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from clusteropt.inputs.problem import Floats, Labels
    from clusteropt.inputs.programme_rows import Named, Option


@dataclass(frozen=True, slots=True)
class _Picks:
    """The picks of every option and programme: their positions, in the order of their years."""

    start: tuple[int, ...]
    of_option: tuple[tuple[int, ...], ...]
    of_key: dict[tuple[str, str], tuple[int, ...]]
    of_programme: dict[str, tuple[int, ...]]

    def named(self, named: Named) -> tuple[int, ...]:
        """Give the picks that a name means."""
        if named.option is None:
            return self.of_programme[named.programme]
        return self.of_key[named.programme, named.option]


def build_programmes(options: Sequence[Option], labels: Labels, effect: Floats) -> Programmes:
    """Build the arrays; every option must be good, and those of a programme stand together.

    Parameters
    ----------
    options : sequence of Option
        The options.
    labels : Labels
        The names.
    effect : array of shape (num_paths, num_clusters, num_levers)
        The effect e of every lever in every cluster on every path.
    """
    picks = _number(options)
    pick_option = [number for number, own in enumerate(picks.of_option) for _ in own]
    costs = [
        (pick, cost.fund, picks.start[pick] + cost.after, cost.cost)
        for option, own in zip(options, picks.of_option, strict=True)
        for pick in own
        for cost in option.costs
    ]
    gains = [
        gain
        for option, own in zip(options, picks.of_option, strict=True)
        for pick in own
        for gain in _gains(option, pick, picks.start[pick], len(labels.years))
    ]
    moves = [
        (pick, share.cluster, picks.start[pick] + option.lag, option.to_path)
        for option, own in zip(options, picks.of_option, strict=True)
        if option.to_path >= 0
        for pick in own
        for share in option.shares
        if picks.start[pick] + option.lag < len(labels.years)
    ]
    needs = [
        (option, (pick, share.cluster, option.needs_lever, picks.start[pick] - 1))
        for option, own in zip(options, picks.of_option, strict=True)
        if option.needs_lever >= 0 and option.needs_stock > 0
        for pick in own
        for share in option.shares
    ]
    move_pick, move_cluster, move_year, move_path = _columns(moves)
    need_pick, need_cluster, need_lever, need_year = _columns([need for _, need in needs])
    cost_pick, cost_fund, cost_year, cost = _columns(costs)
    gain_pick, gain_cluster, gain_year, gain = _columns(gains)
    return Programmes(
        programme=tuple(option.programme for option in options),
        option=tuple(option.option for option in options),
        names=tuple(option.name for option in options),
        lever=np.array([option.lever for option in options], dtype=np.int64),
        pick_option=np.array(pick_option, dtype=np.int64),
        pick_year=np.array(picks.start, dtype=np.int64),
        cost_pick=cost_pick.astype(np.int64),
        cost_fund=cost_fund.astype(np.int64),
        cost_year=cost_year.astype(np.int64),
        cost=cost.astype(np.int64),
        gain_pick=gain_pick.astype(np.int64),
        gain_cluster=gain_cluster.astype(np.int64),
        gain_year=gain_year.astype(np.int64),
        gain=gain.astype(float),
        move_pick=move_pick.astype(np.int64),
        move_cluster=move_cluster.astype(np.int64),
        move_year=move_year.astype(np.int64),
        move_path=move_path.astype(np.int64),
        move_effect=_effects(moves, effect),
        need_pick=need_pick.astype(np.int64),
        need_cluster=need_cluster.astype(np.int64),
        need_lever=need_lever.astype(np.int64),
        need_year=need_year.astype(np.int64),
        need_stock=np.array([option.needs_stock for option, _ in needs], dtype=np.int64),
        conditions=tuple(
            chain(
                _programmes(options, picks),
                _groups(options, picks),
                _requires(options, picks, labels),
                _excludes(options, picks),
                _paths(moves, labels),
            )
        ),
    )


def _number(options: Sequence[Option]) -> _Picks:
    """Number the picks: option by option, years increasing."""
    start: list[int] = []
    of_option: list[tuple[int, ...]] = []
    of_programme: dict[str, list[int]] = defaultdict(list)
    for option in options:
        own = tuple(range(len(start), len(start) + len(option.starts)))
        start += option.starts
        of_option.append(own)
        of_programme[option.programme] += own
    of_key = {(option.programme, option.option): own for option, own in zip(options, of_option, strict=True)}
    whole = {programme: tuple(own) for programme, own in of_programme.items()}
    return _Picks(tuple(start), tuple(of_option), of_key, whole)


def _gains(option: Option, pick: int, start: int, num_years: int) -> Iterator[tuple[int, int, int, float]]:
    """Give what a pick adds to every cluster and year of the plan."""
    first = start + option.lag
    for cluster, part in option.shares:
        # The product is rounded once, so that anybody who computes it exactly finds the same float.
        gain = float(Fraction(option.gain) * part)
        if gain > 0:
            for year in range(first, min(first + option.lasts, num_years)):
                yield pick, cluster, year, gain


def _effects(moves: list[tuple[int, int, int, int]], effect: Floats) -> Floats:
    """Give the effects of every move: those of its cluster on its path."""
    found = [effect[path, cluster] for _, cluster, _, path in moves]
    return np.array(found, dtype=float).reshape(len(moves), effect.shape[2])


def _paths(moves: list[tuple[int, int, int, int]], labels: Labels) -> Iterator[Condition]:
    """A cluster moves at most once: sum of the picks that move it <= 1."""
    movers: dict[int, list[int]] = defaultdict(list)
    for pick, cluster, _, _ in moves:
        movers[cluster].append(pick)
    for cluster, picks in sorted(movers.items()):
        yield _at_most_one(f"path {labels.clusters[cluster]}", sorted(set(picks)), must=False)


def _columns(rows: list[tuple[int, int, int, int]] | list[tuple[int, int, int, float]]) -> tuple[np.ndarray, ...]:
    """Turn rows into four arrays; whole numbers stay whole."""
    return tuple(np.array(column) for column in zip(*rows, strict=True)) if rows else (np.zeros(0),) * 4


def _at_most_one(name: str, picks: Iterable[int], *, must: bool) -> Condition:
    chosen = tuple(picks)
    return Condition(name, chosen, (1,) * len(chosen), 1 if must else None, 1)


def _programmes(options: Sequence[Option], picks: _Picks) -> Iterator[Condition]:
    """Of a programme at most one pick is taken, exactly one where it must: sum of picks <= 1 (= 1)."""
    must = {option.programme for option in options if option.must and option.group is None}
    for programme, own in picks.of_programme.items():
        yield _at_most_one(f"programme {programme}", own, must=programme in must)


def _groups(options: Sequence[Option], picks: _Picks) -> Iterator[Condition]:
    """Of a group at most one pick is taken, exactly one where a row of it must: sum of picks <= 1 (= 1)."""
    groups: dict[str, list[int]] = defaultdict(list)
    must = set()
    for option, own in zip(options, picks.of_option, strict=True):
        if option.group is not None:
            groups[option.group] += own
            must |= {option.group} if option.must else set()
    for group, members in groups.items():
        yield _at_most_one(f"group {group}", members, must=group in must)


def _requires(options: Sequence[Option], picks: _Picks, labels: Labels) -> Iterator[Condition]:
    """A pick needs others by its year: sum over named of (sum of their picks by then) - take_up * pick >= 0."""
    for option, own in zip(options, picks.of_option, strict=True):
        if not option.requires:
            continue
        for pick in own:
            year = picks.start[pick]
            coefs = Counter(
                other for named in option.requires for other in picks.named(named) if picks.start[other] <= year
            )
            coefs[pick] -= option.take_up
            ordered = sorted(coefs)
            name = f"requires {option.label} {labels.years[year]}"
            yield Condition(name, tuple(ordered), tuple(coefs[other] for other in ordered), 0, None)


def _excludes(options: Sequence[Option], picks: _Picks) -> Iterator[Condition]:
    """An option is never taken with what it excludes: sum of its picks + sum of the picks of the other <= 1."""
    for option, own in zip(options, picks.of_option, strict=True):
        for named in option.excludes:
            yield _at_most_one(f"excludes {option.label}, {named}", sorted({*own, *picks.named(named)}), must=False)
