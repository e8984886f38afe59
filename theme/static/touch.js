// 手指从滑块上竖着划过：页面照常滚动，滑块不动。横着划才拖。
// 控件自带的滑块一碰就抢走手势，被浏览器收回时（touchcancel）又不松手。这里先看手指往哪边走，
// 认定是横着，才把它当作鼠标交给滑块。
const TURN = 6; // 手指走了这么多像素才看得出方向
let finger = null; // {id, target, x, y, dragging}

const mouse = (type, target, { clientX, clientY }) =>
  target.dispatchEvent(
    new MouseEvent(type, { clientX, clientY, buttons: type === "mouseup" ? 0 : 1, bubbles: true, cancelable: true }),
  );

addEventListener(
  "touchstart",
  (event) => {
    if (event.target.closest?.(".noUi-target")) event.stopPropagation();
  },
  { capture: true, passive: true },
);
addEventListener("pointerdown", (event) => {
  if (event.pointerType !== "touch" || !event.target.closest?.(".noUi-target")) return;
  const { pointerId: id, target, clientX: x, clientY: y } = event;
  finger = { id, target, x, y, dragging: false };
}, true);
addEventListener("pointermove", (event) => {
  if (event.pointerId !== finger?.id) return;
  const [dx, dy] = [Math.abs(event.clientX - finger.x), Math.abs(event.clientY - finger.y)];
  if (!finger.dragging && dx > TURN && dx > dy) {
    finger.dragging = true;
    mouse("mousedown", finger.target, { clientX: finger.x, clientY: finger.y });
  }
  if (finger.dragging) mouse("mousemove", document.documentElement, event);
}, true);
for (const [type, back] of [["pointerup", false], ["pointercancel", true]]) {
  addEventListener(type, (event) => {
    if (event.pointerId !== finger?.id) return;
    if (finger.dragging) {
      const at = back ? { clientX: finger.x, clientY: finger.y } : event;
      if (back) mouse("mousemove", document.documentElement, at); // 手势被收回：值回到原来
      mouse("mouseup", document.documentElement, at);
    }
    finger = null;
  }, true);
}
