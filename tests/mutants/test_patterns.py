"""要改坏的地方都还在：代码改写以后，mutants.py 里的原文要跟着改。"""

import pytest

from tests.mutants.mutants import MUTANTS, ROOT


@pytest.mark.parametrize("mutant", MUTANTS, ids=[m.name for m in MUTANTS])
def test_every_mutant_still_has_its_place(mutant):
    text = (ROOT / mutant.file).read_text(encoding="utf-8")
    assert text.count(mutant.find) == 1, f"{mutant.file} 里 {mutant.find!r} 不是恰好一处"
    assert mutant.find != mutant.replace


def test_names_are_unique_and_every_test_file_exists():
    assert len({m.name for m in MUTANTS}) == len(MUTANTS) >= 30
    assert all((ROOT / m.tests[0]).is_file() for m in MUTANTS)
