// 在网页自己的脚本之前运行：记下每块画布最近一次 clearRect 之后真正画了什么，坐标换成 CSS 像素。
// 只看画布的调用，不知道图是怎么算出来的；算对没有由 drawing.py 判断。
(() => {
  const proto = CanvasRenderingContext2D.prototype;
  const logs = new WeakMap(); // 画布的上下文 -> {ops, path}
  const pixels = new WeakMap(); // 缓冲画布 -> 放进去的像素
  const log = (ctx) => logs.get(ctx) ?? logs.set(ctx, { ops: [], path: [] }).get(ctx);
  const before = (name, note) => {
    const original = proto[name];
    proto[name] = function (...args) {
      note(this, ...args);
      return original.apply(this, args);
    };
  };
  const css = (ctx, [x, y]) => {
    const { a, b, c, d, e, f } = ctx.getTransform();
    const { canvas } = ctx;
    return [
      ((a * x + c * y + e) * canvas.clientWidth) / canvas.width,
      ((b * x + d * y + f) * canvas.clientHeight) / canvas.height,
    ];
  };
  const corners = (ctx, x, y, w, h) => [...css(ctx, [x, y]), ...css(ctx, [x + w, y + h])];
  const add = (ctx, op) => log(ctx).ops.push({ alpha: ctx.globalAlpha, ...op });
  const shade = (ctx, fill) => ({
    color: fill ? ctx.fillStyle : ctx.strokeStyle,
    dash: fill ? [] : ctx.getLineDash(),
    filled: fill,
  });
  const finish = (fill) => (ctx) => {
    const { path } = log(ctx);
    const lines = path.filter((part) => part.line).map((part) => part.line.map((p) => css(ctx, p)));
    if (lines.length) add(ctx, { kind: "line", lines, ...shade(ctx, fill) });
    for (const { arc } of path)
      if (arc) add(ctx, { kind: "dot", at: css(ctx, arc), radius: arc[2], ...shade(ctx, fill) });
  };

  before("clearRect", (ctx) => logs.set(ctx, { ops: [], path: [] }));
  before("beginPath", (ctx) => (log(ctx).path = []));
  before("moveTo", (ctx, x, y) => log(ctx).path.push({ line: [[x, y]] }));
  before("lineTo", (ctx, x, y) => log(ctx).path.at(-1).line.push([x, y]));
  before("arc", (ctx, ...arc) => log(ctx).path.push({ arc }));
  before("rect", (ctx, ...rect) => log(ctx).path.push({ rect }));
  before("clip", (ctx) => add(ctx, { kind: "clip", box: corners(ctx, ...log(ctx).path[0].rect) }));
  before("stroke", finish(false));
  before("fill", finish(true));
  before("fillRect", (ctx, ...rect) =>
    add(ctx, { kind: "bar", box: corners(ctx, ...rect), ...shade(ctx, true) }));
  before("strokeRect", (ctx, ...rect) =>
    add(ctx, { kind: "bar", box: corners(ctx, ...rect), ...shade(ctx, false) }));
  before("fillText", (ctx, text, x, y) =>
    add(ctx, { kind: "text", text, at: css(ctx, [x, y]), size: parseFloat(ctx.font), ...shade(ctx, true) }));
  before("putImageData", (ctx, image) => pixels.set(ctx.canvas, image));
  before("drawImage", (ctx, source, ...rect) => {
    const { data, width, height } = pixels.get(source);
    const image = { pixels: Array.from(data), shape: [height, width, 4] };
    add(ctx, { kind: "image", box: corners(ctx, ...rect), smooth: ctx.imageSmoothingEnabled, ...image });
  });

  /** 一个控件停在第几个位置，写着什么。滑块、一排按钮、下拉框三种。 */
  const readControl = (control) => {
    const handle = control.querySelector("[role=slider]");
    const select = control.querySelector("select");
    const chosen = control.querySelector(".mod-active");
    if (handle) {
      const shows = control.querySelector(".widget-readout").textContent;
      return { index: Number(handle.getAttribute("aria-valuenow")), shows };
    }
    if (select) {
      const shows = select.selectedOptions[0].textContent.replaceAll("\u00a0", " "); // ipywidgets 换成了不断行的空格
      return { index: select.selectedIndex, shows };
    }
    return { index: [...control.querySelectorAll("button")].indexOf(chosen), shows: chosen?.textContent };
  };
  const controlsOf = (root) => [...root.querySelector(".explorer-controls").children];

  /** 第 number 张图此刻的样子：滑块停在哪里，每块画布上画着什么。 */
  window.readExplorer = (number) => {
    const root = document.querySelectorAll(".explorer")[number];
    const controls = controlsOf(root).map(readControl);
    const panels = [...root.querySelectorAll(".explorer-panel")].map((panel) => {
      const canvas = panel.querySelector("canvas");
      const outer = canvas.getBoundingClientRect();
      // matplotlib 画的第一个坐标系的底板，就是数据应当落在其中的画框；底板最先画，后面的是箭头和方块
      const plate = panel.querySelector('svg [id*="axes_1"] > [id*="patch_"]:first-child path');
      const corner = (u, v) => {
        const { x, y, width, height } = plate.getBBox();
        const at = new DOMPoint(x + u * width, y + v * height).matrixTransform(plate.getScreenCTM());
        return [at.x - outer.x, at.y - outer.y];
      };
      return {
        ops: log(canvas.getContext("2d")).ops,
        frame: plate && [...corner(0, 0), ...corner(1, 1)], // axis("off") 的坐标系没有底板
        size: [canvas.width, canvas.height, canvas.clientWidth, canvas.clientHeight],
        readings: [...panel.querySelectorAll(".explorer-value")].map((node) => node.textContent),
      };
    });
    const ink = getComputedStyle(root).getPropertyValue("--ex-ink").trim();
    const future = root.querySelector(".explorer-view").dataset.future !== "hidden"; // 还没走到的部分画不画
    return { controls, panels, ink, future, status: root.querySelector(".explorer-status").textContent };
  };

  /** 把一个控件移到 position：与读者按键、点击走同一条路，只是不用真的键盘。 */
  const move = (control, position) => {
    const handle = control.querySelector("[role=slider]");
    const select = control.querySelector("select");
    const now = () => readControl(control).index;
    if (now() === position) return;
    if (select) {
      select.selectedIndex = position;
      select.dispatchEvent(new Event("change", { bubbles: true }));
    } else if (!handle) {
      control.querySelectorAll("button")[position].click();
    } else {
      const press = (key) => handle.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
      for (let left = Math.abs(position - now()); left > 0; left--)
        press(position > now() ? "ArrowRight" : "ArrowLeft");
    }
  };
  /** 页上的图一起走：plans[图][轮] 是各控件的位置。每轮等画完一次，返回 [轮][图] 的样子（JSON）。 */
  window.walkExplorers = async (plans) => {
    const roots = [...document.querySelectorAll(".explorer")];
    const shots = [];
    for (let round = 0; round < Math.max(...plans.map((plan) => plan.length)); round++) {
      const going = roots.map((_, n) => n).filter((n) => plans[n][round]);
      for (const n of going)
        controlsOf(roots[n]).forEach((control, i) => move(control, plans[n][round][i]));
      await settle();
      shots.push(going.map((n) => [n, readExplorer(n)]));
    }
    return JSON.stringify(shots);
  };

  /** 等两帧，再等第二帧画完：滑块和窗口的变化都已经画出来。 */
  const frame = () => new Promise(requestAnimationFrame);
  window.settle = () => frame().then(frame).then(() => new Promise((done) => setTimeout(done)));
})();
