"""The awards of a plan as one Parquet file, for plans of more clusters than a workbook holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from clusteropt.report import words
from clusteropt.report.files import output_error, refusal

if TYPE_CHECKING:
    from clusteropt.plan.plan import Plan


def write_allocation(plan: Plan, path: str | Path) -> None:
    """Write the awards of a plan as Parquet: cluster, region, path, lever, year, fund and amount in whole units.

    Names are written once each, in a dictionary. The file appears whole or not at all.

    Parameters
    ----------
    plan : Plan
        The plan.
    path : str or Path
        Where to write.

    Raises
    ------
    OutputError
        If the package pyarrow is missing, or the file cannot be written.
    """
    target = Path(path)
    try:
        import pyarrow as pa  # noqa: PLC0415 (an optional package)
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError as error:
        raise output_error(words.NO_PYARROW, target) from error
    labels, awards = plan.labels, plan.awards
    columns = {
        "cluster": (awards.cluster, labels.clusters),
        "region": (plan.region_of[awards.cluster], labels.regions),
        "path": (plan.path_of[awards.cluster], labels.paths),
        "lever": (awards.lever, labels.levers),
        "fund": (awards.fund, labels.funds),
    }
    arrays = {
        name: pa.DictionaryArray.from_arrays(pa.array(places, pa.int32()), pa.array(names, pa.string()))
        for name, (places, names) in columns.items()
    }
    years = pa.array(labels.years, pa.int32()).take(pa.array(awards.year))
    table = pa.table({**arrays, "year": years, "amount": pa.array(awards.amount)})
    beside = target.with_name(f"{target.name}.part")
    try:
        parquet.write_table(table, beside)
        beside.replace(target)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise refusal(target, error) from error
