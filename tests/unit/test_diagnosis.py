"""Diagnoses worked out by hand, their words, and what is left of them after a limit or Ctrl-C."""

from __future__ import annotations

import math
import signal
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import clusteropt as co
from clusteropt.diagnosis.diagnosis import diagnose
from clusteropt.diagnosis.members import Member, MemberKind
from clusteropt.diagnosis.trial import Trials
from clusteropt.inputs.problem import Objective, ObjectiveKind, ResponseFamily, RuleBase, RuleKind, Selection
from clusteropt.solver.claim import Limit
from clusteropt.solver.runner import Runner
from clusteropt.text import Language
from tests.problems import INLINE, plain_problem, rule, with_last, with_menus
from tests.small import small_tables

if TYPE_CHECKING:
    from clusteropt.diagnosis.diagnosis import Diagnosis
    from clusteropt.diagnosis.repairs import Repair
    from clusteropt.inputs.problem import Problem

A, B, C = (Selection(clusters=(number,)) for number in range(3))


def with_rules(problem: Problem, *rules: Any) -> Problem:
    """Put rules into a problem."""
    return replace(problem, rules=rules)


def three() -> Problem:
    """All three clusters must get an award of at least 4, and the first two get at most 7 together."""
    problem = plain_problem(np.ones((3, 1)), np.full((3, 1), 10.0), [[20]], regions=[0, 0, 1])
    return with_rules(
        replace(problem, least=np.full((3, 1), 4)),
        rule(RuleKind.COUNT, Selection(), 3, base=RuleBase.CLUSTERS, name="all_three"),
        rule(RuleKind.AMOUNT, Selection(regions=(0,)), None, 7, name="north_cap"),
    )


def shared() -> Problem:
    """A gets at least 3 of 10, and B at least 80 % of all that is awarded."""
    return with_rules(
        plain_problem([[1.0], [1.0]], [[10.0], [10.0]], [[10]]),
        rule(RuleKind.AMOUNT, A, 3, name="a"),
        rule(RuleKind.SHARE, B, "0.8", name="b"),
    )


def moves(found: Diagnosis) -> dict[str, tuple[Fraction | None, Fraction | None]]:
    """Give before and after of every single repair, by the name of what it changes."""
    singles = [repair.amendments[0] for repair in found.repairs if len(repair.amendments) == 1]
    return {one.member.name(found.problem): (one.before, one.after) for one in singles}


def by_name(found: Diagnosis, name: str) -> Repair:
    """Give the single repair that changes something."""
    return next(r for r in found.repairs if [a.member.name(found.problem) for a in r.amendments] == [name])


def test_four_things_in_the_way_of_each_other() -> None:
    """4 + 4 is more than 7; any of the four may give by one, and the purse does not matter."""
    found = diagnose(three(), INLINE)
    assert found.feasible is False
    assert found.confirmed
    (conflict,) = found.conflicts
    assert conflict.names == ("rule all_three min", "rule north_cap max", "cell C0 L0 least", "cell C1 L0 least")
    assert moves(found) == {
        "rule all_three min": (3, 2),
        "rule north_cap max": (7, 8),
        "cell C0 L0 least": (4, 3),
        "cell C1 L0 least": (4, 3),
    }
    # An award counts as the mean award: 20 over three cells, rounded up.
    assert [repair.cost for repair in found.repairs] == [1, 1, 1, 7]
    assert all(repair.shown and repair.least and repair.points is None for repair in found.repairs)


def test_the_least_change_of_a_share() -> None:
    """With 3 for A at most 7 of 10 can go to B; else A gives one, or 12 for B with 3 for A make 15."""
    found = diagnose(shared(), INLINE)
    assert found.conflicts[0].names == ("rule a min", "rule b min", "purse F0 2025")
    assert moves(found) == {
        "rule b min": (Fraction(4, 5), Fraction(7, 10)),
        "rule a min": (3, 2),
        "purse F0 2025": (10, 15),
    }
    share = by_name(found, "rule b min")
    assert share.points == Fraction(1, 10)
    # B has 7, and 80 % of 10 is 8.
    assert share.cost == 1
    assert [repair.cost for repair in found.repairs] == [1, 1, 5]


