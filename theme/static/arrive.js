// 到得准：链接、刷新、后退都停在原来那一处。公式与图让页面长高的时候再对一次，直到读者自己动手。
history.scrollRestoration = "manual";

// node 停在离屏幕顶 offset 处；y、height 是上一次对准以后页面滚到哪里、有多高
const arrival = { node: null, offset: 0, y: 0, height: 0 };
const { documentElement: root } = document;

/** 打开这一处外面折着的框。 */
function unfold(node) {
  for (let box = node?.closest("details"); box; box = box.parentElement.closest("details")) {
    box.open = true;
  }
}

function land() {
  if (!arrival.node?.isConnected) return;
  const gap = arrival.node.getBoundingClientRect().top - arrival.offset;
  if (Math.abs(gap) > 1) scrollBy({ top: gap, behavior: "instant" });
  Object.assign(arrival, { y: scrollY, height: root.scrollHeight });
}

/** 页面没有长高却滚到了别处：读者拖了滚动条，或者用浏览器找到了一个词。 */
const movedByReader = () => root.scrollHeight === arrival.height && Math.abs(scrollY - arrival.y) > 2;

function goTo(node, offset) {
  if (!node) return;
  unfold(node);
  Object.assign(arrival, { node, offset });
  land();
}

function target() {
  const id = decodeURIComponent(location.hash.slice(1));
  const node = id && document.getElementById(id);
  // 锚点可能是空的 span，看得见的是后面的标题
  return node && !node.offsetHeight ? (node.parentElement.querySelector("h1, h2, h3, h4") ?? node) : node;
}

/** 页首的横条有多高：标题停在它下面。 */
const headerHeight = () =>
  (document.querySelector(".bd-header-article")?.offsetHeight ?? 0) + 16;

// 按序号记，所以不数图里的：图比文字晚画好，刷新以后的序号会不同
const places = () =>
  document.querySelectorAll(".bd-article :is(section[id], p, li, .cell):not(.cell_output *)");

/** 记下读者停在哪一段，供刷新与后退用。 */
function remember() {
  const all = [...places()];
  const at = all.findLastIndex((node) => node.offsetParent && node.getBoundingClientRect().top <= 120);
  if (at < 0) return history.replaceState({ ...history.state, place: null }, "");
  const offset = all[at].getBoundingClientRect().top;
  history.replaceState({ ...history.state, place: { at, offset } }, "");
}

function arrive(place) {
  if (place) goTo(places()[place.at], place.offset);
  else goTo(target(), headerHeight());
}

let quiet = 0;
addEventListener("scroll", () => {
  if (movedByReader()) arrival.node = null;
  clearTimeout(quiet);
  quiet = setTimeout(remember, 150);
});
for (const hand of ["wheel", "touchmove", "keydown", "pointerdown"]) {
  addEventListener(hand, () => (arrival.node = null), { passive: true, capture: true });
}
addEventListener("hashchange", () => history.state?.place || goTo(target(), headerHeight()));
addEventListener("popstate", () => history.state?.place && arrive(history.state.place));
new ResizeObserver(land).observe(document.querySelector(".bd-article") ?? document.body);
arrive(placeBefore);
// 后面的脚本装好框和小测，页面才不再变样：从链接来的读者那时才看见正文，不会看见它跳（arriving，book.css）
addEventListener("DOMContentLoaded", () => root.classList.remove("arriving"));
addEventListener("load", () => (arrival.node ? land() : undefined));
