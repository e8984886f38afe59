// 可拖动的图：matplotlib 画好的画框（SVG）不动，画布上只重画随滑块变化的数据。
// 数据怎样压成字节，见 encode.py；这里的 slice() 是它的逆。

const GHOST = 0.38; // 钉住的曲线、现场训练时录好的那条，以及还没走到的步，都画成淡影
const HOVER_RADIUS = 32; // 离指针多近的点才读数（像素）
const PLAY_MS = 5000; // 从头播放到尾的时间
const ANSWER_MS = 4000; // 内核多久不答复就算没有回应

// ---------- 数据 ----------

/** 解开压缩的包：4 字节的长度、JSON 说明、量化的数组。 */
async function unpack({ buffer, byteOffset, byteLength }) {
  const packed = new Blob([new Uint8Array(buffer, byteOffset, byteLength)]);
  const stream = packed.stream().pipeThrough(new DecompressionStream("deflate"));
  const all = await new Response(stream).arrayBuffer();
  const length = new DataView(all).getUint32(0, true);
  const spec = JSON.parse(new TextDecoder().decode(new Uint8Array(all, 4, length)));
  return { spec, bytes: all.slice(4 + length) };
}

/** 从一块量化的字节里取出某个滑块位置、某一步的 (K, N) 数组。 */
function slice(bytes, channel, index, step) {
  const { at, dims, bits, low, high } = channel;
  const [rows, columns] = dims.slice(-2);
  let offset = 0;
  [...index, step].forEach((i, axis) => {
    offset = offset * dims[axis] + (dims[axis] > 1 ? Math.min(i, dims[axis] - 1) : 0);
  });
  const size = rows * columns;
  const raw =
    bits === 16
      ? new Uint16Array(bytes, at + 2 * offset * size, size)
      : new Uint8Array(bytes, at + offset * size, size);
  if (bits === 8) return { raw, rows, columns, low, high };
  const scale = (high - low) / 65534;
  const values = Float32Array.from(raw, (q) => (q === 65535 ? NaN : low + q * scale));
  return { values, rows, columns, clipped: (v) => v <= -4 || v >= 5 };
}

/** 录好的一次运行：滑块停在 index 处。 */
class Recorded {
  constructor(spec, bytes, index) {
    this.spec = spec;
    this.bytes = bytes;
    this.index = [...index];
    const { dims, values, diverged } = spec.runs;
    const flat = index.reduce((sum, i, axis) => sum * dims[axis] + i, 0);
    this.length = values[flat];
    this.diverged = diverged[flat];
    this.name = spec.sliders.map((s, i) => `${s.label} ${s.options[index[i]]}`).join("，");
  }
  get(layer, channel, step) {
    const spec = this.spec.layers[layer].channels[channel];
    return slice(this.bytes, spec, this.index, Math.min(step, Math.max(this.length - 1, 0)));
  }
}

/** 正在内核里训练的一次运行：数据一块一块地来，固定的通道借用录好的。 */
class Live {
  constructor(base, name) {
    this.base = base;
    this.name = name;
    this.length = 0;
    this.diverged = false;
    this.steps = []; // 每一步：{bytes, layers: [{channel: spec}]}
    this.histories = new Map();
  }
  push(chunk, bytes) {
    chunk.forEach((layers) => this.steps.push({ bytes, layers }));
    this.length = this.steps.length;
    this.histories.clear();
  }
  get(layer, channel, step) {
    const here = Math.max(0, Math.min(step, this.length - 1));
    const sent = this.steps[here]?.layers[layer]?.[channel];
    if (!sent) return this.base.get(layer, channel, step);
    if (!this.base.spec.layers[layer].history) return slice(this.steps[here].bytes, sent, [], 0);
    const key = `${layer}/${channel}`;
    if (!this.histories.has(key)) {
      const columns = this.steps.map((s) => slice(s.bytes, s.layers[layer][channel], [], 0));
      const rows = columns[0].rows;
      const values = new Float32Array(rows * columns.length);
      columns.forEach((c, t) => c.values.forEach((v, k) => (values[k * columns.length + t] = v)));
      const { clipped } = columns[0];
      this.histories.set(key, { values, rows, columns: columns.length, clipped });
    }
    return this.histories.get(key);
  }
}