def test_large_money_is_repaired_to_the_unit() -> None:
    """Amounts too large to be searched one by one: a floor of 12,000,000 on a purse of 8,000,000."""
    problem = plain_problem([[1.0], [1.0]], [[1e6], [1e6]], [[8_000_000]], per_printed=10_000)
    found = diagnose(with_rules(problem, rule(RuleKind.AMOUNT, A, 12_000_000, name="floor")), INLINE)
    assert moves(found) == {"rule floor min": (12_000_000, 8_000_000), "purse F0 2025": (8_000_000, 12_000_000)}
    assert [repair.cost for repair in found.repairs] == [4_000_000, 4_000_000]
    said = found.read(Language.EN)
    assert "  - rule floor asks at least 1,200.00 (in printed) in C0\n" in said
    assert "  - purse F0 2025 holds 800.00 (in printed)\n" in said
    assert "add 400.00 (in printed) to purse F0 2025, which then holds 1,200.00 (in printed); this moves 400.00" in said


def test_what_floats_can_and_whole_money_cannot() -> None:
    """Half of exactly three units is no whole unit."""
    problem = with_rules(
        plain_problem([[1.0], [1.0]], [[10.0], [10.0]], [[10]]),
        rule(RuleKind.AMOUNT, Selection(), 3, 3, name="three"),
        rule(RuleKind.SHARE, A, "0.5", "0.5", name="half"),
    )
    found = diagnose(problem, INLINE)
    assert found.conflicts[0].names == ("rule three min", "rule three max", "rule half min", "rule half max")
    assert moves(found) == {
        "rule three min": (3, 2),
        "rule three max": (3, 4),
        "rule half min": (Fraction(1, 2), Fraction(333_333_333, 10**9)),
        "rule half max": (Fraction(1, 2), Fraction(666_666_667, 10**9)),
    }


def test_several_conflicts_need_several_changes() -> None:
    """Two floors above two caps: both conflicts are listed, no single change helps, the cheapest pair does."""
    problem = with_rules(
        plain_problem(np.ones((3, 1)), np.full((3, 1), 10.0), [[40]]),
        rule(RuleKind.AMOUNT, A, 6, name="a_floor"),
        rule(RuleKind.AMOUNT, A, None, 4, name="a_cap"),
        rule(RuleKind.AMOUNT, B, 9, name="b_floor"),
        rule(RuleKind.AMOUNT, B, None, 8, name="b_cap"),
    )
    found = diagnose(problem, INLINE)
    sets = {frozenset(conflict.names) for conflict in found.conflicts}
    assert sets == {
        frozenset({"rule a_floor min", "rule a_cap max"}),
        frozenset({"rule b_floor min", "rule b_cap max"}),
    }
    assert moves(found) == {}
    assert [(len(repair.amendments), repair.cost) for repair in found.repairs] == [(2, 3)] * len(found.repairs)
    assert len(found.repairs) == 3
    assert "Conflict 1 of 2." in str(found)
    assert "冲突 2/2" in found.read(Language.ZH)


def test_locks_take_another_amount_or_go() -> None:
    """A lock at 6 in a cell that takes 5 falls to 5; one at what the last plan gave can only be taken out."""
    problem = replace(plain_problem([[1.0], [1.0]], [[10.0], [10.0]], [[20]]), most=np.array([[5], [20]]))
    fixed = diagnose(with_rules(problem, rule(RuleKind.LOCK, A, 6, 6, name="keep")), INLINE)
    assert moves(fixed) == {"rule keep": (6, 5), "cell C0 L0 most": (5, 6)}
    last = with_rules(with_last(problem, [(0, 0, 0, 7)]), rule(RuleKind.LOCK, A, name="same"))
    gone = diagnose(last, INLINE)
    assert moves(gone) == {"rule same": (None, None), "cell C0 L0 most": (5, 7)}
    assert by_name(gone, "rule same").words.en == "take rule same out"
    assert by_name(gone, "rule same").problem.rules == ()


