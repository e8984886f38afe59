"""附录里“同一个字母的几种意思”：各章小结的符号表里重复的都列了，一部分之内还剩的都写明。"""

import re
from collections import defaultdict

import pytest
from book_files import NOTEBOOKS, ROOT, cells, read, source

PARTS: dict[int, tuple[int, int]] = {}  # 部分 -> 头尾两章
for path in NOTEBOOKS:  # 次序就是章的次序
    part, chapter = int(path.parent.name[1]), int(path.name[2:4])
    PARTS[part] = (PARTS.get(part, (chapter,))[0], chapter)
APPENDIX = (ROOT / "book" / "appendix" / "symbols.md").read_text(encoding="utf-8")
LISTED = APPENDIX[APPENDIX.index("## 同一个字母的几种意思") : APPENDIX.index("同一部分里，")]
REMAINING = APPENDIX[APPENDIX.index("同一部分里，") : APPENDIX.index("反过来，")]
# 全书只有一种意思的：每一行的说明里都有这两个字
SINGLE = {r"\eta": "学习", r"\Sigma": "协方差"}
ACCENTS = re.compile(r"^(?:\\ |[\s{])*(?:\\(?:hat|tilde|bar|boldsymbol|mathbf)[\s{]*)?")


def table(text: str, head: str, first: str = "符号") -> list[list[str]]:
    """前两列叫 first 和 head 的表格的各行。"""
    found, inside = [], False
    for line in text.splitlines():
        row = [cell.strip() for cell in line.strip("|").split("|")] if line[:1] == "|" else [""]
        inside = line[:1] == "|" and (inside or row[:2] == [first, head])
        if inside and row[0] != first and set(line) - set("|- :"):
            found.append(row)
    return found


def letters(symbols: str) -> set[str]:
    """一格里各个记号的字头：``$\\hat y=f(x),\\ n_1$`` 是 y 和 n；花体和由几个字母组成的不算。"""
    heads = set()
    for formula in re.findall(r"\$([^$]+)\$", symbols):
        flat = re.sub(r"\([^()]*\)|[_^]\{[^{}]*\}|=.*?(?=,\\ |$)", "", formula)
        for one in re.split(r"[,;]", flat):
            head = re.match(r"\\[A-Za-z]+|[A-Za-z](?![A-Za-z])", ACCENTS.sub("", one))
            if head and not re.match(r"\\(?:math|text|operator|[lL][vV]ert|odot)", head[0]):
                heads.add(head[0])
    return heads


def numbers(text: str) -> set[int]:
    """括号里说的各章：``4 到 6、9.17、28 的练习 2`` 是 4、5、6、9、28。"""
    text = re.sub(r"练习 \d+", "", text)
    spans = [range(int(a), int(b)) for a, b in re.findall(r"(\d+) 到 (\d+)", text)]
    return {int(n) for n in re.findall(r"(?<![\d.])\d+", text)}.union(*spans)


def meanings(text: str) -> list[set[int] | None]:
    """一种意思一项：它在哪几章；没有写章的，全书通用，是 None。编号不算一种。"""
    each = [one for one in re.split(r"；(?![^（]*）)", text) if "编号" not in one]
    return [numbers(m[1]) if (m := re.search(r"（(\d[^）]*)）", one)) else None for one in each]


def defined() -> dict[str, list[tuple[int, str]]]:
    """字母 -> (章, 说明)，出自各章小结的符号表。"""
    found = defaultdict(list)
    for path in NOTEBOOKS:
        text = "\n\n".join(source(cell) for cell in cells(read(path), "markdown"))
        for symbols, meaning, *_ in table(text, "含义"):
            for letter in letters(symbols):
                found[letter].append((int(path.name[2:4]), meaning))
    return found


DEFINED = defined()
LINES = {k: text for symbols, text in table(LISTED, "意思（章）") for k in letters(symbols)}
SENSES = {letter: meanings(text) for letter, text in LINES.items()}


def within(part: int) -> set[str]:
    """一部分之内意思不止一种的字母；没有写章的意思，有别的意思时才算一种。"""
    low, high = PARTS[part]
    counts = {
        letter: [s is None or any(low <= n <= high for n in s) for s in senses]
        for letter, senses in SENSES.items()
    }
    named = {k for k, v in SENSES.items() if any(low <= n <= high for s in v if s for n in s)}
    return {letter for letter in named if sum(counts[letter]) > 1}


def test_the_parser_reads_what_it_should():
    assert letters(r"$\hat y=f_\theta(x)$，$n_1,\ \mathcal S_n$，$P(s'\mid s,a)$") == {
        "y",
        "n",
        "P",
    }
    assert letters(r"$\sigma(z)$；$\sigma,\sigma_1$，$\alpha_{i,j}$") == {r"\sigma", r"\alpha"}
    assert meanings("偏置；动量（9.8、11 到 13、28 的练习 2）") == [None, {9, 11, 12, 13, 28}]
    assert meanings("样本的编号；边长（13）") == [{13}]


@pytest.mark.parametrize("letter", sorted(DEFINED))
def test_a_letter_defined_twice_in_a_part_is_declared(letter):
    for low, high in PARTS.values():
        here = [(chapter, text) for chapter, text in DEFINED[letter] if low <= chapter <= high]
        if len(here) < 2:
            continue
        if letter in SINGLE:
            assert [text for _, text in here if SINGLE[letter] not in text] == []
            continue
        assert letter in SENSES, f"{here}：附录里没有列"
        named = numbers(" ".join(re.findall(r"（\d[^）]*）", LINES[letter])))
        missing = {chapter for chapter, _ in here} - named
        assert None in SENSES[letter] or not missing, f"{here}：附录里少了章"


@pytest.mark.parametrize("part", PARTS)
def test_what_remains_within_a_part_is_written_down(part):
    written = table(REMAINING, "还不止一种意思的", "部分")[part - 1]
    assert numbers(written[0]) == set(range(PARTS[part][0], PARTS[part][1] + 1))
    assert letters(written[1]) == within(part)


def test_two_meanings_do_not_stand_in_one_chapter():
    """同一章里有两种意思的，说明里写明了是哪几个。"""
    told = {(letter, n) for letter, n in re.findall(r"\$(\\?\w+)\$（第 (\d+) 章）", REMAINING)}
    found = set()
    for letter, senses in SENSES.items():
        named = [n for s in senses if s for n in s]
        found |= {(letter, str(n)) for n in named if named.count(n) > 1}
    assert found == told
