// 先猜，再揭晓：读者动过图，或者说“我猜好了”，图下面的“再看”“为什么”才展开。
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
  for (const hand of ["pointerup", "keyup"]) {
    figure.addEventListener(hand, (event) => {
      if (event.key === "Tab") return; // 只是路过
      if (event.target.closest(".explorer-controls, .explorer-stage, .explorer-toolbar")) show(false);
    });
  }
}

/** 卡片所问的那幅图：往下第一格有图的。 */
function nextCell(card) {
  let node = card.nextElementSibling;
  while (node && !node.nextElementSibling?.matches(".reveal")) node = node.nextElementSibling;
  return node;
}

document.querySelectorAll(".guess").forEach(watch);
document.documentElement.classList.add("guessing");
