// 首页：接着读、每章读了多少，以及清除记录的按钮。没有记录时什么也不多出来。
const cards = document.querySelector(".parts");
const visited = Object.entries(memory.all().pages).filter(([, page]) => page.title);
const bookRoot = new URL(document.documentElement.dataset.content_root ?? "./", location.href);

function summary(page) {
  const count = (list, total, name) => (total ? `${name} ${(list ?? []).length}/${total}` : "");
  return [
    count(page.read, page.sections, "已读"),
    count(page.solved, page.quizzes, "小测"),
    count(page.done, page.exercises, "练习"),
  ]
    .filter(Boolean)
    .join("　");
}

if (cards && visited.length) {
  const [name, last] = visited.reduce((a, b) => ((a[1].when ?? 0) > (b[1].when ?? 0) ? a : b));
  const resume = make("p", "resume");
  const link = make("a", "", `${last.title}${last.section ? `，${last.section}` : ""}`);
  link.href = new URL(`${name}.html${last.at ? `#${last.at}` : ""}`, bookRoot).href;
  resume.append("继续阅读：", link);
  document.querySelector(".bd-article h1").after(resume);
  for (const [page, record] of visited) {
    const item = cards.querySelector(`a[href$="${page.replace(/^book\//, "")}.html"]`);
    item?.closest("p").append(make("span", "chapter-progress", summary(record)));
  }
  const note = make("p", "memory-note", "阅读记录只存在这个浏览器里，不会发到别处。");
  note.append(
    makeButton("memory-clear", "清除阅读记录", () => {
      memory.clear();
      for (const node of document.querySelectorAll(".resume, .chapter-progress")) node.remove();
      note.textContent = "阅读记录已经清除。";
      note.setAttribute("role", "status");
    }),
  );
  cards.after(note);
}
