// 图层：每一种怎样画到画布上、怎样读数。与 utils/explorer/layers/ 里的类一一对应，按名字登记在 LAYERS。
//
// 一项里有：
//   z        画的次序，小的在下
//   ghost    钉住对比时画不画淡影
//   draw     画在画框之内的部分（超出的裁掉）
//   marks    点和字：中心在画框里就画全，不裁成半个
//   hover    离指针最近的读数 {distance, x, y, text}，没有就是 null
//   reading  图例里的读数
// 它们都收到同一个 scene：
//   layer、get(通道)、run、step（可以是小数）、box、ghost、future、axes

const GHOST = 0.38; // 钉住的曲线、现场训练时录好的那条，以及还没走到的步，都画成淡影
const HOVER_RADIUS = 32; // 离指针多近的点才读数（像素）

const LAYERS = {
  image: { z: 0, draw: drawImage, hover: hoverImage },
  bars: { z: 1, ghost: true, draw: drawBars, hover: hoverBars },
  segments: { z: 2, draw: drawSegments, hover: hoverSegments },
  line: { z: 3, ghost: true, width: 2, draw: drawCurves, marks: markHeads, hover: hoverCurves, reading: readY },
  path: { z: 4, ghost: true, width: 1.5, draw: drawCurves, marks: markTrail, hover: hoverCurves, reading: readXY },
  points: { z: 5, ghost: true, width: 2, marks: markPoints, hover: hoverCurves },
  text: { z: 6, marks: writeText },
};

// ---------- 曲线和轨迹 ----------

/** 历史画到哪里：last 是最后一个录下的点，now 是现在（可以是小数）。 */
function reached({ layer, run, step }, y) {
  const last = (layer.history ? Math.min(run.length, y.columns) : y.columns) - 1;
  return { last, now: layer.history ? Math.min(step, last) : last };
}

/** 每条曲线上第 t 个点的像素坐标；t 是小数时在相邻两点之间插值。 */
function curves({ get, box }) {
  const x = get("x");
  const y = get("y");
  return Array.from({ length: y.rows }, (_, k) => {
    const point = (n) => [
      box.x(x.values[(k % x.rows) * x.columns + n]),
      box.y(y.values[k * y.columns + n]),
    ];
    return (t) => {
      const before = Math.floor(t);
      if (before === t) return point(t);
      const [from, to] = [point(before), point(before + 1)];
      return from.map((v, i) => v + (to[i] - v) * (t - before));
    };
  });
}

function drawCurves(ctx, scene) {
  const { last, now } = reached(scene, scene.get("y"));
  for (const at of curves(scene)) {
    if (scene.future && now < last) {
      ctx.save();
      ctx.globalAlpha *= GHOST;
      stroke(ctx, at, Math.max(now, 0), last);
      ctx.restore();
    }
    stroke(ctx, at, 0, now);
  }
}

/** 历史的当前位置；下一步缺了就停在上一个录下的点。 */
function markHeads(ctx, scene) {
  const { now } = reached(scene, scene.get("y"));
  if (!scene.layer.history || scene.ghost || now < 0) return;
  for (const at of curves(scene)) {
    const head = at(now);
    dot(ctx, scene.box, head.every(Number.isFinite) ? head : at(Math.floor(now)), 4.5);
  }
}

function markTrail(ctx, scene) {
  const { now } = reached(scene, scene.get("y"));
  if (!scene.ghost && now < 400)
    for (const at of curves(scene)) for (let n = 0; n < now; n++) dot(ctx, scene.box, at(n), 2);
  markHeads(ctx, scene);
}

function stroke(ctx, at, from, to) {
  ctx.beginPath();
  let pen = false;
  const next = (n) => Math.min(Math.floor(n) + 1, to);
  for (let n = from; n <= to; n = n < to ? next(n) : Infinity) {
    const [x, y] = at(n);
    const drawn = Number.isFinite(x) && Number.isFinite(y);
    if (drawn) pen ? ctx.lineTo(x, y) : ctx.moveTo(x, y);
    pen = drawn;
  }
  ctx.stroke();
}

