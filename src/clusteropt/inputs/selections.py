"""Rules as a planner writes them, read into positions and exact limits."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from clusteropt.inputs.columns import LARGEST_AMOUNT
from clusteropt.inputs.each import Each, read_each
from clusteropt.inputs.faults import Faults, Place, shorten, suggest
from clusteropt.inputs.problem import Rule, RuleBase, RuleKind, Selection
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from clusteropt.inputs.names import Names
    from clusteropt.inputs.parsing import TypedTable

SOFT_KINDS = (RuleKind.AMOUNT, RuleKind.SHARE, RuleKind.CHANGE)
"""Kinds of rules whose minimum may have a price."""
WHOLE_KINDS = (RuleKind.AMOUNT, RuleKind.COUNT, RuleKind.LOCK)
PARTS = {
    "region": "regions",
    "path": "paths",
    "industry": "industries",
    "cluster": "clusters",
    "lever": "levers",
    "fund": "funds",
    "year": "years",
}
"""The fields of a row, and what they are called in a selection and among the labels."""
FIELDS = tuple(PARTS)
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
    each: str | None
    price: Fraction | None


class Measure(StrEnum):
    """What the limits of a row are measured against before it is written out."""

    ITSELF = "itself"
    BEFORE = "before"
    COST = "cost"


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A row of the rules table, read.

    Parameters
    ----------
    row : int
        Where it stands.
    rule : Rule
        What it says of its whole selection; a rule as it is where the row is not written out.
    each : Each
        What it is repeated for.
    measure : Measure
        What its limits are measured against.
    price : Fraction or None
        What a printed unit below the minimum costs; None where the minimum must hold.
    """

    row: int
    rule: Rule
    each: Each
    measure: Measure
    price: Fraction | None = None


@dataclass(frozen=True, slots=True, eq=False)
class RowReader:
    """Reads the cells of one row and notes what is wrong with them."""

    table: str
    row: int
    names: Mapping[str, Names]
    faults: Faults

    def fault(self, column: str, value: str | None, problem: Text, remedy: Text) -> None:
        """Note a fault of the row."""
        self.faults.add(Place(self.table, self.row, column, value), problem, remedy)

    def positions(self, column: str, kind: str, text: str | None) -> tuple[int, ...]:
        """Look up names joined by |; an empty text is any."""
        if text is None:
            return ()
        found = set()
        for part in text.split("|"):
            position = self.position(column, kind, part.strip())
            if position >= 0:
                found.add(position)
        return tuple(sorted(found))

    def position(self, column: str, kind: str, name: str) -> int:
        """Look one name up; -1, and a fault, if it is unknown."""
        known = self.names[kind]
        position = known.position(name)
        if position < 0:
            shown = shorten(name)
            problem = Text(f"there is no {known.what.en} {shown!r}.", f"没有{known.what.zh} {shown!r}。")
            # Looking for names that are alike takes long, and a field can hold thousands.
            self.fault(column, name, problem, suggest(name, known.index) if self.faults.room > 0 else problem)
        return position

    def selection(self, texts: Mapping[str, str | None], column: str | None = None) -> Selection:
        """Read a selection from its fields; faults point at ``column``, or at each field."""
        found = {field: self.positions(column or field, field, texts.get(field)) for field in FIELDS}
        return Selection(**{PARTS[field]: positions for field, positions in found.items()})


def read_rules(typed: TypedTable, names: Mapping[str, Names], faults: Faults) -> tuple[RuleRow, ...]:
    """Read the rows of the rules table; a row without a readable key or kind is passed over."""
    found = []
    frame = typed.frame
    columns = [frame.index, *(frame[name] for name in _Row._fields[1:])]
    known = {kind.value for kind in RuleKind}
    for row in map(_Row._make, zip(*columns, strict=True)):
        if row.rule is None or row.kind not in known:
            continue
        found.append(_rule_row(row, RowReader(typed.table.name, int(row.row), names, faults)))
    return tuple(found)


def _rule_row(row: _Row, reader: RowReader) -> RuleRow:
    kind = RuleKind(row.kind)
    selection = reader.selection({field: getattr(row, field) for field in FIELDS})
    low, high = row.min, row.max
    measure, base, base_selection = _base(kind, row.of, reader)
    for column, limit in (("min", low), ("max", high)):
        if limit is not None:
            _check_limit(kind, column, limit, _span(kind, measure, base), reader)
    if kind is RuleKind.LOCK:
        if low is not None and high is not None and low < high:
            problem = Text(
                "a lock needs one amount, but min and max differ.", "锁定只能有一个金额, 但 min 与 max 不同。"
            )
            reader.fault("max", str(high), problem, Text("Make them equal.", "请使两者相等。"))
        low, high = (high if low is None else low), (low if high is None else high)
    each = read_each(row.each, selection, FIELDS, reader)
    if each.window > 1 and measure is Measure.BEFORE:
        problem = Text("a window of years has no year before.", "多年窗口没有“上一年”可比。")
        reader.fault("each", row.each, problem, Text("Take the window out.", "请去掉窗口。"))
    if row.price is not None:
        _check_price(row, kind, reader)
    rule = Rule(row.rule, kind, selection, low, high, base, base_selection)
    return RuleRow(reader.row, rule, each, measure, row.price)


