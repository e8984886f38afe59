"""GitHub Actions 的工作流符合它的格式，而且只用 make 里有的目标。"""

import re
import subprocess
import sys

from book_files import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def test_the_workflows_are_valid():
    assert WORKFLOWS
    command = [sys.executable, "-m", "check_jsonschema"]
    command += ["--builtin-schema", "vendor.github-workflows", *map(str, WORKFLOWS)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr


def test_they_call_only_existing_make_targets():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.M))
    called = {t for w in WORKFLOWS for t in re.findall(r"\bmake ([a-z-]+)", w.read_text("utf-8"))}
    assert called and called <= targets


def test_ci_runs_exactly_the_test_command_of_the_readme():
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert lines[-1] == "exec make test"
    assert "make test" in (ROOT / "README.md").read_text(encoding="utf-8")
