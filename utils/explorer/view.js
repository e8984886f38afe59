// 界面：控件、钉住、状态。matplotlib 画好的画框（SVG）不动，画布上只重画随滑块变化的数据。

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

/** 选项多的下拉框两边各加一个箭头：一项一项地换，看画面怎样变。 */
function addArrows(select, label) {
  if (select.nextElementSibling) return;
  const arrow = (text, by, name) => {
    const node = button(text, () => {
      const to = select.selectedIndex + by;
      if (to < 0 || to >= select.options.length) return;
      select.selectedIndex = to;
      select.dispatchEvent(new Event("change", { bubbles: true }));
    });
    node.classList.add("explorer-arrow");
    node.setAttribute("aria-label", `${label}：${name}`);
    return node;
  };
  select.before(arrow("‹", -1, "上一项"));
  select.after(arrow("›", 1, "下一项"));
}

/** ipywidgets 的滑块没有可读的名字：把旁边的标签告诉读屏软件。 */
function nameControls(view) {
  const root = view.closest(".explorer");
  const cards = view.closest(".explorer-slot")?.cards ?? [];
  for (const control of root?.querySelectorAll(".widget-inline-hbox, .widget-toggle-buttons, .widget-dropdown") ?? []) {
    const name = control.querySelector(".widget-label");
    const label = name?.textContent;
    const card = cards.find((one) => one.textContent === label);
    if (card && !name.firstElementChild) name.replaceChildren(...card.cloneNode(true).childNodes);
    if (name?.title === "null") name.title = ""; // 控件没有提示时，管理器写的是 null
    const readout = control.querySelector(".widget-readout")?.textContent;
    for (const node of control.querySelectorAll('[role="slider"], [contenteditable]')) {
      node.setAttribute("aria-label", label);
      if (node.matches('[role="slider"]')) node.setAttribute("aria-valuetext", readout);
      else node.setAttribute("role", "textbox");
    }
    const select = control.querySelector("select");
    if (select) {
      select.setAttribute("aria-label", label);
      addArrows(select, label);
    }
    for (const option of control.querySelectorAll(".widget-toggle-button")) {
      option.setAttribute("aria-pressed", String(option.classList.contains("mod-active")));
      option.parentElement.setAttribute("role", "group");
      option.parentElement.setAttribute("aria-label", label);
    }
  }
}

/** 此刻不起作用的滑块是灰的：强调色只给动了就看得见的东西。 */
function markIdle(view, sliders, idle) {
  const controls = view.closest(".explorer")?.querySelectorAll(".explorer-controls > *") ?? [];
  sliders.forEach((_, i) => controls[i]?.classList.toggle("explorer-idle", idle.includes(i)));
}

/** 滑块有几档、两头是什么：样式表画刻度、写两头的值。档太密就不画。 */
function markEnds(view, sliders) {
  const controls = view.closest(".explorer")?.querySelectorAll(".explorer-controls > *") ?? [];
  sliders.forEach(({ options }, i) => {
    const track = controls[i]?.querySelector(".slider-container");
    if (!track || options.length > 30) return;
    track.style.setProperty("--gaps", options.length - 1);
    Object.assign(track.dataset, { first: options[0], last: options.at(-1) });
  });
}

/** 版面：标题、工具栏、各个坐标系、说明。 */
function layOut(spec, token) {
  const root = element("div", "explorer-view");
  if (spec.title) root.append(element("div", "explorer-title", spec.title));
  const toolbar = element("div", "explorer-toolbar");
  const status = element("span", "explorer-status");
  status.setAttribute("role", "status");
  const stages = element("div", "explorer-panels");
  stages.setAttribute("role", "group");
  stages.setAttribute("aria-label", spec.alt);
  const panels = spec.panels.map((_, number) => new Panel(spec, number, token));
  stages.append(...panels.map((panel) => panel.root));
  root.append(toolbar, stages);
  if (spec.caption) root.append(element("p", "explorer-caption", spec.caption));
  return { root, toolbar, status, stages, panels };
}