function hoverCurves(scene, pointer) {
  const { get, layer, box, axes, future, step, run } = scene;
  const x = get("x");
  const y = get("y");
  const known = future ? Infinity : Math.floor(step) + 1; // 藏起来的不读
  const end = layer.history ? Math.min(run.length, y.columns, known) : y.columns;
  let best = null;
  for (let k = 0; k < y.rows; k++)
    for (let n = 0; n < end; n++) {
      const fx = x.values[(k % x.rows) * x.columns + n];
      const fy = y.values[k * y.columns + n];
      best = nearer(best, pointer, box.x(fx), box.y(fy), () => pair(layer, axes, fx, fy));
    }
  return best;
}

function readY({ get, step, run, axes }) {
  const y = get("y");
  return y.rows > 1 ? "" : read(axes.y, y, Math.min(step, run.length - 1));
}

function readXY(scene) {
  const { get, step, run, axes } = scene;
  const text = readY(scene);
  return text && `(${read(axes.x, get("x"), Math.min(step, run.length - 1))}, ${text})`;
}

const read = (axis, values, n) =>
  values.clipped(values.values[Math.floor(n)])
    ? "超出画框"
    : named(axis, values.values[Math.floor(n)], values.scale);

// ---------- 散点 ----------

function markPoints(ctx, { layer, get, box, ghost }) {
  const x = get("x");
  const y = get("y");
  const z = layer.colors && get("z");
  for (let n = 0; n < x.columns; n++) {
    if (z && z.raw[n] === 255) continue; // 颜色缺了，这一点就缺了
    if (z) ctx.fillStyle = colorOf(layer, z.raw[n]);
    dot(ctx, box, [box.x(x.values[n]), box.y(y.values[n])], layer.size / 2, ghost);
  }
}

/** 圆点不裁：中心在画框里的画全，在外面的不画。 */
function dot(ctx, box, [x, y], radius, hollow = false) {
  if (!box.holds(x, y)) return;
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, 2 * Math.PI);
  hollow ? ctx.stroke() : ctx.fill();
}

// ---------- 柱 ----------

function drawBars(ctx, { layer, get, box, ghost }) {
  const [x0, x1, y] = ["x0", "x1", "y"].map(get);
  const base = box.y(layer.base);
  for (let n = 0; n < y.columns; n++) {
    const [from, to, top] = [box.x(x0.values[n]), box.x(x1.values[n]), box.y(y.values[n])];
    if (!Number.isFinite(from + to + top)) continue;
    const rect = [Math.min(from, to), Math.min(top, base), Math.abs(to - from), Math.abs(base - top)];
    ghost ? ctx.strokeRect(...rect) : ctx.fillRect(...rect);
  }
}

function hoverBars({ layer, get, box, axes }, pointer) {
  const [x0, x1, y] = ["x0", "x1", "y"].map(get);
  let best = null;
  for (let n = 0; n < y.columns; n++) {
    // 对数轴上两边的中点不是柱子的中心：先换回数值再取中间
    const center = (toValue(axes.x, x0.values[n]) + toValue(axes.x, x1.values[n])) / 2;
    const middle = (x0.values[n] + x1.values[n]) / 2;
    best = nearer(best, pointer, box.x(middle), box.y(y.values[n]), () =>
      titled(layer, `(${named(axes.x, middle, 0, center)}, ${named(axes.y, y.values[n])})`),
    );
  }
  return best;
}

// ---------- 线段 ----------

/** 每条要画的边：两端的像素坐标（已经让出结点）、粗细、颜色。 */
function edgesOf({ layer, get, box }) {
  const x = get("x");
  const y = get("y");
  const w = layer.channels.w && get("w");
  const z = layer.colors && get("z");
  return layer.edges.flatMap(([from, to], m) => {
    const ends = [from, to].map((n) => [box.x(x.values[n]), box.y(y.values[n])]);
    const width = w ? w.values[m] : layer.width;
    if (!ends.flat().every(Number.isFinite) || !(width > 0) || (z && z.raw[m] === 255)) return [];
    const [[x0, y0], [x1, y1]] = ends;
    const length = Math.hypot(x1 - x0, y1 - y0);
    if (length <= 2 * layer.gap) return [];
    const [ux, uy] = [(x1 - x0) / length, (y1 - y0) / length];
    const g = layer.gap;
    const path = [x0 + ux * g, y0 + uy * g, x1 - ux * g, y1 - uy * g];
    return [{ from, to, m, width, path, ux, uy, color: z && colorOf(layer, z.raw[m]), q: z?.raw[m] }];
  });
}