def test_a_lock_of_many_cells_moves_as_one() -> None:
    """Two cells locked at 6 on a purse of 9: both fall to 4, the largest whole amount that fits twice."""
    problem = plain_problem([[1.0], [1.0]], [[10.0], [10.0]], [[9]])
    found = diagnose(with_rules(problem, rule(RuleKind.LOCK, Selection(), 6, 6, name="keep")), INLINE)
    assert moves(found) == {"rule keep": (6, 4), "purse F0 2025": (9, 12)}


def test_changes_against_the_last_plan() -> None:
    """A got 8 last, so -25 % is 6; with 5 in the purse -37.5 % can be kept. Nothing grows from nothing by per cent."""
    problem = with_last(plain_problem([[1.0], [1.0]], [[10.0], [10.0]], [[5]]), [(0, 0, 0, 8)])
    found = diagnose(with_rules(problem, rule(RuleKind.CHANGE, A, "-0.25", name="calm")), INLINE)
    assert moves(found) == {"rule calm min": (Fraction(-1, 4), Fraction(-3, 8)), "purse F0 2025": (5, 6)}
    assert by_name(found, "rule calm min").points == Fraction(1, 8)
    nothing = with_rules(
        problem, rule(RuleKind.CHANGE, B, None, "0.1", name="grow"), rule(RuleKind.AMOUNT, B, 1, name="floor")
    )
    freed = diagnose(nothing, INLINE)
    assert by_name(freed, "rule grow max").words.en == "take the maximum out of rule grow"


def test_a_share_of_a_fund_moves_with_the_purse() -> None:
    """B must get half of what the fund holds but A takes 6 of 10; with 2 more 6 are half of 12."""
    problem = with_rules(
        plain_problem([[1.0], [1.0]], [[10.0], [10.0]], [[10]]),
        rule(RuleKind.AMOUNT, A, 6, name="a"),
        rule(RuleKind.SHARE, B, "0.5", base=RuleBase.FUND, base_selection=Selection(funds=(0,)), name="half"),
    )
    found = diagnose(problem, INLINE)
    assert moves(found) == {
        "rule a min": (6, 5),
        "rule half min": (Fraction(1, 2), Fraction(2, 5)),
        "purse F0 2025": (10, 12),
    }


def test_a_target_falls_to_the_best_outcome() -> None:
    """One linear cell that earns 2 a unit: 10 units bring 20, and 24 take 12."""
    problem = plain_problem([[2.0]], [[10.0]], [[10]], family=ResponseFamily.LINEAR)
    found = diagnose(replace(problem, objective=Objective(ObjectiveKind.LEAST_MONEY, target=24.0)), INLINE)
    assert found.conflicts[0].names == ("purse F0 2025", "target")
    assert moves(found) == {"target": (24, 20), "purse F0 2025": (10, 12)}
    assert by_name(found, "target").value == 10
    assert "a plan exists that takes" in str(found)
    assert "lower the target from 24 to 20" in str(found)


def test_menus_are_taken_as_given() -> None:
    """A floor of 6 where the menu ends at 5 is a conflict of the floor alone, and falls to 5."""
    problem = with_menus(plain_problem([[1.0]], [[10.0]], [[10]]), {(0, 0): [(2, math.nan), (5, math.nan)]})
    found = diagnose(with_rules(problem, rule(RuleKind.AMOUNT, A, 6, name="floor")), INLINE)
    assert found.conflicts[0].names == ("rule floor min",)
    assert "This cannot be met, whatever else is given up:" in str(found)
    assert moves(found) == {"rule floor min": (6, 5)}


def test_a_feasible_problem_has_a_plan() -> None:
    """There is nothing to explain."""
    found = diagnose(plain_problem([[1.0]], [[10.0]], [[10]]), INLINE)
    assert (found.feasible, found.conflicts, found.repairs, found.limit) == (True, (), (), None)
    assert str(found).startswith("A plan exists")
    assert found.read(Language.ZH).startswith("存在可行方案")