/** 状态栏里的话：现场训练的进展、发散、提前结束、哪个滑块不起作用、淡线是什么。 */
function describe(spec, { run, step, escaped, live, pinned, untouched, grabbed, idle }) {
  const last = spec.steps.length - 1;
  const at = (n) => `${spec.stepLabel} ${plain(spec.steps[Math.max(0, Math.min(n, last))])}`;
  const parts = [];
  if (live?.message) parts.push(live.message);
  else if (run.diverged && step >= Math.min(run.length, last)) parts.push(`发散：从${at(run.length)} 起数值溢出`);
  else if (escaped) parts.push("发散：数值已经冲出画框");
  else if (last > 0 && step >= run.length) parts.push(`这一次到${at(run.length - 1)} 为止`);
  else if (untouched) parts.push(`先猜一猜，再按“播放”，拖动滑块${grabbed ? "或图上的圆环" : ""}。`);
  const names = idle.map((i) => `“${spec.sliders[i].label}”`).join("");
  if (names) parts.push(`${names}这时不起作用`);
  if (live?.run.length) parts.push(`淡线是录好的：${live.ghost.name}`);
  else if (pinned) parts.push(`淡线是钉住的：${pinned.name}`);
  return parts.join("　");
}

/** 尺寸、明暗、打印变了，或者滑块晚一点才插进页面：跟着变。返回撤销的函数。 */
function watch({ root, stages }, { redraw, printing, printed }) {
  const resize = new ResizeObserver(redraw);
  resize.observe(stages);
  const theme = new MutationObserver(redraw); // 切换深浅模式，画布上的墨色跟着换
  const attributeFilter = ["data-theme", "theme", "data-jp-theme-light"];
  for (const node of [document.documentElement, document.body]) theme.observe(node, { attributeFilter });
  const controls = new MutationObserver(() => nameControls(root));
  requestAnimationFrame(() => {
    const explorer = root.closest(".explorer");
    if (explorer) controls.observe(explorer.firstElementChild, { childList: true, subtree: true });
    nameControls(root);
  });
  const hooks = { beforeprint: printing, afterprint: printed };
  for (const [when, act] of Object.entries(hooks)) window.addEventListener(when, act);
  return () => {
    resize.disconnect();
    theme.disconnect();
    controls.disconnect();
    for (const [when, act] of Object.entries(hooks)) window.removeEventListener(when, act);
  };
}

let views = 0;

/** 一张图：录好的、钉住的、现场训练的三种运行，此刻画哪一个、画到第几步。 */
class Figure {
  constructor(model, { spec, bytes }) {
    Object.assign(this, { model, spec, bytes, last: spec.steps.length - 1, pinned: null, moved: false, tween: null, frame: 0 });
    const token = `view${(views += 1)}-${Math.random().toString(36).slice(2)}`;
    this.page = layOut(spec, token);
    this.run = this.recorded();
    const redraw = () => this.redraw();
    // 网页听这个事件：读者动过了，就揭晓（theme/static/predict.js）
    this.explored = () => this.page.root.dispatchEvent(new Event("explored", { bubbles: true }));
    this.player = new Player(model, { last: this.last, jump: spec.jump }, redraw, this.explored);
    this.grabs = spec.layers.flatMap((layer, i) => (layer.drag ? [new Grab(this, i)] : []));
    const show = (live) => this.show(live);
    this.live = new LiveForm(model, spec, token, { recorded: () => this.recorded(), redraw, show });
    this.fillToolbar();
  }

  recorded() {
    const position = this.spec.sliders.map((_, i) => this.model.get(`axis_${i}`));
    return new Recorded(this.spec, this.bytes, position);
  }

  fillToolbar() {
    const { toolbar, status } = this.page;
    const pin = button("钉住对比", () => {
      this.pinned = this.pinned ? null : this.run;
      pin.textContent = this.pinned ? "取消钉住" : "钉住对比";
      pin.setAttribute("aria-pressed", String(Boolean(this.pinned)));
      this.redraw();
    });
    pin.setAttribute("aria-pressed", "false");
    if (this.last > 0) toolbar.append(this.player.button, this.player.speed);
    if (this.spec.sliders.length > 0) toolbar.append(pin);
    toolbar.append(this.live.opener, status);
    toolbar.after(this.live.form);
  }

  /** 换成现场训练的这一次；没有给就回到录好的。 */
  show(live) {
    this.player.pause();
    this.run = live ?? this.recorded();
    if (live) {
      this.player.seek(live.length - 1);
      this.player.reveal();
    }
    this.redraw();
  }

  moveSlider() {
    this.live.end();
    const from = this.run;
    this.run = this.recorded();
    this.moved = true;
    this.tween = { from, start: performance.now() };
    this.live.sync();
    this.player.revealAll();
    this.explored();
  }

