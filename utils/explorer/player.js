// 走到第几步：步数的滑块停在整数上，播放时历史曲线连同小数部分一起画。

const PLAY_MS = 5000; // 常速下从头播放到尾的时间
const JUMPS = 10; // 读者要求少一些动画时，整个过程分成几跳
const SPEEDS = [0.5, 1, 2, 4];

class Player {
  /** redraw()：position 或 future 变了，重画一次。jump：头一回拖超参数时自己走到最后一步。explored()：步数动了。 */
  constructor(model, { last, jump }, redraw, explored) {
    this.model = model;
    this.last = last;
    this.jump = jump;
    this.redraw = redraw;
    this.explored = explored;
    this.position = model.get("step"); // 可以是小数
    this.future = this.position >= last; // 要不要画还没走到的部分：读者先猜，动过以后才画
    this.touched = this.future;
    this.timer = 0;
    this.button = button("▶ 播放", () => (this.timer ? this.pause() : this.play()));
    this.speed = element("select", "explorer-speed");
    this.speed.setAttribute("aria-label", "播放速度");
    for (const speed of SPEEDS) this.speed.append(new Option(`${speed}×`, speed, false, speed === 1));
    this.listener = () => this.follow();
    model.on("change:step", this.listener);
  }

  /** 滑块到了另一步：不是播放带去的，就是读者拖的。 */
  follow() {
    const step = this.model.get("step");
    if (step === Math.floor(this.position)) return this.redraw();
    this.pause();
    this.position = step;
    this.reveal();
    this.explored();
  }

  seek(step) {
    this.model.set("step", step);
    this.model.save_changes();
  }

  /** 读者动手了：以后画出整条曲线。 */
  reveal() {
    this.future = this.touched = true;
    this.redraw();
  }

  /** 动的是别的滑块：还没走过就走到底，不然看不出变化；作者写明停在哪一步的，就停在那里。 */
  revealAll() {
    if (this.jump && !this.touched) this.seek(this.last);
    else this.reveal();
  }

  /** 纸上拖不动：还没动过的画到底；读者走到哪里、作者停在半路的，照样。 */
  finish() {
    if (this.position === 0 && !this.touched) this.seek(this.last);
    else this.reveal();
  }

  state() {
    const { position, future, touched } = this;
    return { position, future, touched };
  }

  /** 回到 state() 记下的样子。 */
  restore(state) {
    Object.assign(this, state);
    this.seek(Math.floor(this.position));
    this.redraw();
  }

  play() {
    if (this.position >= this.last) this.position = 0;
    const from = this.position;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const stride = calm ? Math.ceil(this.last / JUMPS) : 0;
    let travelled = 0;
    let before = performance.now();
    this.touched = true;
    this.explored();
    this.button.textContent = "❚❚ 暂停";
    const tick = (now) => {
      const elapsed = Math.max(0, now - before); // 这一帧可能在按下之前就开始了
      travelled += (elapsed / PLAY_MS) * this.last * this.speed.value;
      before = now;
      const moved = stride ? Math.floor(travelled / stride) * stride : travelled;
      this.position = from + travelled >= this.last ? this.last : from + moved;
      if (Math.floor(this.position) !== this.model.get("step")) this.seek(Math.floor(this.position));
      this.redraw();
      if (this.position < this.last) this.timer = requestAnimationFrame(tick);
      else this.pause();
    };
    this.timer = requestAnimationFrame(tick);
  }

  pause() {
    cancelAnimationFrame(this.timer);
    this.timer = 0;
    this.button.textContent = "▶ 播放";
    if (this.position >= this.last) this.future = true;
  }

  close() {
    this.pause();
    this.model.off("change:step", this.listener);
  }
}
