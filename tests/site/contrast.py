"""WCAG 2.1 的对比度；画布上的字与它背后的颜色。"""

import re

import numpy as np


def channels(color: str) -> np.ndarray:
    """``rgb(…)`` 或 ``#rrggbb`` 的红、绿、蓝，0 到 255。"""
    if color.startswith("#"):
        return np.array(list(bytes.fromhex(color[1:7])))
    return np.array([int(c) for c in re.findall(r"\d+", color)[:3]])


def luminance(color: str) -> float:
    """CSS 颜色的相对亮度。"""
    rgb = channels(color) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    """两种颜色的对比度，1 到 21。"""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def faint_words(shot: dict, paper: str) -> list[str]:
    """写在图像或色块上、与那里的颜色分不清（不到 3 : 1）的字。"""
    found = []
    for panel in shot["panels"]:
        under: list[dict] = []
        for op in panel["ops"]:
            if op["kind"] in ("image", "bar"):
                under.append(op)
            elif op["kind"] == "text" and (color := color_at(op["at"], under, paper)):
                if contrast(op["color"], color) < 3:
                    found.append(f"{op['text']!r}：{op['color']} 写在 {color} 上")
    return found


def color_at(at: list[float], under: list[dict], paper: str) -> str | None:
    """最后盖在这一点上的图像或色块的颜色，半透明的与纸色混合；什么也没有时是 None。"""
    for op in reversed(under):
        left, top, right, bottom = op["box"]
        if left == right or top == bottom:
            continue
        x, y = (at[0] - left) / (right - left), (at[1] - top) / (bottom - top)
        if not (0 <= x < 1 and 0 <= y < 1):
            continue
        if op["kind"] == "bar":
            color, alpha = channels(op["color"]), op["alpha"]
        else:
            rows, columns, _ = op["shape"]
            pixel = np.reshape(op["pixels"], op["shape"])[int(y * rows), int(x * columns)]
            color, alpha = pixel[:3], op["alpha"] * pixel[3] / 255
        mixed = alpha * color + (1 - alpha) * channels(paper)
        return "rgb({:.0f}, {:.0f}, {:.0f})".format(*mixed)
    return None