def _check_price(row: _Row, kind: RuleKind, reader: RowReader) -> None:
    """Note a price on anything but a floor of money that stands alone."""
    if kind not in SOFT_KINDS:
        problem = Text(f"a rule of kind {kind} has no price.", f"{kind} 类规则不使用 price。")
        remedy = Text(
            f"Leave price empty; it goes with {', '.join(SOFT_KINDS)}.",
            f"请将 price 留空; 仅 {', '.join(SOFT_KINDS)} 可使用。",
        )
        reader.fault("price", str(row.price), problem, remedy)
    elif row.min is None:
        problem = Text("a price is for a min, and there is none.", "price 须与 min 一起使用, 但 min 为空。")
        reader.fault(
            "price", str(row.price), problem, Text("Give min, or leave price empty.", "请填写 min, 或将 price 留空。")
        )
    if row.max is not None and kind in SOFT_KINDS:
        problem = Text(
            "a row with a price has no max, which must hold.", "含 price 的行不能有 max, 因为 max 必须满足。"
        )
        reader.fault("max", _decimal(row.max), problem, Text("Write max in a row of its own.", "请将 max 另写一行。"))


def _span(kind: RuleKind, measure: Measure, base: RuleBase) -> tuple[int, int | None]:
    """Give where the limits of a rule may lie."""
    if kind is RuleKind.SHARE:
        return 0, LARGEST_CHANGE if base is RuleBase.SELECTION else 1
    if kind is RuleKind.CHANGE:
        return -1, LARGEST_CHANGE
    if kind is RuleKind.AMOUNT and measure is Measure.BEFORE:
        return -LARGEST_AMOUNT, LARGEST_AMOUNT
    return 0, None


def _check_limit(kind: RuleKind, column: str, limit: Fraction, span: tuple[int, int | None], reader: RowReader) -> None:
    value = _decimal(limit)
    if kind in WHOLE_KINDS and limit.denominator != 1:
        problem = Text(f"a rule of kind {kind} needs whole numbers.", f"{kind} 类规则须为整数。")
        reader.fault(column, value, problem, Text("Write a whole number.", "请填写整数。"))
    least, most = span
    if limit < least or (most is not None and limit > most):
        allowed = f"{least}..{most}" if most is not None else f">= {least}"
        problem = Text(f"a limit of kind {kind} must be {allowed}.", f"{kind} 类规则的限值须在 {allowed}。")
        reader.fault(column, value, problem, Text("Mend the number.", "请更正该数。"))


def _decimal(limit: Fraction) -> str:
    return str(limit.numerator) if limit.denominator == 1 else repr(float(limit))


def _base(kind: RuleKind, of: str | None, reader: RowReader) -> tuple[Measure, RuleBase, Selection]:
    """Read what a rule is measured against or what a count counts."""
    if kind is RuleKind.SHARE and of == Measure.COST:
        return Measure.COST, RuleBase.EVERYTHING, Selection()
    if kind in (RuleKind.CHANGE, RuleKind.AMOUNT) and of == Measure.BEFORE:
        return Measure.BEFORE, RuleBase.EVERYTHING, Selection()
    return Measure.ITSELF, *_plain_base(kind, of, reader)


def _plain_base(kind: RuleKind, of: str | None, reader: RowReader) -> tuple[RuleBase, Selection]:
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
        if kind is not RuleKind.LOCK:
            problem = Text(f"a rule of kind {kind} has no 'of' but before.", f"{kind} 类规则的 of 只能为 before。")
        reader.fault("of", of, problem, Text("Leave it empty.", "请留空。"))
    return RuleBase.EVERYTHING, Selection()


def _share_base(of: str | None, reader: RowReader) -> tuple[RuleBase, Selection]:
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
                "Write everything, fund:NAME, cost, or region=A|B; lever=talent.",
                "请填写 everything, fund:名称, cost, 或 region=A|B; lever=talent。",
            )
            reader.fault("of", of, problem, remedy)
            return RuleBase.EVERYTHING, Selection()
        texts[field] = value
    if not texts:
        problem = Text("the base names nothing.", "基数未指明任何范围。")
        reader.fault("of", of, problem, Text("Leave it empty for everything.", "不限时请留空。"))
    return RuleBase.SELECTION, reader.selection(texts, "of")
