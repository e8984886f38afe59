"""公式的源码换成读得出的字，给搜索的摘要用：``\\lambda_k`` 是 λk，``\\frac12`` 是 1/2。"""

import re
import unicodedata

GREEK = {
    name.lower(): unicodedata.lookup(f"GREEK SMALL LETTER {name}")
    for name in (
        "ALPHA BETA GAMMA DELTA EPSILON ZETA ETA THETA IOTA KAPPA MU NU XI PI RHO SIGMA TAU "
        "UPSILON PHI CHI PSI OMEGA"
    ).split()
} | {"lambda": "λ"}
SIGNS = {
    "nabla": "∇", "partial": "∂", "sum": "∑", "prod": "∏", "int": "∫", "infty": "∞", "cdot": "·",
    "times": "×", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "ne": "≠", "neq": "≠",
    "approx": "≈", "sim": "∼", "propto": "∝", "in": "∈", "to": "→", "leftarrow": "←",
    "rightarrow": "→", "top": "T", "ell": "ℓ", "pm": "±", "sqrt": "√", "ldots": "…", "dots": "…",
    "cdots": "…", "odot": "⊙", "mid": "|", "quad": " ", "qquad": " ", "lVert": "‖", "rVert": "‖",
    "Vert": "‖", "varepsilon": "ε", "varphi": "φ", "Sigma": "Σ", "Delta": "Δ", "Theta": "Θ",
    "Phi": "Φ", "Lambda": "Λ", "Gamma": "Γ", "Omega": "Ω", "log": "log", "exp": "exp", "max": "max",
    "min": "min", "lim": "lim", "arg": "arg",
    "sin": "sin", "cos": "cos", "tanh": "tanh", "det": "det",
}  # fmt: skip


def plain_math(tex: str) -> str:
    """认不得的命令去掉，它的内容留下；剩下的括号、对齐符号也去掉。"""
    text = re.sub(r"\\(?:begin|end)\{[^}]*\}", " ", tex)
    for _ in range(3):  # 分数可以套分数
        text = re.sub(r"\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}", r"\1/\2", text)
    text = re.sub(r"\\[dt]?frac\s*(\w)\s*(\w)", r"\1/\2", text)

    def command(match: re.Match) -> str:
        name = match[1]
        return GREEK.get(name) or SIGNS.get(name) or ""

    text = re.sub(r"\\([A-Za-z]+)", command, text)
    text = re.sub(r"\\[,;:! ]|[~&]", " ", text).replace("\\\\", " ").replace("\\", "")
    return re.sub(r"\s+", " ", re.sub(r"[{}_^]", "", text)).strip()
