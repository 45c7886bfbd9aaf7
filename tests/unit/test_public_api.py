"""The public names: sorted, complete, importable, documented; and the examples in docstrings run."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import subprocess
import sys

import pytest

import clusteropt

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(clusteropt.__path__, "clusteropt.")
    if not module.name.endswith("__main__")
)


def test_public_names_are_sorted_and_unique() -> None:
    """`__all__` is in order, without repeats, and the same as `dir`."""
    assert list(clusteropt.__all__) == sorted(set(clusteropt.__all__))
    assert dir(clusteropt) == list(clusteropt.__all__)


def test_every_home_name_is_public() -> None:
    """The names that are loaded on first use are those of `__all__`."""
    assert sorted(clusteropt._HOME_OF) == list(clusteropt.__all__)


@pytest.mark.parametrize("name", clusteropt.__all__)
def test_a_public_name_can_be_imported_and_says_what_it_is(name: str) -> None:
    """Every public name exists, is defined in this package and has a docstring of its own."""
    thing = getattr(clusteropt, name)
    assert thing.__module__.startswith("clusteropt.")
    assert thing.__name__ == name
    doc = inspect.getdoc(thing)
    assert doc is not None
    assert len(doc) > 15
    assert not doc.startswith(f"{name}(")


def test_every_error_is_public() -> None:
    """All error classes can be caught by their public names."""
    from clusteropt import errors

    tree = [k for k, v in vars(errors).items() if inspect.isclass(v) and issubclass(v, errors.ClusteroptError)]
    assert set(tree) <= set(clusteropt.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    """A wrong name fails as in any module."""
    with pytest.raises(AttributeError, match="no attribute 'optimise'"):
        clusteropt.optimise  # noqa: B018


def test_the_front_imports_nothing_heavy() -> None:
    """`import clusteropt` loads neither pandas, Pyomo, SciPy nor HiGHS."""
    code = "import sys, clusteropt; sys.exit(any(m in sys.modules for m in ('pandas', 'pyomo', 'scipy', 'highspy')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", ["clusteropt", *MODULES])
def test_examples_in_docstrings_run(name: str) -> None:
    """Doctests of every module pass."""
    module = importlib.import_module(name)
    assert doctest.testmod(module, optionflags=doctest.ELLIPSIS).failed == 0
