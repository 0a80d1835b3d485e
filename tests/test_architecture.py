"""Imports point one way; the contracts are in pyproject.toml."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
MODELS_MAY_IMPORT = {"models", "numpy", "scipy", "river", "sklearn", "threadpoolctl"}


def test_import_contracts_hold() -> None:
    """import-linter tells which import breaks which contract."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_models_know_arrays_only() -> None:
    """Statistics import the standard library, numpy, scipy, river and scikit-learn, and nothing of the service."""
    foreign = {
        f"{path.relative_to(REPOSITORY)}: {name}"
        for path in (REPOSITORY / "models").rglob("*.py")
        for name in imported(path)
        if name not in MODELS_MAY_IMPORT | sys.stdlib_module_names
    }
    assert foreign == set()


def imported(path: Path) -> set[str]:
    """Top-level packages a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
    return found


def test_every_data_file_goes_into_the_wheel() -> None:
    """A template or table that is not declared works from the source and is missing once installed."""
    declared = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["package-data"]
    forgotten = {
        str(path.relative_to(REPOSITORY))
        for package, patterns in declared.items()
        for path in (REPOSITORY / package).rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
        if not any(path.match(f"{package}/{pattern}") for pattern in patterns)
    }
    assert forgotten == set()