function drawSegments(ctx, scene) {
  for (const { width, path, ux, uy, color } of edgesOf(scene)) {
    const [x0, y0, x1, y1] = path;
    if (color) ctx.strokeStyle = ctx.fillStyle = color;
    const head = scene.layer.arrows ? Math.min(5 + 2 * width, Math.hypot(x1 - x0, y1 - y0)) : 0;
    ctx.lineWidth = width;
    ctx.beginPath();
    ctx.moveTo(x0, y0);
    ctx.lineTo(x1 - ux * head * 0.8, y1 - uy * head * 0.8); // 线不从箭头的尖上露出来
    ctx.stroke();
    if (!head) continue;
    const [bx, by] = [x1 - ux * head, y1 - uy * head];
    ctx.beginPath();
    ctx.moveTo(x1, y1);
    ctx.lineTo(bx - uy * head * 0.45, by + ux * head * 0.45);
    ctx.lineTo(bx + uy * head * 0.45, by - ux * head * 0.45);
    ctx.fill();
  }
}

/** 有颜色的边读它的数；指针在线上就算。 */
function hoverSegments(scene, pointer) {
  if (!scene.layer.colors) return null;
  const z = scene.get("z");
  let best = null;
  for (const { from, to, path, q } of edgesOf(scene)) {
    const [x0, y0, x1, y1] = path;
    const along = (pointer.x - x0) * (x1 - x0) + (pointer.y - y0) * (y1 - y0);
    const t = Math.max(0, Math.min(1, along / ((x1 - x0) ** 2 + (y1 - y0) ** 2)));
    const value = z.low + (q * (z.high - z.low)) / 254;
    best = nearer(best, pointer, x0 + t * (x1 - x0), y0 + t * (y1 - y0), () =>
      titled(scene.layer, `${from} → ${to}：${format(value)}`),
    );
  }
  return best;
}

// ---------- 图像 ----------

function drawImage(ctx, { layer, get, box }) {
  const { raw, rows, columns: width } = get("z");
  const depth = layer.rgb ? 3 : 1;
  const columns = width / depth;
  const pixels = new ImageData(columns, rows);
  // 颜色表只解一次：大图一帧里有几万格
  layer.table ??= layer.rgb ? null : Uint8Array.from(layer.colors.match(/../g), (hex) => parseInt(hex, 16));
  for (let cell = 0; cell < rows * columns; cell++) {
    const q = raw[depth * cell];
    if (q === 255) continue; // 缺的留空
    for (let c = 0; c < 3; c++)
      pixels.data[4 * cell + c] = layer.rgb ? (raw[3 * cell + c] * 255) / 254 : layer.table[3 * q + c];
    pixels.data[4 * cell + 3] = 255 * layer.alpha;
  }
  const buffer = document.createElement("canvas");
  buffer.width = columns;
  buffer.height = rows;
  buffer.getContext("2d").putImageData(pixels, 0, 0);
  const [left, right, bottom, top] = layer.extent;
  ctx.imageSmoothingEnabled = false;
  ctx.drawImage(buffer, box.x(left), box.y(top), box.w * (right - left), box.h * (top - bottom));
}

function hoverImage({ layer, get, box, axes }, pointer) {
  const { raw, rows, columns: width, low, high } = get("z");
  const depth = layer.rgb ? 3 : 1;
  const columns = width / depth;
  const [left, right, bottom, top] = layer.extent;
  const column = Math.floor(((pointer.x - box.x(left)) / (box.w * (right - left))) * columns);
  const row = Math.floor(((pointer.y - box.y(top)) / (box.h * (top - bottom))) * rows);
  if (row < 0 || column < 0 || row >= rows || column >= columns) return null;
  const at = depth * (row * columns + column);
  const value = [...raw.slice(at, at + depth)]
    .map((q) => format(q === 255 ? NaN : low + (q * (high - low)) / 254))
    .join("、");
  const [upsideDown, rightToLeft] = layer.mirrored;
  const where = cellName(layer, upsideDown ? rows - 1 - row : row, rightToLeft ? columns - 1 - column : column);
  if (where === null) return null; // 小图之间的空格
  const [fx, fy] = [(pointer.x - box.left) / box.w, (box.top + box.h - pointer.y) / box.h];
  const place = layer.cells ? where : `(${named(axes.x, fx)}, ${named(axes.y, fy)})`;
  return { distance: HOVER_RADIUS, x: pointer.x, y: pointer.y, text: titled(layer, `${place}：${value}`) };
}

