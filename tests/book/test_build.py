"""构建：出错就停并说清楚，警告算错，缓存只在该失效时失效，知识点有锚点。"""

import shutil

from book_files import ROOT

from theme.execution import environment_hash

TITLE = {"cell_type": "markdown", "source": "# 章"}


def code(source: str, **metadata) -> dict:
    return {"cell_type": "code", "source": source, "metadata": metadata}


def test_an_error_in_a_cell_stops_the_build_and_shows_the_traceback(small_book):
    small_book.write([TITLE, code("x = 1\ny = x / 0  # 在这里出错")])
    output = small_book.build(1)
    assert "ch01_what_is_ml.ipynb" in output
    assert "ZeroDivisionError" in output and "在这里出错" in output
    small_book.write([TITLE, code("x = 1")])
    small_book.build(0)


def test_a_warning_fails_this_build_and_the_next_one_too(small_book):
    small_book.write([{"cell_type": "markdown", "source": "# 章\n\n[没有](nowhere.ipynb)"}])
    assert "nowhere" in small_book.build(1)
    assert "nowhere" in small_book.build(1)


def test_text_on_stderr_fails_the_build(small_book):
    small_book.write([TITLE, code("import warnings\nwarnings.warn('读者不该看到')")])
    assert "stderr" in small_book.build(1)


def test_a_second_build_executes_nothing_until_the_code_changes(small_book):
    cells = [TITLE, code("print(6 * 7)"), {"cell_type": "markdown", "source": "正文"}]
    small_book.write(cells)
    assert "执行 1 个笔记本" in small_book.build(0)
    small_book.write([*cells[:2], {"cell_type": "markdown", "source": "改过的正文"}])
    assert "执行 1 个笔记本" not in small_book.build(0)
    assert "改过的正文" in small_book.page.read_text(encoding="utf-8")
    (small_book.folder / "utils" / "new.py").write_text("", encoding="utf-8")
    assert "执行 1 个笔记本" in small_book.build(0)


def test_topics_become_anchors_and_solutions_are_folded(small_book):
    section = {"cell_type": "markdown", "source": "## 节", "metadata": {"topics": ["ml.tasks"]}}
    small_book.write([TITLE, section, code("answer = 42", tags=["hide-input", "solution"])])
    small_book.build(0)
    html = small_book.page.read_text(encoding="utf-8")
    assert 'id="ml-tasks"' in html
    assert "看答案" in html and "展开代码" not in html


def test_the_hash_of_the_environment_sees_what_outputs_depend_on(tmp_path):
    (tmp_path / "utils").mkdir()
    shutil.copy(ROOT / "requirements.txt", tmp_path)
    seen = [environment_hash(tmp_path)]
    for name in ("utils/a.py", "utils/b.js", "utils/c.css", "requirements.txt"):
        (tmp_path / name).write_text("x", encoding="utf-8")
        seen.append(environment_hash(tmp_path))
    (tmp_path / "utils" / "note.txt").write_text("x", encoding="utf-8")
    assert len(set(seen)) == len(seen) and environment_hash(tmp_path) == seen[-1]


def test_a_chapter_mentioned_in_the_text_is_a_link_once_it_is_written(small_book):
    small_book.write([{"cell_type": "markdown", "source": "# 第 1 章\n\n这里是第 1 章。"}])
    home = "# 书\n\n先读**第 1 章**，再读第 2 章；`第 1 章` 是代码。\n"
    (small_book.folder / "book" / "index.md").write_text(home, encoding="utf-8")
    small_book.build(0)
    html = (small_book.folder / "_build" / "html" / "book" / "index.html").read_text("utf-8")
    article = html[html.index("先读") : html.index("是代码")]
    assert article.count("<a ") == 1 and 'href="p1_x/ch01_what_is_ml.html"' in article
    assert "这里是第 1 章。" in small_book.page.read_text(encoding="utf-8")