/** 画框里的比例换回坐标轴上的数值，与 matplotlib 的变换互逆。 */
function toValue(axis, fraction) {
  const { scale, low, high } = axis;
  if (scale === "log") return low * (high / low) ** fraction;
  if (scale === "symlog") {
    const { base, linthresh, linscale } = axis;
    const unit = linscale / (1 - 1 / base);
    const log = (v) => Math.log(v) / Math.log(base);
    const forward = (v) =>
      Math.abs(v) <= linthresh
        ? v * unit
        : Math.sign(v) * linthresh * (unit + log(Math.abs(v) / linthresh));
    const t = forward(low) + fraction * (forward(high) - forward(low));
    return Math.abs(t) <= linthresh * unit
      ? t / unit
      : Math.sign(t) * linthresh * base ** (Math.abs(t) / linthresh - unit);
  }
  return low + fraction * (high - low);
}

function format(value) {
  if (!Number.isFinite(value)) return "—";
  const size = Math.abs(value);
  if (size < 1e-12) return "0";
  if (size >= 1e5 || size < 1e-3) return value.toExponential(2);
  return String(Number(value.toPrecision(4)));
}

// ---------- 画 ----------

const plotters = {
  image(ctx, layer, box, run, i, step) {
    const { raw, rows, columns } = run.get(i, "z", step);
    const pixels = new ImageData(columns, rows);
    raw.forEach((q, cell) => {
      if (q === 255) return; // NaN 留空
      const rgb = parseInt(layer.colors.substr(6 * q, 6), 16);
      pixels.data.set([rgb >> 16, (rgb >> 8) & 255, rgb & 255, 255 * layer.alpha], 4 * cell);
    });
    const buffer = document.createElement("canvas");
    buffer.width = columns;
    buffer.height = rows;
    buffer.getContext("2d").putImageData(pixels, 0, 0);
    const [left, right, bottom, topEdge] = layer.extent;
    ctx.imageSmoothingEnabled = false;
    ctx.drawImage(buffer, box.x(left), box.y(topEdge), box.w * (right - left), box.h * (topEdge - bottom));
  },

  bars(ctx, layer, box, run, i, step, ghost) {
    const x = run.get(i, "x", step);
    const y = run.get(i, "y", step);
    for (let n = 0; n < y.columns; n++) {
      const width = layer.width * box.w;
      const left = box.x(x.values[n]) - width / 2;
      const top = box.y(y.values[n]);
      const base = box.y(layer.base);
      if (ghost) ctx.strokeRect(left, Math.min(top, base), width, Math.abs(base - top));
      else ctx.fillRect(left, Math.min(top, base), width, Math.abs(base - top));
    }
  },

  points(ctx, layer, box, run, i, step, ghost) {
    const x = run.get(i, "x", step);
    const y = run.get(i, "y", step);
    const z = layer.colors && run.get(i, "z", step);
    for (let n = 0; n < x.columns; n++) {
      if (z) ctx.fillStyle = `#${layer.colors.substr(6 * Math.min(z.raw[n], 254), 6)}`;
      dot(ctx, box.x(x.values[n]), box.y(y.values[n]), layer.size / 2, ghost);
    }
  },

  text(ctx, layer, box, run, i, step) {
    const x = run.get(i, "x", step);
    const y = run.get(i, "y", step);
    const t = run.get(i, "t", step);
    const shown = layer.channels.s && run.get(i, "s", step);
    ctx.font = `${layer.size * box.scale}px ${getComputedStyle(ctx.canvas).fontFamily}`;
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    for (let n = 0; n < t.columns; n++) {
      if (shown && shown.raw[n] <= 127) continue;
      const text = t.values[n].toFixed(layer.decimals);
      // 舍入成零的负数不写负号
      const label = Number(text) === 0 ? text.replace("-", "") : text;
      ctx.fillText(label, box.x(x.values[n]), box.y(y.values[n]));
    }
  },

  line(ctx, layer, box, run, i, step, ghost) {
    const x = run.get(i, "x", step);
    const y = run.get(i, "y", step);
    const end = layer.history ? Math.min(run.length, y.columns) : y.columns;
    const now = layer.history ? Math.min(step, end - 1) : end - 1;
    for (let k = 0; k < y.rows; k++) {
      const at = (n) => [
        box.x(x.values[(k % x.rows) * x.columns + n]),
        box.y(y.values[k * y.columns + n]),
      ];
      const alpha = ctx.globalAlpha;
      if (layer.history && now < end - 1) {
        ctx.globalAlpha = alpha * GHOST;
        stroke(ctx, at, now, end - 1);
        ctx.globalAlpha = alpha;
      }
      stroke(ctx, at, 0, now);
      if (ghost || now < 0) continue;
      if (layer.type === "path" && now < 400) for (let n = 0; n < now; n++) dot(ctx, ...at(n), 2);
      if (layer.history) dot(ctx, ...at(now), 4.5);
    }
  },
};
plotters.path = plotters.line;

