"""The summary of a plan: one screen of lines in one language."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len

from clusteropt.inputs.problem import ObjectiveKind
from clusteropt.report import numbers, words
from clusteropt.report.facts import moved_money, programme_money
from clusteropt.solver.claim import relative_gap
from clusteropt.text import Language

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from clusteropt.plan.plan import Baseline, Plan, Unspent
    from clusteropt.text import Text

NUM_REGIONS, NUM_LEVERS, NUM_LARGEST, NUM_UNSPENT, NUM_FLOORS = 6, 8, 5, 3, 5
"""Rows of each table; what is left is summed into one more."""
INDENT = "  "
GUTTER = "   "


def summary_lines(plan: Plan, language: Language = Language.EN) -> list[str]:
    """Write the summary of a plan as lines that fit on one screen.

    Title; value, bound, gap and what stands behind the bound; time and limit; money held, awarded and left,
    and why; money by lever and region; the largest awards; the plan against its baselines; error bounds; notes.

    Parameters
    ----------
    plan : Plan
        What to write about.
    language : Language
        The language of the words.
    """
    view = View(plan, language)
    return [
        plan.title.read(language),
        *_quality(view),
        *_purses(view),
        *_floors(view),
        *_by_lever(view),
        *_by_region(view),
        *_largest(view),
        *_baselines(view),
        *_notes(view),
    ]


@dataclass(frozen=True, slots=True)
class View:
    """A plan and the language it is read in."""

    plan: Plan
    language: Language

    def read(self, text: Text) -> str:
        """Give a text in the language."""
        return text.read(self.language)

    def money(self, amount: int) -> str:
        """Write whole units in the printed unit."""
        return numbers.printed_money(amount, self.plan.money)

    def goal(self, kind: ObjectiveKind | None, value: float) -> str:
        """Write a value of an objective: money or outcome."""
        # A bound that nothing is known of is infinite, and not a whole number of anything.
        if kind is ObjectiveKind.LEAST_MONEY and math.isfinite(value):
            return self.money(round(value))
        return numbers.outcome(value)

    def table(self, head: Sequence[Text], rows: Sequence[Sequence[str]]) -> list[str]:
        """Align a table: the first column to the left, the others to the right."""
        cells = [[self.read(text) for text in head], *([INDENT + row[0], *row[1:]] for row in rows)]
        widths = [max(cell_len(row[position]) for row in cells) for position in range(len(head))]
        return [self._line(row, widths) for row in cells]

    def _line(self, row: list[str], widths: list[int]) -> str:
        # Chinese signs are two columns wide, so str.ljust would misplace what follows.
        first = row[0] + " " * (widths[0] - cell_len(row[0]))
        rest = (" " * (width - cell_len(cell)) + cell for cell, width in zip(row[1:], widths[1:], strict=True))
        return GUTTER.join([first, *rest]).rstrip()


def _quality(view: View) -> list[str]:
    plan, record = view.plan, view.plan.record
    rows = [
        [
            view.read(words.objective_name(stage.kind)),
            view.goal(stage.kind, stage.value),
            view.goal(stage.kind, proved.bound),
            numbers.gap(relative_gap(stage.value, proved.bound)),
            view.goal(stage.kind, stage.bound),
            numbers.gap(relative_gap(stage.value, stage.bound)),
        ]
        for stage, proved in zip(plan.stages, plan.certificate.stages, strict=True)
    ]
    solver = f"{record.solver} {record.solver_version}"
    proof = view.read(words.PROOFS[plan.proof]).format(solver=solver)
    taken = numbers.seconds(record.seconds)
    if record.limit is None:
        end = view.read(words.SOLVED).format(seconds=taken)
    else:
        limit = view.read(words.LIMITS[record.limit])
        end = view.read(words.STOPPED).format(limit=limit, seconds=taken)
    bounds = (words.SAFE_BOUND, words.SAFE_GAP, words.CLAIMED_BOUND, words.CLAIMED_GAP)
    head = (words.OBJECTIVE, words.VALUE, *bounds)
    unit = plan.objective.outcome
    counted = [] if unit is None else [INDENT + view.read(words.OUTCOME_LINE).format(unit=view.read(unit))]
    priced = any(run.step == "core" for run in record.runs)
    grounds = view.read(words.PRICED_LINE if priced else words.PROOF_LINE).format(proof=proof, solver=solver)
    kinds = view.read(words.COMMA).join(view.read(words.RELAXED[kind]) for kind in plan.certificate.relaxed)
    looser = [view.read(words.RELAXED_LINE).format(kinds=kinds)] if kinds else []
    engine = view.read(words.ENGINE_LINE).format(
        engine=view.read(words.ENGINES[record.choice.engine]), reason=view.read(words.engine_reason(record.choice))
    )
    return [*view.table(head, rows), *counted, *(INDENT + line for line in (grounds, *looser, engine, end))]


def _purses(view: View) -> list[str]:
    plan = view.plan
    held, left = (words.HELD, int(plan.purse.sum())), (words.LEFT, int(plan.cash.unspent.sum()))
    parts = (held, *moved_money(plan), (words.AWARDED, plan.money_total), *programme_money(plan), left)
    line = GUTTER.join(f"{view.read(label)} {view.money(amount)}" for label, amount in parts)
    head = view.read(words.MONEY_HEAD).format(unit=view.read(plan.money.printed))
    kept = sorted(plan.unspent, key=lambda unspent: -unspent.amount)
    lines = [head, INDENT + line, *(INDENT + _why(view, unspent) for unspent in kept[:NUM_UNSPENT])]
    if len(kept) > NUM_UNSPENT:
        rest = kept[NUM_UNSPENT:]
        amount = view.money(sum(unspent.amount for unspent in rest))
        more = view.read(words.UNSPENT_MORE).format(amount=amount, count=numbers.count(len(rest)))
        lines.append(INDENT + more)
    return lines


def _floors(view: View) -> list[str]:
    """Write the soft floors that are missed, the most costly first; nothing where there are none."""
    levels, years = view.plan.certificate.rules, view.plan.labels.years
    found = zip(levels.cost.tolist(), levels.rule, levels.year.tolist(), levels.missing, strict=True)
    missed = sorted((entry for entry in found if entry[0] > 0), key=lambda entry: -entry[0])
    if not missed:
        return []
    rows = [
        [rule if year < 0 else f"{rule} {years[year]}", view.money(missing), numbers.outcome(cost)]
        for cost, rule, year, missing in missed[:NUM_FLOORS]
    ]
    lines = view.table((words.FLOORS_HEAD, words.MISSING, words.FLOOR_COST), rows)
    if rest := missed[NUM_FLOORS:]:
        cost = numbers.outcome(sum(entry[0] for entry in rest))
        lines.append(INDENT + view.read(words.FLOOR_MORE).format(count=numbers.count(len(rest)), cost=cost))
    return lines


def _why(view: View, unspent: Unspent) -> str:
    labels = view.plan.labels
    reason = view.read(words.UNSPENT[unspent.reason])
    if unspent.rules:
        reason = view.read(words.NAMED_RULES).format(reason=reason, rules=", ".join(unspent.rules))
    return view.read(words.UNSPENT_LINE).format(
        amount=view.money(unspent.amount),
        fund=view.read(labels.fund_names[unspent.fund]),
        year=labels.years[unspent.year],
        reason=reason,
    )


def _by_lever(view: View) -> list[str]:
    names = view.plan.labels.lever_names
    return _shares(view, (words.LEVER, names), (words.VALUE, "value"), view.plan.by_lever, NUM_LEVERS)


def _by_region(view: View) -> list[str]:
    names = view.plan.labels.region_names
    return _shares(view, (words.REGION, names), (words.OUTCOME, "outcome"), view.plan.by_region, NUM_REGIONS)


def _shares(view: View, what: tuple[Text, Sequence[Text]], counted: tuple[Text, str],
            frame: pd.DataFrame, num: int) -> list[str]:  # fmt: skip
    """Write money, share and outcome by label, the most money first, the rest in one line."""
    heading, names = what
    total = max(view.plan.money_total, 1)
    parts = list(zip(names, frame["amount"].tolist(), frame[counted[1]].tolist(), strict=True))
    parts.sort(key=lambda part: -part[1])
    # One row left over is shown itself: a line that sums it would take as much room.
    shown = len(parts) if len(parts) <= num + 1 else num
    rows = [(view.read(name), amount, outcome) for name, amount, outcome in parts[:shown]]
    if rest := parts[shown:]:
        label = view.read(words.REST).format(count=numbers.count(len(rest)))
        rows.append((label, sum(part[1] for part in rest), sum(part[2] for part in rest)))
    cells = [
        [name, view.money(amount), numbers.percent(amount / total), numbers.outcome(outcome)]
        for name, amount, outcome in rows
    ]
    return view.table((heading, words.MONEY, words.SHARE, counted[0]), cells)


def _largest(view: View) -> list[str]:
    labels = view.plan.labels
    clusters = dict(zip(labels.clusters, labels.cluster_names, strict=True))
    levers = dict(zip(labels.levers, labels.lever_names, strict=True))
    awards = view.plan.largest_awards(NUM_LARGEST)
    columns = (awards[name].tolist() for name in ("cluster", "lever", "year", "amount"))
    rows = [
        [view.read(clusters[cluster]), view.read(levers[lever]), str(year), view.money(amount)]
        for cluster, lever, year, amount in zip(*columns, strict=True)
        if amount
    ]
    return view.table((words.LARGEST, words.LEVER, words.YEAR, words.MONEY), rows)


def _baselines(view: View) -> list[str]:
    if not view.plan.baselines:
        return [view.read(words.NO_BASELINES)]
    rows = [_baseline(view, baseline) for baseline in view.plan.baselines]
    return view.table((words.WITHOUT, words.VALUE, words.GAIN, words.MOVED), rows)


def _baseline(view: View, baseline: Baseline) -> list[str]:
    return [
        view.read(words.BASELINES[baseline.kind]),
        numbers.outcome(baseline.value),
        numbers.signed_percent(baseline.gain),
        view.money(baseline.moved),
    ]


def _notes(view: View) -> list[str]:
    plan = view.plan
    loss = view.goal(plan.stages[0].kind, plan.rounding_loss)
    notes = [
        view.read(words.PIECES).format(pieces=numbers.outcome(plan.pieces_error)),
        view.read(words.ROUNDING).format(unit=view.read(plan.money.unit), loss=loss),
        *(view.read(note) for note in plan.notes),
    ]
    return [view.read(words.NOTES_HEAD), *(f"{INDENT}- {note}" for note in notes)]
