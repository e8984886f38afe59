// 界面：控件、播放、钉住、现场训练。matplotlib 画好的画框（SVG）不动，画布上只重画随滑块变化的数据。

const PLAY_MS = 5000; // 从头播放到尾的时间
const ANSWER_MS = 4000; // 内核多久不答复就算没有回应

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
