// 数据：解开压缩的包，取出某个滑块位置、某一步的数组。怎样压成字节，见 encode.py；这里的 slice() 是它的逆。

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
  return { values, rows, columns, scale, clipped: (v) => v <= -4 || v >= 5 };
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
  /** 停在这里时，哪几个滑块换任何一档都还是这幅图。 */
  get idle() {
    return (this.found ??= idleSliders(this.spec, this.bytes, this.index));
  }
  get(layer, channel, step) {
    const spec = this.spec.layers[layer].channels[channel];
    return slice(this.bytes, spec, this.index, Math.min(step, Math.max(this.length - 1, 0)));
  }
}

/** 一次运行在这个通道里的全部字节，从第一步到最后一步。 */
function runBytes(bytes, { at, dims, bits }, index) {
  const size = (dims.slice(index.length).reduce((product, n) => product * n, 1) * bits) / 8;
  const place = index.reduce((sum, i, axis) => sum * dims[axis] + Math.min(i, dims[axis] - 1), 0);
  return new Uint8Array(bytes, at + place * size, size);
}

/** 停在 index 时，换任何一档都还是这幅图的滑块（例如不用动量时的动量系数）。 */
function idleSliders(spec, bytes, index) {
  const { dims, values, diverged } = spec.runs;
  const channels = spec.layers.flatMap((layer) => Object.values(layer.channels));
  const ending = (at) => {
    const flat = at.reduce((sum, i, axis) => sum * dims[axis] + i, 0);
    return `${values[flat]} ${diverged[flat]}`;
  };
  const same = (other) =>
    ending(other) === ending(index) &&
    channels.every((channel) => {
      const [here, there] = [index, other].map((at) => runBytes(bytes, channel, at));
      return here.byteOffset === there.byteOffset || here.every((byte, i) => byte === there[i]);
    });
  return dims.flatMap((n, axis) => {
    const others = [...Array(n).keys()].map((i) => index.map((at, j) => (j === axis ? i : at)));
    return others.every(same) ? [axis] : [];
  });
}

/** 从一次运行换到另一次的路上：数按 share 混合（1 是已经到了），颜色和文字马上换。 */
class Between {
  constructor(from, to, share) {
    Object.assign(this, { from, to, share });
    this.length = to.length;
  }
  get(layer, channel, step) {
    const [from, to] = [this.from, this.to].map((run) => run.get(layer, channel, step));
    if (!to.values || from.values.length !== to.values.length) return to;
    const values = to.values.map((value, n) => {
      const old = from.values[n]; // 缺了的、在画框外面的，没有“路上”
      return Number.isNaN(old) || from.clipped(old) ? value : old + (value - old) * this.share;
    });
    return { ...to, values };
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
      const { clipped, scale } = columns[0];
      this.histories.set(key, { values, rows, columns: columns.length, scale, clipped });
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

/** 画框里的比例读成坐标轴上的数。量化时一级是 scale，没有量化时是单精度的末位；比一级还细的几位不是真的，不写出来。 */
function named(axis, fraction, scale = 0, value = toValue(axis, fraction)) {
  const half = Math.max(scale, 2 ** -24) / 2;
  const level = Math.abs(toValue(axis, fraction + half) - toValue(axis, fraction - half));
  const unit = level > 0 ? 10 ** Math.ceil(Math.log10(level)) : 0;
  return spoken(axis, unit ? Math.round(value / unit) * unit : value);
}

/** 坐标轴上的数；类别轴上，正好在类别的位置就读名字。 */
function spoken(axis, value) {
  const at = Math.round(value);
  return axis.names?.[at] !== undefined && Math.abs(value - at) < 0.02 ? axis.names[at] : format(value);
}

/** 步数、取值：照原样写，只去掉浮点数末尾的误差。 */
const plain = (value) => String(Number(value.toPrecision(12)));

function format(value) {
  if (!Number.isFinite(value)) return "—";
  const size = Math.abs(value);
  if (size < 1e-12) return "0";
  if (size >= 1e5 || size < 1e-3) return value.toExponential(2);
  return String(Number(value.toPrecision(4)));
}