def test_the_default_most_grows_with_the_purse() -> None:
    """The most that the tables leave empty is the best year of the purses: it stands in nobody's way."""
    tables = small_tables()
    tables["rules"] = tables["rules"].iloc[:0]
    problem = co.problem_from_tables(tables)
    floor = rule(RuleKind.AMOUNT, Selection(clusters=(2,), levers=(0,)), 9_000_000, name="floor")
    found = diagnose(with_rules(problem, floor), INLINE)
    assert found.conflicts[0].members == (Member(MemberKind.MINIMUM, (0,)), Member(MemberKind.PURSE, (0, 0)))
    richer = by_name(found, "purse nation 2025").problem
    assert int(richer.most[2, 0]) == 9_000_000
    assert co.solve(richer, INLINE).money_total >= 9_000_000


def test_the_changed_problem_can_be_planned() -> None:
    """The plan that showed a repair is worth no more than the best plan of the changed problem."""
    for repair in diagnose(three(), INLINE).repairs:
        plan = co.solve(repair.problem, INLINE)
        assert plan.value >= repair.value - 1e-9


def test_it_runs_in_a_child_process_as_well() -> None:
    """The same conflict and the same repairs as in this process."""
    inline, child = diagnose(shared(), INLINE), diagnose(shared())
    assert inline.conflicts == child.conflicts
    assert moves(inline) == moves(child)


def test_both_languages_say_the_same() -> None:
    """As many lines in both, with the same figures, and nothing left untranslated."""
    found = diagnose(shared(), INLINE)
    english, chinese = (found.read(language).splitlines() for language in Language)
    assert len(english) == len(chinese)
    assert all(one != other for one, other in zip(english, chinese, strict=True))
    assert any("从 80% 降至 70%" in line for line in chinese)
    assert any("10 points of share" in line for line in english)


def stop_after(monkeypatch: pytest.MonkeyPatch, runs: int, limit: Limit) -> None:
    """Let a limit come after some runs: Ctrl-C through the signal, the time as the deadline."""
    seen: list[int] = []
    ordinary = Runner.run

    def run(self: Runner, *arguments: Any, **named: Any) -> Any:
        seen.append(1)
        if len(seen) == runs and limit is Limit.INTERRUPT:
            signal.raise_signal(signal.SIGINT)
        return ordinary(self, *arguments, **named)

    monkeypatch.setattr(Runner, "run", run)
    if limit is Limit.TIME:
        held = Trials.over.fget
        assert held is not None

        def over(self: Trials) -> bool:
            if len(seen) >= runs:
                self.deadline = 0.0
            return bool(held(self))

        monkeypatch.setattr(Trials, "over", property(over))


@pytest.mark.parametrize("limit", [Limit.INTERRUPT, Limit.TIME])
@pytest.mark.parametrize("runs", range(2, 24))
def test_a_limit_leaves_what_is_known(monkeypatch: pytest.MonkeyPatch, runs: int, limit: Limit) -> None:
    """Wherever it comes: no error, no false claim, and a line that says so."""
    whole = diagnose(three(), INLINE)
    stop_after(monkeypatch, runs, limit)
    found = diagnose(three(), INLINE)
    assert found.feasible is False
    assert {repair.words.en for repair in found.repairs if repair.shown} <= {r.words.en for r in whole.repairs}
    for conflict in found.conflicts:
        assert not conflict.complete or conflict.members == whole.conflicts[0].members
    if found.limit is not None:
        assert found.limit is limit
        assert ("interrupted" if limit is Limit.INTERRUPT else "time limit") in str(found).splitlines()[-1]
    else:
        assert len(found.repairs) == len(whole.repairs)


def test_an_interrupt_before_anything_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in the first run is a KeyboardInterrupt, as in a solve."""
    stop_after(monkeypatch, 1, Limit.INTERRUPT)
    with pytest.raises(KeyboardInterrupt):
        diagnose(three(), INLINE)


def test_a_claim_that_is_not_repeated_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the second run does not agree the set is called a hint."""
    monkeypatch.setattr(Trials, "doubt", lambda *_: False)
    found = diagnose(shared(), INLINE)
    assert not found.confirmed
    assert not found.conflicts[0].confirmed
    assert "take the set as a hint" in str(found)


def test_the_refusal_of_a_solve_points_to_the_diagnosis() -> None:
    """In both languages."""
    with pytest.raises(co.InfeasibleError, match=r"diagnose\(problem\)") as caught:
        co.solve(shared(), INLINE)
    assert "diagnose(problem)" in caught.value.message.zh
