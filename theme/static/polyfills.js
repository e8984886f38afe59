// 旧一些的浏览器（Chrome 100、Safari 15.4、Firefox 100 起）缺的几样东西，按标准补上；有的就不动。

AbortSignal.prototype.throwIfAborted ??= function () {
  if (this.aborted) throw this.reason;
};

AbortSignal.timeout ??= (milliseconds) => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(new DOMException("signal timed out", "TimeoutError")), milliseconds);
  return controller.signal;
};

AbortSignal.any ??= (signals) => {
  const controller = new AbortController();
  for (const signal of signals) {
    if (signal.aborted) controller.abort(signal.reason);
    else signal.addEventListener("abort", () => controller.abort(signal.reason), { once: true });
  }
  return controller.signal;
};

Object.hasOwn ??= (object, key) => Object.prototype.hasOwnProperty.call(object, key);

String.prototype.replaceAll ??= function (pattern, replacement) {
  if (pattern instanceof RegExp) return this.replace(pattern, replacement);
  const literal = String(pattern).replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return this.replace(new RegExp(literal, "g"), replacement);
};

/** 解开 zlib（RFC 1950、1951）压缩的字节。 */
function inflate(source) {
  const LENGTHS = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
  const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
  let out = new Uint8Array(8 * source.length);
  let [size, at, held, count] = [0, 2, 0, 0]; // 前两个字节是 zlib 的头
  const write = (byte) => {
    if (size === out.length) {
      const bigger = new Uint8Array(2 * size + 64);
      bigger.set(out);
      out = bigger;
    }
    out[size++] = byte;
  };
  const bits = (n) => {
    while (count < n) {
      if (at >= source.length) throw new TypeError("压缩的数据不完整");
      held |= source[at++] << count;
      count += 8;
    }
    const value = held & ((1 << n) - 1);
    held >>>= n;
    count -= n;
    return value;
  };
  /** 码长 -> 每种长度有几个码，按次序排好的符号。 */
  const table = (lengths) => {
    const counts = new Uint16Array(16);
    lengths.forEach((n) => n && counts[n]++);
    const starts = [0, 0];
    for (let n = 1; n < 15; n++) starts.push(starts[n] + counts[n]);
    const symbols = [];
    lengths.forEach((n, symbol) => n && (symbols[starts[n]++] = symbol));
    return { counts, symbols };
  };
  const symbol = ({ counts, symbols }) => {
    let [code, first, index] = [0, 0, 0];
    for (let n = 1; n < 16; n++) {
      code |= bits(1);
      if (code - first < counts[n]) return symbols[index + code - first];
      index += counts[n];
      first = (first + counts[n]) << 1;
      code <<= 1;
    }
    throw new TypeError("压缩的数据坏了");
  };
  const fixed = () => [
    table(Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8))),
    table(Array(30).fill(5)),
  ];
  const dynamic = () => {
    const [literals, distances, codes] = [bits(5) + 257, bits(5) + 1, bits(4) + 4];
    const lengths = Array(19).fill(0);
    for (let i = 0; i < codes; i++) lengths[ORDER[i]] = bits(3);
    const meta = table(lengths);
    const all = [];
    while (all.length < literals + distances) {
      const code = symbol(meta);
      if (code < 16) all.push(code);
      else if (code === 16) all.push(...Array(3 + bits(2)).fill(all[all.length - 1]));
      else all.push(...Array(code === 17 ? 3 + bits(3) : 11 + bits(7)).fill(0));
    }
    return [table(all.slice(0, literals)), table(all.slice(literals))];
  };
  const stored = () => {
    at -= count >> 3; // 整字节退回去，零头丢掉
    held = count = 0;
    const length = source[at] | (source[at + 1] << 8);
    at += 4;
    for (let i = 0; i < length; i++) write(source[at++]);
  };
  const block = ([literal, distance]) => {
    for (let code = symbol(literal); code !== 256; code = symbol(literal)) {
      if (code < 256) {
        write(code);
        continue;
      }
      const extra = code < 265 || code === 285 ? 0 : (code - 261) >> 2;
      const length = LENGTHS[code - 257] + bits(extra);
      const far = symbol(distance);
      const wide = far < 4 ? 0 : (far >> 1) - 1;
      const back = (far < 4 ? far : (2 + (far & 1)) << wide) + 1 + bits(wide);
      for (let i = 0; i < length; i++) write(out[size - back]);
    }
  };
  for (let last = 0; !last; ) {
    last = bits(1);
    const kind = bits(2);
    if (kind === 0) stored();
    else block(kind === 1 ? fixed() : dynamic());
  }
  return out.slice(0, size);
}

if (!("DecompressionStream" in window)) {
  // 只有本站用到的那一种：deflate，也就是 zlib
  window.DecompressionStream = class {
    constructor() {
      const chunks = [];
      let output;
      this.readable = new ReadableStream({ start: (controller) => (output = controller) });
      this.writable = new WritableStream({
        write: (chunk) => void chunks.push(chunk),
        async close() {
          output.enqueue(inflate(new Uint8Array(await new Blob(chunks).arrayBuffer())));
          output.close();
        },
        abort: (reason) => output.error(reason),
      });
    }
  };
}

ReadableStream.prototype.pipeThrough ??= function ({ readable, writable }) {
  this.pipeTo(writable).catch(() => {}); // 出错时 readable 那一头会说
  return readable;
};
