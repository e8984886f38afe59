// 现场训练：一问一答。网页要“接着走”，内核走一小会儿、答复几步；不再问就是停止。

const ANSWER_MS = 4000; // 内核多久不答复就告诉读者
const BUSY_MS = 500; // 内核说正忙，过多久再问

class LiveForm {
  /** show(run)：换上正在训练的运行，undefined 是训练还没有开始；redraw()：状态变了。 */
  constructor(model, spec, view, { recorded, show, redraw }) {
    Object.assign(this, { model, spec, view, recorded, show, redraw });
    this.current = null; // {id, ghost, run, message, failed, timer}
    this.form = element("form", "explorer-live");
    this.form.hidden = true;
    this.form.noValidate = true; // 填错了由内核用中文说，不用浏览器自己的提示
    this.fields = spec.hyperparameters.map((h) => this.field(h));
    this.start = element("button", "explorer-button explorer-primary", "开始训练");
    this.start.type = "submit";
    this.stop = button("停止", () => this.finish(this.stoppedAt(), false));
    this.stop.disabled = true;
    this.progress = element("progress");
    this.progress.max = spec.steps.length;
    this.progress.hidden = true;
    this.progress.setAttribute("aria-label", "训练进度");
    this.form.append(this.start, this.stop, this.progress);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.begin();
    });
    this.opener = button("现场训练", () => this.toggle());
    this.opener.setAttribute("aria-expanded", "false");
    this.opener.hidden = true; // 有内核答复才出现
    this.listener = (message, buffers) => this.receive(message, buffers);
    model.on("msg:custom", this.listener);
    if (spec.live) this.send({ type: "hello", view });
  }

  field(h) {
    const label = element("label", "explorer-field", `${h.label} `);
    const input = element(h.options ? "select" : "input");
    if (h.options) h.options.forEach((text, i) => input.append(new Option(text, i)));
    else Object.assign(input, { type: "number", step: "any" });
    label.append(input);
    this.form.append(label);
    return input;
  }

  /** 填上滑块现在的值。 */
  sync() {
    this.spec.hyperparameters.forEach((h, i) => {
      const at = h.slider === null ? 0 : this.model.get(`axis_${h.slider}`);
      this.fields[i].value = h.options ? at : h.values[at];
    });
  }

  toggle() {
    this.form.hidden = !this.form.hidden;
    this.opener.setAttribute("aria-expanded", String(!this.form.hidden));
    if (this.form.hidden) this.end();
  }

  send(content) {
    try {
      this.model.send(content);
    } catch {
      // 内核重启后旧的连接已经断开：下面的计时会说明
    }
  }

  begin() {
    clearTimeout(this.current?.timer);
    const { hyperparameters } = this.spec;
    const texts = hyperparameters.map((h, i) => {
      const { value } = this.fields[i];
      return `${h.label} ${h.options ? h.options[value] : value}`;
    });
    const values = hyperparameters.map((h, i) => [
      h.name,
      h.options ? Number(this.fields[i].value) : this.fields[i].valueAsNumber, // 没填是 NaN，送到内核是 None
    ]);
    const ghost = this.recorded();
    const id = `${this.view}-${performance.now()}`;
    this.current = { id, ghost, run: new Live(ghost, texts.join("，")), message: "", timer: 0 };
    this.show(undefined);
    this.ask({ type: "start", id, values: Object.fromEntries(values) }, "等待内核……");
  }

  /** 问一句；过一会儿还没有答复就告诉读者，答复来了照样接着走。 */
  ask(content, message) {
    this.say(message, false);
    this.current.timer = setTimeout(
      () =>
        this.say(
          "内核还没有回应：一步要算很久，或者正在运行别的单元格，就再等等；如果重启过内核，请重新运行这一格。",
          true,
        ),
      ANSWER_MS,
    );
    this.send(content);
  }

  next(message) {
    this.ask({ type: "next", id: this.current.id }, message);
  }

  receive(message, buffers) {
    if (message.type === "ready" && message.view === this.view) this.opener.hidden = false;
    if (!this.running || message.id !== this.current.id) return;
    clearTimeout(this.current.timer);
    const { run } = this.current;
    if (message.type === "started") return this.next("开始训练……");
    if (message.type === "busy") {
      this.say("内核正在运行别的单元格，等它空下来就接着训练……", false);
      this.current.timer = setTimeout(() => this.next(this.current.message), BUSY_MS);
      return;
    }
    if (message.steps?.length) {
      const { buffer, byteOffset, byteLength } = buffers[0];
      run.push(message.steps, buffer.slice(byteOffset, byteOffset + byteLength));
    }
    run.diverged = message.outcome === "diverged";
    if (run.length) this.show(run);
    if (message.outcome) this.finish(message.text, message.outcome === "failed");
    else this.next(`现场训练中：${run.length} / ${this.spec.steps.length}`);
  }

  get running() {
    return this.current && !this.stop.disabled;
  }

  stoppedAt() {
    const { length } = this.current.run;
    const { steps, stepLabel } = this.spec;
    return length ? `已停止在第 ${plain(steps[length - 1])} ${stepLabel}` : "已停止";
  }

  say(message, failed) {
    Object.assign(this.current, { message, failed });
    this.start.disabled = true;
    this.stop.disabled = this.progress.hidden = false;
    this.progress.value = this.current.run.length;
    this.redraw();
  }

  finish(message, failed) {
    clearTimeout(this.current.timer);
    Object.assign(this.current, { message, failed });
    this.start.disabled = false;
    this.stop.disabled = this.progress.hidden = true;
    this.redraw();
  }

  /** 回到录好的：滑块动了，或这一栏收起来了。 */
  end() {
    if (!this.current) return;
    this.finish("", false);
    this.current = null;
    this.show(null);
  }

  close() {
    clearTimeout(this.current?.timer);
    this.model.off("msg:custom", this.listener);
  }
}
