// 我在哪里：目录跟着走，手机的页首写着当前的一节，细细的进度条，读过的打勾，首页接着读。
const spied = [...document.querySelectorAll(".bd-article section[id] > :is(h2, h3)")];
const outline = new Map(
  [...document.querySelectorAll(".bd-toc-nav a[href^='#']")].map((a) => [
    decodeURIComponent(a.hash.slice(1)),
    a,
  ]),
);
document.body.removeAttribute("data-bs-spy"); // 主题自己的目录常常一节也不标，由下面的接手

const plain = (heading) => heading.firstChild.textContent.trim();
const idOf = (heading) => heading.parentElement.id;
const AT = 120; // 标题越过屏幕上这条线，就算到了这一节
const READ_MS = 3000; // 停得比这短的只是路过

const progress = make("div", "reading-progress");
progress.setAttribute("aria-hidden", "true");
const hereNode = make("a", "here");
let current = null;
let since = performance.now();

function tick(id) {
  const item = outline.get(id)?.parentElement;
  if (!item || item.classList.contains("read")) return;
  item.classList.add("read");
  item.firstElementChild.append(make("span", "visually-hidden", "（已读）"));
}

function markRead(heading) {
  const read = new Set(memory.page().read);
  read.add(idOf(heading));
  memory.note({ read: [...read] });
  tick(idOf(heading));
}

function enter(heading) {
  const shown = spied.filter((h) => h.offsetParent); // 折着的选读，读者看不见
  const next = shown.indexOf(heading) - shown.indexOf(current);
  if (current && next === 1 && performance.now() - since > READ_MS) markRead(current);
  if (heading === shown.at(-1)) setTimeout(() => current === heading && markRead(heading), READ_MS);
  current = heading;
  since = performance.now();
  for (const link of outline.values()) link.classList.remove("active");
  const link = outline.get(idOf(heading));
  for (let item = link; item; item = item.parentElement.closest("ul")?.previousElementSibling) {
    if (!item.matches?.("a")) break;
    item.classList.add("active");
  }
  link?.setAttribute("aria-current", "true");
  for (const other of outline.values()) if (other !== link) other.removeAttribute("aria-current");
  keepInView(link);
  hereNode.textContent = plain(heading);
  hereNode.href = `#${idOf(heading)}`;
  memory.note({ at: idOf(heading), section: plain(heading), when: Date.now() });
}

/** 目录自己滚到当前的一节，页面不动。 */
function keepInView(link) {
  const bar = link?.closest(".bd-sidebar-secondary");
  if (!bar || bar.scrollHeight <= bar.clientHeight) return;
  const [box, item] = [bar.getBoundingClientRect(), link.getBoundingClientRect()];
  if (item.top < box.top + 40 || item.bottom > box.bottom - 40) {
    bar.scrollTop += item.top - box.top - bar.clientHeight / 3;
  }
}

function spy() {
  const end = document.documentElement.scrollHeight - innerHeight;
  progress.style.transform = `scaleX(${end > 0 ? Math.min(1, scrollY / end) : 1})`;
  const passed = spied.findLast((h) => h.offsetParent && h.getBoundingClientRect().top <= AT);
  const heading = scrollY >= end - 2 && scrollY > 0 ? spied.findLast((h) => h.offsetParent) : passed;
  if ((heading ?? spied[0]) !== current) enter(heading ?? spied[0]);
}

function doneBoxes() {
  for (const heading of spied.filter((h) => /^练习\s*\d/.test(plain(h)))) {
    const box = Object.assign(make("input"), { type: "checkbox" });
    box.checked = (memory.page().done ?? []).includes(idOf(heading));
    box.addEventListener("change", () => {
      const done = new Set(memory.page().done);
      box.checked ? done.add(idOf(heading)) : done.delete(idOf(heading));
      memory.note({ done: [...done] });
    });
    const label = make("label", "done-box");
    label.append(box, "做完了");
    heading.after(label);
  }
}

if (spied.length && /\/ch\d\d_/.test(memory.here)) {
  document.body.append(progress);
  document.querySelector(".header-article-items__start")?.append(hereNode);
  doneBoxes();
  memory.note({
    title: plain(document.querySelector(".bd-article h1")),
    sections: outline.size,
    exercises: document.querySelectorAll(".done-box").length,
    quizzes: document.querySelectorAll(".quiz").length,
  });
  (memory.page().read ?? []).forEach(tick);
  let frame = 0;
  const soon = () => (frame ||= requestAnimationFrame(() => ((frame = 0), spy())));
  addEventListener("scroll", soon, { passive: true });
  new ResizeObserver(soon).observe(document.querySelector(".bd-article"));
  spy();
}
