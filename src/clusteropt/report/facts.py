"""Single facts of a plan for the workbook: a label in both languages, a value, a unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clusteropt.inputs.problem import ObjectiveKind
from clusteropt.report import words
from clusteropt.report.sheets import Kind, Value, both
from clusteropt.solver.claim import relative_gap
from clusteropt.text import Text

if TYPE_CHECKING:
    from clusteropt.plan.plan import Plan


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a sheet of facts.

    Parameters
    ----------
    label : Text
        What it is.
    kind : Kind
        How the value is written.
    value : str, int, float or None
        Whole units of money where the kind is money.
    unit : Text or None
        The unit of a number.
    """

    label: Text
    kind: Kind
    value: Value
    unit: Text | None = None


def moved_money(plan: Plan) -> list[tuple[Text, int]]:
    """Give what came back and what was committed, whole units; nothing where no money moves between years."""
    if not plan.cash.moves:
        return []
    return [(words.RETURNED, int(plan.cash.returned.sum())), (words.COMMITTED, int(plan.cash.committed.sum()))]


def programme_money(plan: Plan) -> list[tuple[Text, int]]:
    """Give what programmes cost, whole units; nothing where none is taken."""
    return [(words.PROGRAMMES, plan.programme_money)] if plan.programmes.programme else []


def summary_facts(plan: Plan) -> list[Fact]:
    """Give title, value, bound, gap, proof, money, time, limit and error bounds."""
    money, record = plan.money.printed, plan.record
    proof = words.PROOFS[plan.proof]
    solver = f"{record.solver} {record.solver_version}"
    filled = Text(proof.en.format(solver=solver), proof.zh.format(solver=solver))
    held, cash = int(plan.purse.sum()), plan.cash
    loss_kind = _kind_of(plan.stages[0].kind)
    return [
        Fact(words.TITLE, Kind.TEXT, both(plan.title)),
        Fact(words.MODEL, Kind.TEXT, plan.name),
        *_stage_facts(plan),
        *([] if plan.objective.outcome is None else [_outcome_unit(plan.objective.outcome)]),
        Fact(words.PROOF, Kind.TEXT, both(filled)),
        Fact(words.HELD, Kind.MONEY, held, money),
        *(Fact(label, Kind.MONEY, amount, money) for label, amount in moved_money(plan)),
        Fact(words.AWARDED, Kind.MONEY, plan.money_total, money),
        *(Fact(label, Kind.MONEY, amount, money) for label, amount in programme_money(plan)),
        Fact(words.LEFT, Kind.MONEY, int(cash.unspent.sum()), money),
        Fact(words.TOTAL_OUTCOME, Kind.NUMBER, plan.total_outcome),
        Fact(words.PIECES_ERROR, Kind.NUMBER, plan.pieces_error),
        _measured(words.ROUNDING_LOSS, loss_kind, plan.rounding_loss, plan),
        Fact(words.SECONDS, Kind.NUMBER, record.seconds),
        Fact(words.LIMIT, Kind.TEXT, both(words.NO_LIMIT if record.limit is None else words.LIMITS[record.limit])),
    ]


def _outcome_unit(unit: Text) -> Fact:
    return Fact(words.OUTCOME_UNIT, Kind.TEXT, both(unit))


def record_facts(plan: Plan) -> list[Fact]:
    """Give what is needed to make the plan again: versions, options, digests of the input."""
    record, options = plan.record, plan.record.options
    digests = (
        Fact(Text(words.DIGEST.en.format(table=name), words.DIGEST.zh.format(table=name)), Kind.TEXT, digest)
        for name, digest in sorted(plan.digests.items())
    )
    return [
        Fact(words.SOLVER, Kind.TEXT, f"{record.solver} {record.solver_version}"),
        Fact(words.PACKAGE, Kind.TEXT, record.package_version),
        Fact(words.PYTHON, Kind.TEXT, record.python_version),
        Fact(words.ENGINE, Kind.TEXT, both(words.ENGINES[record.choice.engine])),
        Fact(words.ENGINE_REASON, Kind.TEXT, both(words.engine_reason(record.choice))),
        Fact(words.TIME_LIMIT, Kind.NUMBER, options.time_limit_s, words.SECONDS),
        Fact(words.GAP_ASKED, Kind.SMALL, options.relative_gap),
        Fact(words.THREADS, Kind.WHOLE, options.threads),
        Fact(words.SEED, Kind.PLAIN, options.seed),
        *digests,
    ]


def _stage_facts(plan: Plan) -> list[Fact]:
    facts = []
    for stage, proved in zip(plan.stages, plan.certificate.stages, strict=True):
        name, kind = words.objective_name(stage.kind), _kind_of(stage.kind)
        facts.append(_measured(name, kind, stage.value, plan))
        pairs = (
            (words.SAFE_BOUND, words.SAFE_GAP, proved.bound),
            (words.CLAIMED_BOUND, words.CLAIMED_GAP, stage.bound),
        )
        for bound, gap, limit in pairs:
            facts += [
                _measured(_of(name, bound), kind, limit, plan),
                Fact(_of(name, gap), Kind.SMALL, relative_gap(stage.value, limit)),
            ]
    return facts


def _of(name: Text, what: Text) -> Text:
    return Text(f"{name.en}: {what.en.lower()}", f"{name.zh}: {what.zh}")


def _kind_of(objective: ObjectiveKind | None) -> Kind:
    return Kind.MONEY if objective is ObjectiveKind.LEAST_MONEY else Kind.NUMBER


def _measured(label: Text, kind: Kind, value: float, plan: Plan) -> Fact:
    return Fact(label, kind, value, plan.money.printed if kind is Kind.MONEY else None)