function cellName({ tile, rows, columns }, row, column) {
  const counted = (r, c) =>
    `${rows ? rows[r] : `第 ${r} 行`}，${columns ? columns[c] : `第 ${c} 列`}`;
  if (!tile) return counted(row, column);
  const [down, right] = [Math.floor(row / (tile.rows + 1)), Math.floor(column / (tile.columns + 1))];
  const [r, c] = [row % (tile.rows + 1), column % (tile.columns + 1)];
  const number = down * tile.across + right;
  if (r === tile.rows || c === tile.columns || number >= tile.n) return null;
  return `第 ${number} 张，${counted(r, c)}`;
}

// ---------- 字 ----------

function writeText(ctx, { layer, get, box }) {
  const [x, y, t] = ["x", "y", "t"].map(get);
  const shown = layer.channels.s && get("s");
  const z = layer.colors && get("z");
  const size = layer.size * box.scale;
  const ink = ctx.fillStyle;
  ctx.font = `${size}px ${getComputedStyle(ctx.canvas).fontFamily}`;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  for (let n = 0; n < t.columns; n++) {
    const [px, py] = [box.x(x.values[n]), box.y(y.values[n])];
    if (Number.isNaN(t.values[n]) || (shown && !(shown.raw[n] > 127 && shown.raw[n] < 255))) continue;
    if (!box.holds(px, py)) continue;
    const text = wording(layer, t, n);
    ctx.fillStyle = ink;
    if (z && z.raw[n] !== 255) {
      const width = ctx.measureText(text).width + 0.4 * size;
      ctx.fillStyle = colorOf(layer, z.raw[n]);
      ctx.fillRect(px - width / 2, py - 0.65 * size, width, 1.3 * size);
      ctx.fillStyle = readableOn(ctx.fillStyle);
    }
    ctx.fillText(text, px, py);
  }
}

function wording(layer, t, n) {
  if (layer.words) return layer.words[Math.round(t.values[n])];
  return t.values[n].toFixed(layer.decimals); // 编码已把它舍入成这一位上的整数，零就是零
}

/** 写在这种底色上看得清的字色：黑或白（WCAG 2.1 的相对亮度，取对比度高的一种）。 */
function readableOn(color) {
  const [r, g, b] = [1, 3, 5].map((i) => {
    const v = parseInt(color.substr(i, 2), 16) / 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  });
  return (0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05) ** 2 > 0.05 * 1.05 ? "#000000" : "#ffffff";
}

// ---------- 共用 ----------

/** 颜色表的第 q 级。 */
const colorOf = (layer, q) => `#${layer.colors.substr(6 * q, 6)}`;

/** 颜色是 #rrggbb，或随深浅模式变化的 CSS 变量名。 */
const inCss = (color) => (color.startsWith("--") ? `var(${color})` : color);
const onCanvas = (color, canvas) =>
  color.startsWith("--") ? getComputedStyle(canvas).getPropertyValue(color).trim() : color;

/** 比 best 离指针更近，就换成这一个；缺的点（NaN）不算。 */
function nearer(best, pointer, x, y, text) {
  const distance = Math.hypot(x - pointer.x, y - pointer.y);
  if (!(distance <= HOVER_RADIUS) || (best && distance >= best.distance)) return best;
  return { distance, x, y, text: text() };
}

const titled = (layer, text) => `${layer.label ?? ""} ${text}`.trim();
const pair = (layer, axes, fx, fy) => titled(layer, `(${named(axes.x, fx)}, ${named(axes.y, fy)})`);