/** 颜色是 #rrggbb，或随深浅模式变化的 CSS 变量名。 */
const inCss = (color) => (color.startsWith("--") ? `var(${color})` : color);
const onCanvas = (color, canvas) =>
  color.startsWith("--") ? getComputedStyle(canvas).getPropertyValue(color).trim() : color;

function stroke(ctx, at, from, to) {
  ctx.beginPath();
  let pen = false;
  for (let n = from; n <= to; n++) {
    const [x, y] = at(n);
    const drawn = Number.isFinite(x) && Number.isFinite(y);
    if (drawn) pen ? ctx.lineTo(x, y) : ctx.moveTo(x, y);
    pen = drawn;
  }
  ctx.stroke();
}

function dot(ctx, x, y, radius, hollow = false) {
  if (!Number.isFinite(x) || !Number.isFinite(y)) return;
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, 2 * Math.PI);
  hollow ? ctx.stroke() : ctx.fill();
}

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

// ---------- 界面 ----------

function element(tag, className = "", text = "") {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}

function button(text, onClick) {
  const node = element("button", "explorer-button", text);
  node.type = "button";
  node.addEventListener("click", onClick);
  return node;
}

/** ipywidgets 的滑块没有可读的名字：把旁边的标签告诉读屏软件。 */
function nameControls(view) {
  const root = view.closest(".explorer");
  for (const control of root?.querySelectorAll(".widget-inline-hbox, .widget-toggle-buttons") ?? []) {
    const name = control.querySelector(".widget-label");
    const label = name?.textContent;
    if (name?.title === "null") name.title = ""; // 控件没有提示时，管理器写的是 null
    const readout = control.querySelector(".widget-readout")?.textContent;
    for (const node of control.querySelectorAll('[role="slider"], [contenteditable]')) {
      node.setAttribute("aria-label", label);
      if (node.matches('[role="slider"]')) node.setAttribute("aria-valuetext", readout);
      else node.setAttribute("role", "textbox");
    }
    control.querySelector(".widget-toggle-button")?.parentElement.setAttribute("role", "group");
    control.querySelector(".widget-toggle-button")?.parentElement.setAttribute("aria-label", label);
  }
}

let views = 0;

