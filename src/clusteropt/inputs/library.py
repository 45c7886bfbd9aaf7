"""The models and data sets that come with the package."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from clusteropt.inputs.faults import Faults, Place, suggest
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable


def find_model(name_or_path: str | Path) -> Path:
    """Find a model file: a path as it is, or the name of a shipped model.

    Parameters
    ----------
    name_or_path : str or Path
        A text that ends in ``.toml`` or holds a path separator is a path, every other text a name.

    Raises
    ------
    InputError
        If no shipped model has the name.
    """
    if isinstance(name_or_path, Path):
        return name_or_path
    if name_or_path.endswith(".toml") or "/" in name_or_path or "\\" in name_or_path:
        return Path(name_or_path)
    models = {path.stem: path for path in _shipped("models").glob("*.toml")}
    faults = Faults()
    _check_known(name_or_path, sorted(models), Text("model", "模型"), faults)
    faults.stop_if_any()
    return models[name_or_path]


def find_dataset(name: str, faults: Faults) -> Path | None:
    """Find the folder of a shipped data set; None, and a fault, if there is none of the name."""
    folders = {path.name: path for path in _shipped("datasets").glob("*/") if (path / "clusters.csv").is_file()}
    return folders[name] if _check_known(name, sorted(folders), Text("data set", "数据集"), faults) else None


def _check_known(name: str, known: Iterable[str], what: Text, faults: Faults) -> bool:
    if name in known:
        return True
    problem = Text(f"no shipped {what.en} has this name.", f"没有自带的{what.zh}叫这个名称。")
    faults.add(Place(what.en, value=name), problem, suggest(name, known))
    return False


def _shipped(kind: str) -> Path:
    """Give the folder of shipped files: inside the installed package, or at the root of the sources."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "_shipped" / kind
    return installed if installed.is_dir() else package.parents[1] / kind
