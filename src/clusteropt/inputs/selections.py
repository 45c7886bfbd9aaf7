"""Rules as a planner writes them, read into positions and exact limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from clusteropt.inputs.faults import Faults, Place, shorten, suggest
from clusteropt.inputs.problem import Rule, RuleBase, RuleKind, Selection
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from clusteropt.inputs.names import Names
    from clusteropt.inputs.parsing import TypedTable

WHOLE_KINDS = (RuleKind.AMOUNT, RuleKind.COUNT, RuleKind.LOCK)
FIELDS = ("region", "path", "industry", "cluster", "lever", "fund", "year")
LARGEST_CHANGE = 1000
FUND_PREFIX = "fund:"


class _Row(NamedTuple):
    """The fields of one row of the rules table."""

    row: int
    rule: str
    kind: str
    region: str | None
    path: str | None
    industry: str | None
    cluster: str | None
    lever: str | None
    fund: str | None
    year: str | None
    min: Fraction | None
    max: Fraction | None
    of: str | None


@dataclass(frozen=True, slots=True)
class ReadRules:
    """Rules and the rows they stand in."""

    rules: tuple[Rule, ...]
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Reader:
    """Reads the cells of one row and notes what is wrong with them."""

    table: str
    row: int
    names: Mapping[str, Names]
    faults: Faults

    def fault(self, column: str, value: str | None, problem: Text, remedy: Text) -> None:
        self.faults.add(Place(self.table, self.row, column, value), problem, remedy)

    def positions(self, column: str, kind: str, text: str | None) -> tuple[int, ...]:
        """Look up names joined by |; an empty text is any."""
        if text is None:
            return ()
        found = set()
        for part in text.split("|"):
            name = part.strip()
            position = self.names[kind].position(name)
            if position < 0:
                known = self.names[kind]
                shown = shorten(name)
                problem = Text(f"there is no {known.what.en} {shown!r}.", f"没有{known.what.zh} {shown!r}。")
                # Looking for names that are alike takes long, and a field can hold thousands.
                self.fault(column, name, problem, suggest(name, known.index) if self.faults.room > 0 else problem)
            else:
                found.add(position)
        return tuple(sorted(found))

    def selection(self, texts: Mapping[str, str | None], column: str | None = None) -> Selection:
        """Read a selection from its fields; faults point at ``column``, or at each field."""
        found = {field: self.positions(column or field, field, texts.get(field)) for field in FIELDS}
        return Selection(
            regions=found["region"],
            paths=found["path"],
            industries=found["industry"],
            clusters=found["cluster"],
            levers=found["lever"],
            funds=found["fund"],
            years=found["year"],
        )


def read_rules(typed: TypedTable, names: Mapping[str, Names], faults: Faults) -> ReadRules:
    """Read the rows of the rules table; a row without a readable key or kind is passed over."""
    rules, rows = [], []
    frame = typed.frame
    columns = [frame.index, *(frame[name] for name in _Row._fields[1:])]
    known = {kind.value for kind in RuleKind}
    for row in map(_Row._make, zip(*columns, strict=True)):
        if row.rule is None or row.kind not in known:
            continue
        reader = _Reader(typed.table.name, row.row, names, faults)
        rules.append(_rule(row, reader))
        rows.append(int(row.row))
    return ReadRules(tuple(rules), tuple(rows))


def _rule(row: _Row, reader: _Reader) -> Rule:
    kind = RuleKind(row.kind)
    selection = reader.selection({field: getattr(row, field) for field in FIELDS})
    low, high = row.min, row.max
    for column, limit in (("min", low), ("max", high)):
        if limit is not None:
            _check_limit(kind, column, limit, reader)
    if kind is RuleKind.LOCK:
        if low is not None and high is not None and low < high:
            problem = Text(
                "a lock needs one amount, but min and max differ.", "锁定只能有一个金额, 但 min 与 max 不同。"
            )
            reader.fault("max", str(high), problem, Text("Make them equal.", "请使两者相等。"))
        low, high = (high if low is None else low), (low if high is None else high)
    base, base_selection = _base(kind, row.of, reader)
    return Rule(row.rule, kind, selection, low, high, base, base_selection)


def _check_limit(kind: RuleKind, column: str, limit: Fraction, reader: _Reader) -> None:
    value = _decimal(limit)
    if kind in WHOLE_KINDS and limit.denominator != 1:
        problem = Text(f"a rule of kind {kind} needs whole numbers.", f"{kind} 类规则须为整数。")
        reader.fault(column, value, problem, Text("Write a whole number.", "请填写整数。"))
    least, most = {RuleKind.SHARE: (0, 1), RuleKind.CHANGE: (-1, LARGEST_CHANGE)}.get(kind, (0, None))
    if limit < least or (most is not None and limit > most):
        span = f"{least}..{most}" if most is not None else f">= {least}"
        problem = Text(f"a limit of kind {kind} must be {span}.", f"{kind} 类规则的限值须在 {span}。")
        reader.fault(column, value, problem, Text("Mend the number.", "请更正该数。"))


def _decimal(limit: Fraction) -> str:
    return str(limit.numerator) if limit.denominator == 1 else repr(float(limit))


def _base(kind: RuleKind, of: str | None, reader: _Reader) -> tuple[RuleBase, Selection]:
    """Read what a share is measured against or what a count counts."""
    if kind is RuleKind.SHARE:
        return _share_base(of, reader)
    if kind is RuleKind.COUNT:
        words = {None: RuleBase.AWARDS, "awards": RuleBase.AWARDS, "clusters": RuleBase.CLUSTERS}
        if of not in words:
            problem = Text("a count counts awards or clusters.", "计数的对象只能是 awards 或 clusters。")
            reader.fault("of", of, problem, suggest(str(of), ("awards", "clusters")))
        return words.get(of, RuleBase.AWARDS), Selection()
    if of is not None:
        problem = Text(f"a rule of kind {kind} has no 'of'.", f"{kind} 类规则不使用 of。")
        reader.fault("of", of, problem, Text("Leave it empty.", "请留空。"))
    return RuleBase.EVERYTHING, Selection()


def _share_base(of: str | None, reader: _Reader) -> tuple[RuleBase, Selection]:
    if of is None or of == RuleBase.EVERYTHING:
        return RuleBase.EVERYTHING, Selection()
    if of.startswith(FUND_PREFIX):
        funds = reader.positions("of", "fund", of.removeprefix(FUND_PREFIX))
        return RuleBase.FUND, Selection(funds=funds)
    texts: dict[str, str | None] = {}
    for part in filter(None, (part.strip() for part in of.split(";"))):
        field, sign, value = (piece.strip() for piece in part.partition("="))
        if not sign or field not in FIELDS or field in texts:
            shown = shorten(part)
            problem = Text(f"{shown!r} is no part of a selection.", f"{shown!r} 不是合法的范围。")
            remedy = Text(
                "Write everything, fund:NAME, or region=A|B; lever=talent.",
                "请填写 everything, fund:名称, 或 region=A|B; lever=talent。",
            )
            reader.fault("of", of, problem, remedy)
            return RuleBase.EVERYTHING, Selection()
        texts[field] = value
    if not texts:
        problem = Text("the base names nothing.", "基数未指明任何范围。")
        reader.fault("of", of, problem, Text("Leave it empty for everything.", "不限时请留空。"))
    return RuleBase.SELECTION, reader.selection(texts, "of")