  /** 一帧里再多的变化也只画一次。 */
  redraw() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.paint();
    });
  }

  /** 此刻画的运行：滑块换了一档，旧的用 --tween 毫秒变成新的（读者要求少一些动画时是 0）。 */
  between() {
    if (!this.tween) return this.run;
    const lasts = parseFloat(getComputedStyle(this.page.root).getPropertyValue("--tween"));
    const left = 1 - (performance.now() - this.tween.start) / lasts;
    if (left > 0 && left <= 1 && this.tween.from.length && !this.live.current) {
      this.redraw();
      return new Between(this.tween.from, this.run, 1 - 0.7 * left ** 2); // 第一帧就看得出在动
    }
    this.tween = null;
    return this.run;
  }

  paint() {
    const { run, player, pinned, spec, last } = this;
    const { root, status, panels } = this.page;
    const live = this.live.current;
    const step = Math.floor(player.position);
    const ghost = live?.run.length ? live.ghost : pinned;
    root.dataset.future = player.future ? "shown" : "hidden";
    const drawn = this.between();
    panels.forEach((panel) => panel.draw(drawn, ghost, player.position, { future: player.future }));
    const escaped = panels.some((panel) => panel.escaped(run, step));
    const [untouched, grabbed] = [!player.touched, this.grabs.length > 0];
    const idle = this.moved && !live ? run.idle : []; // 现场训练用的是自己填的值
    status.textContent = describe(spec, { run, step, escaped, live, pinned, untouched, grabbed, idle });
    markIdle(root, spec.sliders, idle);
    this.grabs.forEach((grab) => grab.follow());
    const diverged = run.diverged && step >= Math.min(run.length, last);
    status.classList.toggle("explorer-diverged", diverged || escaped || Boolean(live?.failed));
    nameControls(root);
    markEnds(root, spec.sliders);
  }

  /** 正文里的一个值：各滑块（axis_0、step……）到第几档。 */
  set(positions) {
    for (const [name, at] of Object.entries(positions)) this.model.set(name, at);
    this.model.save_changes();
  }

  /** 此刻画的是哪一次、第几步：纸上没有滑块，写成一行字。 */
  where() {
    const { name } = this.live.current?.run ?? this.run;
    const step = plain(this.spec.steps[Math.floor(this.player.position)]);
    return [name, this.last > 0 ? `${this.spec.stepLabel} ${step}` : ""].filter(Boolean).join("，");
  }

  /** 放进页面，跟着滑块、尺寸、明暗、打印变；返回撤销的函数。 */
  attach(el) {
    const onSlider = () => this.moveSlider();
    const names = this.spec.sliders.map((_, i) => `change:axis_${i}`);
    names.forEach((name) => this.model.on(name, onSlider));
    let before = null; // 打印以前走到哪里
    const line = element("p", "printed-values");
    const printing = () => {
      before ??= this.player.state();
      this.player.finish();
      line.textContent = this.where();
      this.page.root.prepend(line);
      this.page.panels.forEach((panel) => panel.forget());
      this.tween = null;
      this.paint();
    };
    const printed = () => {
      if (before) this.player.restore(before);
      before = null;
      line.remove();
    };
    const unwatch = watch(this.page, { redraw: () => this.redraw(), printing, printed });
    this.page.root.addEventListener("setting", ({ detail }) => this.set(detail));
    this.page.root.addEventListener("reveal", () => this.player.finish());
    el.append(this.page.root);
    hidePicture(this.spec, this.page.root);
    this.live.sync();
    this.redraw();
    return () => {
      this.player.close();
      this.live.close();
      cancelAnimationFrame(this.frame);
      unwatch();
      names.forEach((name) => this.model.off(name, onSlider));
    };
  }
}

async function render({ model, el }) {
  return new Figure(model, await unpack(model.get("payload"))).attach(el);
}

/** 图已经能拖了：收起替它占位置的图片（见 view.py 和 theme/explorers.py）。 */
function hidePicture(spec, root) {
  const pictures = document.querySelectorAll(`[data-explorer="${spec.picture}"]`);
  for (const picture of pictures) picture.hidden = true;
  requestAnimationFrame(() => {
    const slot = root.closest(".explorer-slot");
    const skeleton = slot?.querySelector(".explorer-skeleton");
    slot?.classList.add("explorer-ready");
    if (!skeleton) return;
    const names = [...skeleton.querySelectorAll(".widget-label")];
    slot.cards = names.filter((name) => name.firstElementChild); // 名字上的术语卡片留着
    skeleton.remove(); // 占位置的空架子用完了
    nameControls(root);
  });
}

export default { render };
