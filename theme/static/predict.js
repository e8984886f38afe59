// 先猜，再揭晓：读者让图动了，或者说“我猜好了”，图下面的“再看”“为什么”才展开。
function watch(card) {
  const figure = nextCell(card);
  const reveal = figure?.nextElementSibling;
  if (!reveal?.matches(".reveal")) return;
  const guessed = () => (memory.page().guessed ?? []).includes(card.id);
  const say = makeButton("guess-done", "我猜好了", () => show(true));
  const show = (scroll) => {
    if (!guessed()) memory.note({ guessed: [...(memory.page().guessed ?? []), card.id] });
    reveal.open = true;
    say.remove();
    if (scroll) reveal.querySelector("summary").focus({ preventScroll: true });
  };
  reveal.open = guessed();
  if (guessed()) return;
  card.append(say);
  reveal.addEventListener("toggle", () => reveal.open && show(false), { once: true });
  whenExplored(figure, () => show(false));
}

/** 读者的手（在图里按下的鼠标、手指、键）让图动了，等手放开，在哪里放开都算；路过、打印不算。 */
function whenExplored(figure, act) {
  const over = new AbortController();
  const on = (node, kind, hear) => node.addEventListener(kind, hear, { capture: true, signal: over.signal });
  let hand = false;
  let pressed = false;
  let moved = false;
  const settle = () => {
    if (!moved || pressed) return;
    over.abort();
    act();
  };
  on(document, "pointerdown", ({ target }) => ((hand = figure.contains(target)), (pressed = true)));
  on(document, "keydown", (e) => (hand = figure.contains(e.target) && !e.ctrlKey && !e.metaKey));
  for (const end of ["pointerup", "pointercancel"]) on(document, end, () => ((pressed = false), settle()));
  on(figure, "change", () => (pressed = false)); // 下拉框放开的时候，网页不一定知道
  on(figure, "explored", () => ((moved ||= hand), settle()));
}

/** 卡片所问的那幅图：往下第一格有图的。 */
function nextCell(card) {
  let node = card.nextElementSibling;
  while (node && !node.nextElementSibling?.matches(".reveal")) node = node.nextElementSibling;
  return node;
}

document.querySelectorAll(".guess").forEach(watch);
document.documentElement.classList.add("guessing");
