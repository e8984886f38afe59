// 在图上拖：一个圆环套在可拖的图层上。手到哪里，就换到屏幕上最近的那一档，滑块跟着走；键盘用滑块。

/** 一点到一条折线的距离；折线可以只有一个点。 */
function distanceTo(line, [px, py]) {
  let best = Infinity;
  for (let n = 0; n < line.length; n++) {
    const [[x0, y0], [x1, y1]] = [line[Math.max(n - 1, 0)], line[n]];
    const along = (px - x0) * (x1 - x0) + (py - y0) * (y1 - y0);
    const t = Math.max(0, Math.min(1, along / ((x1 - x0) ** 2 + (y1 - y0) ** 2 || 1)));
    best = Math.min(best, Math.hypot(x0 + t * (x1 - x0) - px, y0 + t * (y1 - y0) - py));
  }
  return best;
}

/** 圆环套在哪里：点和轨迹的起点就是它，线是两端的中间。 */
function middle(line) {
  const [[x0, y0], [x1, y1]] = [line[0], line[line.length - 1]];
  return [(x0 + x1) / 2, (y0 + y1) / 2];
}

class Grab {
  /** figure：图；number：可拖的图层是第几个，它的 drag 是几个滑块的编号。 */
  constructor(figure, number) {
    Object.assign(this, { figure, number, layer: figure.spec.layers[number], places: null });
    this.panel = figure.page.panels[this.layer.panel];
    this.ring = element("div", "explorer-grab");
    this.ring.setAttribute("aria-hidden", "true"); // 读屏软件和键盘用滑块，不必再念一遍
    this.panel.stage.append(this.ring);
    this.ring.addEventListener("pointerdown", (event) => this.take(event));
    this.ring.addEventListener("pointermove", (event) => this.places && this.move(event));
    this.ring.addEventListener("pointerup", () => this.drop());
    this.ring.addEventListener("pointercancel", () => {
      if (this.places) this.choose(this.before); // 手势被收回：回到原来
      this.drop();
    });
  }

  /** 这一次运行里，图层此刻的像素坐标：点、轨迹的起点是一个点，线是整条。 */
  line(run, box) {
    const step = Math.floor(this.figure.player.position);
    const [x, y] = ["x", "y"].map((channel) => run.get(this.number, channel, step));
    const count = this.layer.type === "line" ? y.columns : 1;
    return Array.from({ length: count }, (_, n) => [box.x(x.values[n]), box.y(y.values[n])]);
  }

  /** 可以去的每一档：所拖的滑块的全部组合，别的滑块不动。 */
  everywhere() {
    const { spec, bytes } = this.figure;
    const box = this.panel.box();
    let all = [this.position()];
    for (const axis of this.layer.drag)
      all = all.flatMap((index) =>
        spec.sliders[axis].options.map((_, at) => Object.assign([...index], { [axis]: at })),
      );
    return all
      .map((index) => ({ index, line: this.line(new Recorded(spec, bytes, index), box) }))
      .filter(({ line }) => box.holds(...middle(line)));
  }

  position() {
    return this.figure.spec.sliders.map((_, i) => this.figure.model.get(`axis_${i}`));
  }

  take(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    this.ring.setPointerCapture(event.pointerId);
    const at = this.ring.getBoundingClientRect();
    this.offset = [event.clientX - at.x - at.width / 2, event.clientY - at.y - at.height / 2];
    this.before = this.position();
    this.places = this.everywhere();
    this.ring.classList.add("grabbed");
  }

  move(event) {
    const stage = this.panel.stage.getBoundingClientRect();
    const hand = [event.clientX - stage.x - this.offset[0], event.clientY - stage.y - this.offset[1]];
    const far = this.places.map(({ line }) => distanceTo(line, hand));
    this.choose(this.places[far.indexOf(Math.min(...far))].index);
  }

  choose(index) {
    const { model } = this.figure;
    for (const axis of this.layer.drag) model.set(`axis_${axis}`, index[axis]);
    model.save_changes();
  }

  drop() {
    this.places = null;
    this.ring.classList.remove("grabbed");
  }

  /** 图重画以后，圆环套回它的位置；在画框外就不见了。 */
  follow() {
    const box = this.panel.box();
    const [x, y] = middle(this.line(this.figure.run, box));
    this.ring.hidden = !box.holds(x, y);
    Object.assign(this.ring.style, { left: `${x}px`, top: `${y}px` });
  }
}
