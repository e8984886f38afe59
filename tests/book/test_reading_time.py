"""预计用时按字数、代码和图数算：选读、练习、折叠的代码各归各处。"""

import pytest

from theme.reading_time import PLACEHOLDER, fill, reading_time


def markdown(text: str) -> dict:
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def code(text: str, *tags: str) -> dict:
    return {"cell_type": "code", "metadata": {"tags": list(tags)}, "source": text}


def test_prose_code_and_explorers_add_up():
    cells = [markdown("# 章"), markdown("## 1.1　节\n\n" + "字" * 294), code("a = b " * 50)]
    cells += [code("explore(runs)", "hide-input"), code("z " * 999, "verify")]
    time = reading_time({"cells": cells})
    assert time.core == pytest.approx(1 + 1 + 2, abs=0.02)
    assert time.optional == time.exercises == 0


def test_optional_sections_and_their_subsections_are_counted_apart():
    text = (
        "## 1.1　甲（选读）\n\n{0}\n\n### 小节\n\n{0}\n\n## 1.2　乙\n\n{0}\n\n### 丙（选读）\n\n{0}"
    )
    cells = [
        markdown("# 章"),
        markdown(text.format("字" * 300)),
        markdown("## 1.3　丁\n\n" + "字" * 300),
    ]
    time = reading_time({"cells": cells})
    assert time.optional == pytest.approx(3, abs=0.1) and time.core == pytest.approx(2, abs=0.1)


def test_exercises_count_the_minutes_in_their_headings():
    cells = [markdown("## 1.9　练习\n\n字字字"), markdown("### 练习 1　甲（实现 · 15 分钟）")]
    cells += [code("raise NotImplementedError"), markdown("### 练习 2　乙（推导 · 20 分钟）")]
    cells += [markdown("## 1.10　延伸阅读\n\n" + "字" * 300)]
    time = reading_time({"cells": cells})
    assert time.exercises == 35 and time.core == pytest.approx(1, abs=0.05)


def test_the_placeholder_becomes_a_sentence():
    cells = [markdown(f"# 章\n\n**预计用时**：{PLACEHOLDER}；代码一分钟。"), markdown("字" * 3000)]
    notebook = {"cells": cells}
    fill(notebook)
    assert notebook["cells"][0]["source"].endswith("**预计用时**：核心部分约 10 分钟；代码一分钟。")
