// 图层：每一种怎样画到画布上。

const GHOST = 0.38; // 钉住的曲线、现场训练时录好的那条，以及还没走到的步，都画成淡影

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
