// 一个坐标系：画框、画布、图例、悬停读数。

/** 一个坐标系：画框、画布、图例、悬停读数。 */
class Panel {
  constructor(spec, number, prefix) {
    this.spec = spec;
    this.panel = spec.panels[number];
    this.layers = spec.layers.map((layer, i) => ({ layer, i })).filter((l) => l.layer.panel === number);
    this.layers.sort((a, b) => LAYERS[a.layer.type].z - LAYERS[b.layer.type].z);

    const { width, height } = this.panel;
    this.root = element("div", "explorer-panel");
    this.root.style.flex = `${width} 1 ${Math.min(width, 240)}px`;
    this.root.style.maxWidth = `${1.25 * width}px`; // 各图的字大小相近
    const stage = (this.stage = element("div", "explorer-stage"));
    stage.style.aspectRatio = `${width} / ${height}`;
    // 同一页上有许多张图，各自的字形和裁剪框不能重名
    stage.innerHTML = this.panel.svg.replaceAll(/(id="|href="#|url\(#)/g, `$1${prefix}-${number}-`);
    this.canvas = element("canvas");
    this.tip = element("div", "explorer-tip");
    this.tip.hidden = true;
    stage.append(this.canvas, this.tip);
    this.legend = element("ul", "explorer-legend");
    this.root.append(stage, this.legend);
    for (const { label, color, dash } of this.panel.legend)
      this.legend.append(this.legendItem(label, color, dash ? "dash" : "line"));
    this.values = new Map();
    for (const { layer, i } of [...this.layers].sort((a, b) => a.i - b.i)) {
      if (!layer.label) continue;
      const color = layer.colors
        ? colorOf(layer, Math.floor((layer.colors.length / 6) * 0.75))
        : inCss(layer.color);
      const value = element("span", `explorer-value${layer.history ? ` reads-${layer.type}` : ""}`);
      const item = this.legendItem(layer.label, color, layer.dash ? "dash" : layer.type);
      item.append(" ", value);
      this.legend.append(item);
      this.values.set(i, value);
    }
    this.legend.hidden = !this.legend.childElementCount;
    stage.addEventListener("pointermove", (event) => this.hover(event));
    stage.addEventListener("pointerleave", () => (this.tip.hidden = true));
  }

  legendItem(label, color, swatch) {
    const item = element("li");
    const mark = element("span", `explorer-swatch explorer-swatch-${swatch}`);
    mark.style.color = color;
    item.append(mark, label);
    return item;
  }

  /** 画框在画布上的位置；x()、y() 把比例换成像素，holds() 判断一点在不在画框里（缺的不在）。 */
  box() {
    const { clientWidth, clientHeight } = this.canvas;
    const [x0, y0, w, h] = this.panel.box;
    const box = { left: x0 * clientWidth, top: y0 * clientHeight, w: w * clientWidth, h: h * clientHeight };
    box.scale = clientWidth / this.panel.width; // 一磅是多少像素
    box.x = (fraction) => box.left + fraction * box.w;
    box.y = (fraction) => box.top + (1 - fraction) * box.h;
    const within = (v, from, size) => v >= from - 0.1 && v <= from + size + 0.1;
    box.holds = (x, y) => within(x, box.left, box.w) && within(y, box.top, box.h);
    return box;
  }

  /** 画一个图层所需的一切，见 layers.js。 */
  scene({ layer, i }, run, box, { ghost = false, step, future }) {
    const get = (channel) => run.get(i, channel, Math.floor(step));
    return { layer, run, get, box, step, ghost, future, axes: { x: this.panel.x, y: this.panel.y } };
  }

  /** 画出 run 走到 step 时的样子；step 可以是小数。future 为假时，不画 step 以后的部分。 */
  draw(run, ghost, step, { future = true } = {}) {
    const { canvas } = this;
    const ratio = window.devicePixelRatio || 1;
    const width = Math.round(canvas.clientWidth * ratio);
    const height = Math.round(canvas.clientHeight * ratio);
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const ctx = canvas.getContext("2d");
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (!this.blank) ctx.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
    this.blank = false;
    const box = this.box();
    const scenes = [];
    if (ghost) {
      const faded = this.layers.filter(({ layer }) => LAYERS[layer.type].ghost);
      const until = future ? Infinity : step;
      scenes.push(...faded.map((one) => this.scene(one, ghost, box, { ghost: true, step: until, future })));
    }
    scenes.push(...this.layers.map((one) => this.scene(one, run, box, { step, future })));
    ctx.save();
    ctx.beginPath();
    ctx.rect(box.left, box.top, box.w, box.h);
    ctx.clip();
    for (const scene of scenes) this.paint(ctx, scene, "draw");
    ctx.restore();
    for (const scene of scenes) this.paint(ctx, scene, "marks"); // 点和字不裁成半个
    Object.assign(this, { run, step, future });
    for (const [i, value] of this.values) value.textContent = this.reading(run, i, step);
  }

  /** 换一张空白的画布：打印时画布上的每一笔都印出来，擦除印成白色，会盖住画框。 */
  forget() {
    this.canvas.width = 0;
    this.blank = true;
  }

  paint(ctx, scene, part) {
    const { layer, ghost } = scene;
    const { [part]: plot, width } = LAYERS[layer.type];
    if (!plot) return;
    ctx.save();
    ctx.globalAlpha = ghost ? GHOST : 1;
    ctx.strokeStyle = ctx.fillStyle = onCanvas(layer.color, this.canvas);
    ctx.lineWidth = width ?? 2;
    ctx.lineJoin = "round";
    if (layer.dash || ghost) ctx.setLineDash([6, 4]);
    plot(ctx, scene);
    ctx.restore();
  }

  /** 当前步有没有哪条历史已经远远冲出画框。对数轴的下方是趋于零，不算。 */
  escaped(run, step) {
    const n = Math.min(Math.floor(step), run.length - 1);
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
    return LAYERS[layer.type].reading(this.scene({ layer, i }, run, null, { step }));
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

  /** 离指针最近的读数；一样近时取画在上面的图层。 */
  nearest(x, y) {
    const box = this.box();
    const { run, step, future } = this;
    return this.layers
      .map((one) => LAYERS[one.layer.type].hover?.(this.scene(one, run, box, { step, future }), { x, y }))
      .reduce((best, found) => (found && (!best || found.distance <= best.distance) ? found : best), null);
  }
}
