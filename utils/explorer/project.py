"""三维的曲面和点：先投影到平面，再用普通的图层画。"""

import numpy as np


def project(
    x: np.ndarray, y: np.ndarray, z: np.ndarray, *, azimuth: float, elevation: float = 30.0
) -> tuple[np.ndarray, np.ndarray]:
    """三维的点正投影到屏幕上，返回横、纵坐标 ``(u, v)``，形状与 ``x`` 相同。

    把方位角做成滑块，读者就能转动曲面。网格上的曲面画成两组线：

    >>> def turn(azimuth):
    ...     u, v = project(x, y, z, azimuth=azimuth)  # x、y、z 的形状都是 (m, n)
    ...     yield {"u": u, "v": v, "ut": u.T, "vt": v.T}
    >>> runs = sweep(turn, azimuth=list(range(0, 360, 15)))
    >>> layers = [Line("v", x="u", color="gray"), Line("vt", x="ut", color="gray")]

    参数
    ----
    x, y, z : 坐标，形状相同；三个方向请先换成差不多的大小。
    azimuth : 方位角，单位是度：眼睛绕 z 轴转到哪里；0 从 x 轴的正向看过来，90 从 y 轴的正向看。
    elevation : 仰角，单位是度：0 平视，90 从正上方看。

    来源：正交投影，约定与 matplotlib 的三维坐标系相同
    （``azim``、``elev``、``proj_type="ortho"``）。
    """
    a, e = np.deg2rad(azimuth), np.deg2rad(elevation)
    toward = np.cos(a) * x + np.sin(a) * y  # 朝向眼睛的水平距离
    return np.cos(a) * y - np.sin(a) * x, np.cos(e) * z - np.sin(e) * toward