async function render({ model, el }) {
  const { spec, bytes } = await unpack(model.get("payload"));
  const lastStep = spec.steps.length - 1;
  const token = `view${(views += 1)}-${Math.random().toString(36).slice(2)}`;
  const indices = () => spec.sliders.map((_, i) => model.get(`axis_${i}`));
  const recorded = () => new Recorded(spec, bytes, indices());

  let run = recorded();
  let pinned = null;
  let live = null; // {id, ghost, run, message, failed, waiting}

  // 版面
  const view = element("div", "explorer-view");
  if (spec.title) view.append(element("div", "explorer-title", spec.title));
  const toolbar = element("div", "explorer-toolbar");
  const status = element("span", "explorer-status");
  status.setAttribute("role", "status");
  const panelsNode = element("div", "explorer-panels");
  panelsNode.setAttribute("role", "group");
  panelsNode.setAttribute("aria-label", spec.alt);
  const panels = spec.panels.map((_, number) => new Panel(spec, number, token));
  panelsNode.append(...panels.map((panel) => panel.root));
  view.append(toolbar, panelsNode);
  if (spec.caption) view.append(element("p", "explorer-caption", spec.caption));
  el.append(view);

  // 重画：一帧里再多的变化也只画一次
  let frame = 0;
  const redraw = () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      const step = model.get("step");
      const ghost = live?.run.length ? live.ghost : pinned;
      panels.forEach((panel) => panel.draw(run, ghost, step));
      const escaped = panels.some((panel) => panel.escaped(run, step));
      status.textContent = describe(step, escaped);
      status.classList.toggle("explorer-diverged", run.diverged || escaped || Boolean(live?.failed));
      nameControls(view);
    });
  };
  const describe = (step, escaped) => {
    const parts = [];
    if (live?.message) parts.push(live.message);
    else if (run.diverged) parts.push(`发散：从${spec.stepLabel} ${spec.steps[Math.min(run.length, lastStep)]} 起数值溢出`);
    else if (escaped) parts.push("发散：数值已经冲出画框");
    else if (lastStep > 0 && step >= run.length) parts.push(`这一次到${spec.stepLabel} ${spec.steps[Math.max(run.length - 1, 0)]} 为止`);
    if (live?.run.length) parts.push(`淡线是录好的：${live.ghost.name}`);
    else if (pinned) parts.push(`淡线是钉住的：${pinned.name}`);
    return parts.join("　");
  };

  // 播放
  let timer = 0;
  const setStep = (step) => {
    model.set("step", step);
    model.save_changes();
  };
  const play = button("▶ 播放", () => {
    if (timer) return pause();
    const first = model.get("step") >= lastStep ? 0 : model.get("step");
    const began = performance.now();
    play.textContent = "❚❚ 暂停";
    const tick = (now) => {
      const elapsed = Math.max(0, now - began); // 这一帧可能在按下之前就开始了
      const step = Math.min(lastStep, first + Math.floor((elapsed / PLAY_MS) * lastStep));
      if (step !== model.get("step")) setStep(step);
      timer = step < lastStep ? requestAnimationFrame(tick) : pause();
    };
    timer = requestAnimationFrame(tick);
  });
  const pause = () => {
    cancelAnimationFrame(timer);
    play.textContent = "▶ 播放";
    return (timer = 0);
  };
  if (lastStep > 0) toolbar.append(play);

  // 钉住
  const pin = button("钉住对比", () => {
    pinned = pinned ? null : run;
    pin.textContent = pinned ? "取消钉住" : "钉住对比";
    pin.setAttribute("aria-pressed", String(Boolean(pinned)));
    redraw();
  });
  pin.setAttribute("aria-pressed", "false");
  if (spec.sliders.length > 0) toolbar.append(pin);

  const onSlider = () => {
    if (live) endLive();
    run = recorded();
    syncInputs();
    redraw();
  };

  // 现场训练：有内核答复才出现
  const panel = element("form", "explorer-live");
  panel.hidden = true;
  panel.noValidate = true; // 填错了由内核用中文说，不用浏览器自己的提示
  const fields = spec.hyperparameters.map((h) => {
    const field = element("label", "explorer-field", `${h.label} `);
    const input = element(h.options ? "select" : "input");
    if (h.options) h.options.forEach((text, i) => input.append(new Option(text, i)));
    else Object.assign(input, { type: "number", step: "any" });
    field.append(input);
    panel.append(field);
    return input;
  });
  const syncInputs = () =>
    spec.hyperparameters.forEach((h, i) => {
      const at = h.slider === null ? 0 : model.get(`axis_${h.slider}`);
      fields[i].value = h.options ? at : h.values[at];
    });
  const start = element("button", "explorer-button explorer-primary", "开始训练");
  start.type = "submit";
  const stop = button("停止", () => ask({ type: "stop" }, "正在停止……"));
  stop.disabled = true;
  const progress = element("progress");
  progress.max = spec.steps.length;
  progress.hidden = true;
  progress.setAttribute("aria-label", "训练进度");
  panel.append(start, stop, progress);
  const open = button("现场训练", () => {
    panel.hidden = !panel.hidden;
    open.setAttribute("aria-expanded", String(!panel.hidden));
    if (panel.hidden && live) onSlider();
  });
  open.setAttribute("aria-expanded", "false");
  open.hidden = true;
  toolbar.append(open, status);
  toolbar.after(panel);

  const send = (content) => {
    try {
      model.send({ ...content, view: token });
    } catch {
      // 内核重启后旧的连接已经断开：下面的计时会说明
    }
  };
  const endLive = () => {
    send({ type: "stop" });
    clearTimeout(live.waiting);
    live = null;
    idle();
  };
  const idle = () => {
    stop.disabled = true;
    start.disabled = false;
    progress.hidden = true;
    redraw();
  };
  const underway = (message) => {
    Object.assign(live, { message, failed: false });
    stop.disabled = false;
    start.disabled = true;
    progress.hidden = false;
    progress.value = live.run.length;
    redraw();
  };
  const finish = (message, failed) => {
    Object.assign(live, { message, failed });
    idle();
  };
  /** 给内核发消息，过一会儿还没有答复就告诉读者。 */
  const ask = (content, message) => {
    clearTimeout(live.waiting);
    live.waiting = setTimeout(
      () => finish("内核没有回应：它可能正忙着运行别的单元格；如果刚重启过内核，请重新运行这一格。", true),
      ANSWER_MS,
    );
    underway(message);
    send(content);
  };
  panel.addEventListener("submit", (event) => {
    event.preventDefault();
    pause();
    clearTimeout(live?.waiting);
    const ghost = recorded();
    const name = spec.hyperparameters
      .map((h, i) => `${h.label} ${h.options ? h.options[fields[i].value] : fields[i].value}`)
      .join("，");
    const id = `${token}-${performance.now()}`;
    live = { id, ghost, run: new Live(ghost, name) };
    const values = Object.fromEntries(
      spec.hyperparameters.map((h, i) => [
        h.name,
        h.options ? Number(fields[i].value) : fields[i].valueAsNumber, // 没填是 NaN，送到内核是 None
      ]),
    );
    ask({ type: "train", id, values }, "等待内核……");
  });
  const onMessage = (message, buffers) => {
    if (message.type === "ready" && message.view === token) open.hidden = false;
    if (!live || message.id !== live.id) return;
    clearTimeout(live.waiting);
    if (message.type === "started") {
      underway("开始训练……");
    } else if (message.type === "steps") {
      const block = buffers[0];
      live.run.push(
        message.steps,
        block.buffer.slice(block.byteOffset, block.byteOffset + block.byteLength),
      );
      run = live.run;
      setStep(run.length - 1);
      underway(`现场训练中：${run.length} / ${spec.steps.length}`);
    } else if (message.type === "done") {
      live.run.diverged = message.outcome === "diverged";
      finish(message.text, message.outcome === "failed");
    }
  };
  model.on("msg:custom", onMessage);
  if (spec.live) send({ type: "hello" });

  // 滑块、步数、尺寸、字体变化
  model.on("change:step", redraw);
  spec.sliders.forEach((_, i) => model.on(`change:axis_${i}`, onSlider));
  const resize = new ResizeObserver(redraw);
  resize.observe(panelsNode);
  // 切换深浅模式：画布上的墨色跟着换
  const theme = new MutationObserver(redraw);
  const attributeFilter = ["data-theme", "theme", "data-jp-theme-light"];
  for (const node of [document.documentElement, document.body]) theme.observe(node, { attributeFilter });
  // 滑块可能比图晚一点插进页面
  const controls = new MutationObserver(() => nameControls(view));
  requestAnimationFrame(() => {
    const root = view.closest(".explorer");
    if (root) controls.observe(root.firstElementChild, { childList: true, subtree: true });
    nameControls(view);
  });
  syncInputs();
  redraw();

  return () => {
    pause();
    if (live) endLive();
    cancelAnimationFrame(frame);
    resize.disconnect();
    controls.disconnect();
    theme.disconnect();
    model.off("msg:custom", onMessage);
    model.off("change:step", redraw);
    spec.sliders.forEach((_, i) => model.off(`change:axis_${i}`, onSlider));
  };
}

export default { render };
