"""缺了包的内核：导入辅助包只说一句话。"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from utils import _packages

ROOT = Path(__file__).resolve().parents[2]
SHELL = """
import importlib.util
from IPython.core.interactiveshell import InteractiveShell
there = importlib.util.find_spec
importlib.util.find_spec = lambda name: None if name in ("torch", "xarray") else there(name)
InteractiveShell(colors="nocolor").run_cell("import utils")
"""


def test_the_packages_are_the_dependencies_of_the_helper():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {re.split("[<>=]", name)[0] for name in project["dependencies"]}
    assert set(_packages.PACKAGES) == names - {"scikit-learn"} | {"sklearn"}


def test_all_missing_packages_are_named_in_one_sentence():
    done = subprocess.run(
        [sys.executable, "-c", SHELL], cwd=ROOT, capture_output=True, encoding="utf-8"
    )
    (sentence,) = done.stdout.strip().splitlines()
    assert "torch、xarray" in sentence and "README" in sentence
