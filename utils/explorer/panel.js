// 一个坐标系：画框、画布、图例、悬停读数。

const HOVER_RADIUS = 32; // 离指针多近的点才读数（像素）

/** 一个坐标系：画框、画布、图例、悬停读数。 */
class Panel {
  constructor(spec, number, prefix) {
    this.spec = spec;
    this.panel = spec.panels[number];
    this.layers = spec.layers.map((layer, i) => ({ layer, i })).filter((l) => l.layer.panel === number);
    // 画图的次序：图像垫底，曲线和点在上，字在最上
    const order = ["image", "bars", "line", "path", "points", "text"];
    this.layers.sort((a, b) => order.indexOf(a.layer.type) - order.indexOf(b.layer.type));

    const { width, height } = this.panel;
    this.root = element("div", "explorer-panel");
    this.root.style.flex = `${width} 1 ${Math.min(width, 300)}px`;
    this.root.style.maxWidth = `${1.6 * width}px`;
    const stage = element("div", "explorer-stage");
    stage.style.aspectRatio = `${width} / ${height}`;
    // 同一页上有许多张图，各自的字形和裁剪框不能重名
    stage.innerHTML = this.panel.svg.replaceAll(/(id="|href="#|url\(#)/g, `$1${prefix}-${number}-`);
    this.canvas = element("canvas");
    this.tip = element("div", "explorer-tip");
    this.tip.hidden = true;
    stage.append(this.canvas, this.tip);
    this.legend = element("ul", "explorer-legend");
    this.root.append(stage, this.legend);
    this.values = new Map();
    for (const { layer, i } of [...this.layers].sort((a, b) => a.i - b.i)) {
      if (!layer.label) continue;
      const item = element("li");
      const swatch = element("span", `explorer-swatch explorer-swatch-${layer.dash ? "dash" : layer.type}`);
      swatch.style.color = layer.colors
        ? `#${layer.colors.substr(6 * 190, 6)}`
        : inCss(layer.color);
      const value = element("span", "explorer-value");
      item.append(swatch, `${layer.label} `, value);
      this.legend.append(item);
      this.values.set(i, value);
    }
    this.legend.hidden = this.values.size === 0;
    stage.addEventListener("pointermove", (event) => this.hover(event));
    stage.addEventListener("pointerleave", () => (this.tip.hidden = true));
  }

  /** 画框在画布上的位置；x()、y() 把比例换成像素。 */
  box() {
    const { clientWidth, clientHeight } = this.canvas;
    const [x0, y0, w, h] = this.panel.box;
    const box = { left: x0 * clientWidth, top: y0 * clientHeight, w: w * clientWidth, h: h * clientHeight };
    box.scale = clientWidth / this.panel.width; // 一磅是多少像素
    box.x = (fraction) => box.left + fraction * box.w;
    box.y = (fraction) => box.top + (1 - fraction) * box.h;
    return box;
  }

  draw(run, ghost, step) {
    const { canvas } = this;
    const ratio = window.devicePixelRatio || 1;
    const width = Math.round(canvas.clientWidth * ratio);
    const height = Math.round(canvas.clientHeight * ratio);
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const ctx = canvas.getContext("2d");
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
    const box = this.box();
    ctx.beginPath();
    ctx.rect(box.left, box.top, box.w, box.h);
    ctx.save();
    ctx.clip();
    const paint = (source, isGhost) => {
      for (const { layer, i } of this.layers) {
        if (isGhost && ["image", "text"].includes(layer.type)) continue;
        ctx.save();
        ctx.globalAlpha = isGhost ? GHOST : 1;
        ctx.strokeStyle = ctx.fillStyle = onCanvas(layer.color, canvas);
        ctx.lineWidth = layer.type === "path" ? 1.5 : 2;
        ctx.lineJoin = "round";
        if (layer.dash || isGhost) ctx.setLineDash([6, 4]);
        plotters[layer.type](ctx, layer, box, source, i, isGhost ? Infinity : step, isGhost);
        ctx.restore();
      }
    };
    if (ghost) paint(ghost, true);
    paint(run, false);
    ctx.restore();
    this.run = run;
    this.step = step;
    for (const [i, value] of this.values) value.textContent = this.reading(run, i, step);
  }

  /** 当前步有没有哪条历史已经远远冲出画框。对数轴的下方是趋于零，不算。 */
  escaped(run, step) {
    const n = Math.min(step, run.length - 1);
    return this.layers.some(({ layer, i }) => {
      if (!layer.history || n < 0) return false;
      return ["x", "y"].some((channel) => {
        const { values, rows, columns, clipped } = run.get(i, channel, step);
        const log = this.panel[channel].scale === "log";
        for (let k = 0; k < rows; k++) {
          const value = values[k * columns + n];
          if (clipped(value) && !(log && value < 0)) return true;
        }
        return false;
      });
    });
  }

  /** 图例里的读数：一条历史在当前步的值。 */
  reading(run, i, step) {
    const layer = this.spec.layers[i];
    if (!layer.history || run.length === 0) return "";
    const y = run.get(i, "y", step);
    const n = Math.min(step, run.length - 1);
    if (y.rows > 1) return "";
    const read = (axis, values) =>
      values.clipped(values.values[n]) ? "超出画框" : format(toValue(axis, values.values[n]));
    const text = read(this.panel.y, y);
    return layer.type === "path" ? `(${read(this.panel.x, run.get(i, "x", step))}, ${text})` : text;
  }

  hover(event) {
    if (!this.run) return;
    const frame = this.canvas.getBoundingClientRect();
    const px = event.clientX - frame.left;
    const py = event.clientY - frame.top;
    const found = this.nearest(px, py);
    this.tip.hidden = !found;
    if (!found) return;
    this.tip.textContent = found.text;
    const side = found.x > frame.width / 2 ? -100 : 0;
    this.tip.style.transform = `translate(calc(${found.x}px + ${side}% + ${side ? -10 : 10}px), ${found.y - 14}px)`;
  }

  nearest(px, py) {
    const box = this.box();
    const { x: xAxis, y: yAxis } = this.panel;
    let best = null;
    let cell = null;
    for (const { layer, i } of this.layers) {
      if (layer.type === "image") {
        const { raw, rows, columns, low, high } = this.run.get(i, "z", this.step);
        const [left, right, bottom, topEdge] = layer.extent;
        const column = Math.floor(((px - box.x(left)) / (box.w * (right - left))) * columns);
        const row = Math.floor(((py - box.y(topEdge)) / (box.h * (topEdge - bottom))) * rows);
        if (row < 0 || column < 0 || row >= rows || column >= columns) continue;
        const q = raw[row * columns + column];
        const value = q === 255 ? NaN : low + (q * (high - low)) / 254;
        const y = toValue(yAxis, (box.top + box.h - py) / box.h);
        const x = toValue(xAxis, (px - box.left) / box.w);
        const where = layer.cells ? `第 ${layer.flipped ? rows - 1 - row : row} 行，第 ${column} 列` : `(${format(x)}, ${format(y)})`;
        cell = { x: px, y: py, text: `${layer.label ?? ""} ${where}：${format(value)}`.trim() };
        continue;
      }
      if (layer.type === "text") continue; // 数已经写出来了
      const xs = this.run.get(i, "x", this.step);
      const ys = this.run.get(i, "y", this.step);
      const end = layer.history ? Math.min(this.run.length, ys.columns) : ys.columns;
      for (let k = 0; k < ys.rows; k++) {
        for (let n = 0; n < end; n++) {
          const fx = xs.values[(k % xs.rows) * xs.columns + n];
          const fy = ys.values[k * ys.columns + n];
          const [x, y] = [box.x(fx), box.y(fy)];
          const distance = Math.hypot(x - px, y - py);
          if (distance > HOVER_RADIUS || (best && distance >= best.distance)) continue;
          const text = `${layer.label ?? ""} (${format(toValue(xAxis, fx))}, ${format(toValue(yAxis, fy))})`;
          best = { distance, x, y, text: text.trim() };
        }
      }
    }
    return best ?? cell;
  }
}
