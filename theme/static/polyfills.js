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

Array.prototype.findLastIndex ??= function (found) {
  let at = this.length - 1;
  while (at >= 0 && !found(this[at], at, this)) at--;
  return at;
};

Array.prototype.findLast ??= function (found) {
  return this[this.findLastIndex(found)];
};

String.prototype.replaceAll ??= function (pattern, replacement) {
  if (pattern instanceof RegExp) return this.replace(pattern, replacement);
  const literal = String(pattern).replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return this.replace(new RegExp(literal, "g"), replacement);
};

if (!("DecompressionStream" in window)) {
  const own = document.currentScript.src;
  let library; // 缺的时候才取，只取一次
  const fflate = () => {
    library ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.onload = () => resolve(window.fflate);
      script.onerror = () => reject(new TypeError("没有取到解压的脚本"));
      script.src = new URL("widgets/fflate.js", own).href;
      document.head.append(script);
    });
    return library;
  };
  // 只有本站用到的那一种：deflate，也就是 zlib
  window.DecompressionStream = class {
    constructor() {
      const chunks = [];
      let output;
      this.readable = new ReadableStream({ start: (controller) => (output = controller) });
      this.writable = new WritableStream({
        write: (chunk) => void chunks.push(chunk),
        async close() {
          const packed = new Uint8Array(await new Blob(chunks).arrayBuffer());
          output.enqueue((await fflate()).unzlibSync(packed));
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
