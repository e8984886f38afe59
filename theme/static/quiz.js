// 小测：选、填、排，当场有反馈，不需要内核。题目与反馈取自页面上的列表，没有脚本时照样读得到。
const labelled = (item, pattern) => item.textContent.trim().match(pattern)?.[1].trim();

/** 读者写的数：全角的、带千分号的、百分数、分数都认。 */
function number(text) {
  const clean = text.normalize("NFKC").replace(/[,\s]/g, "").replace("−", "-");
  const [top, below = "1", ...rest] = clean.replace(/%$/, "").split("/");
  if (top === "" || below === "" || rest.length) return NaN;
  return Number(top) / Number(below) / (clean.endsWith("%") ? 100 : 1);
}

class Quiz {
  constructor(root) {
    this.root = root;
    this.id = root.closest("section").id;
    const details = root.querySelector("details");
    this.details = details;
    this.feedback = new Map(
      [...details.querySelectorAll("li")].map((li) => [labelled(li, /^([^：]+)：/), li]),
    );
    this.message = make("div", "quiz-message");
    this.message.setAttribute("role", "status");
    this.form = make("form", "quiz-form");
    this.build();
    this.form.append(Object.assign(make("button", "quiz-check", "看对不对"), { type: "submit" }));
    this.form.addEventListener("submit", (event) => (event.preventDefault(), this.check()));
    details.before(this.form, this.message);
    if ((memory.page().solved ?? []).includes(this.id)) {
      root.classList.add("solved");
      this.message.textContent = "上次做对了。";
    }
  }

  get options() {
    return [...this.root.querySelectorAll(":scope > ul > li")];
  }

  build() {
    const { sort, answer } = this.root.dataset;
    if (sort === "number") {
      this.input = Object.assign(make("input"), { type: "text", inputMode: "decimal" });
      this.input.setAttribute("aria-label", "你的答案");
      return this.form.append(this.input);
    }
    const list = this.root.querySelector(":scope > ul");
    list.classList.add("quiz-options");
    this.form.append(list);
    this.chosen = [];
    for (const li of list.children) {
      const letter = labelled(li, /^([A-Z])[.．]/);
      sort === "order" ? this.addOrder(li, letter) : this.addChoice(li, letter, answer.length > 1);
    }
  }

  addChoice(li, letter, many) {
    const input = Object.assign(make("input"), { type: many ? "checkbox" : "radio", name: this.id, value: letter });
    const label = make("label");
    label.append(input, ...li.childNodes);
    li.append(label);
  }

  addOrder(li, letter) {
    const place = makeButton("quiz-place", "·", () => {
      this.chosen = this.chosen.includes(letter) ? this.chosen.filter((x) => x !== letter) : [...this.chosen, letter];
      for (const [other, button] of this.places) {
        const at = this.chosen.indexOf(other) + 1;
        button.textContent = at || "·";
        button.setAttribute("aria-label", at ? `${other} 排第 ${at}` : `把 ${other} 排在下一个`);
      }
    });
    place.setAttribute("aria-label", `把 ${letter} 排在下一个`);
    (this.places ??= new Map()).set(letter, place);
    li.prepend(place);
  }

  /** 读者的答案；还没有作答是 null。 */
  read() {
    const { sort } = this.root.dataset;
    if (sort === "number") return this.input.value.trim() || null;
    if (sort === "order") return this.chosen.length === this.places.size ? this.chosen.join("") : null;
    const picked = [...this.form.querySelectorAll("input:checked")].map((input) => input.value);
    return picked.length ? picked.join("") : null;
  }

  isRight(given) {
    const { sort, answer, margin } = this.root.dataset;
    if (sort !== "number") return given === answer;
    return Math.abs(number(given) - number(answer)) <= number(margin) + 1e-12 * Math.abs(number(answer));
  }

  check() {
    const given = this.read();
    if (given === null) return this.say("还没有作答。", "");
    if (this.root.dataset.sort === "number" && Number.isNaN(number(given))) {
      return this.say("请填一个数，例如 0.5。", "");
    }
    const right = this.isRight(given);
    this.say(right ? "对。" : "还不对。", right ? "right" : "wrong", this.reasons(given, right));
    if (!right) return;
    this.root.classList.add("solved");
    memory.note({ solved: [...new Set([...(memory.page().solved ?? []), this.id])] });
  }

  /** 对读者所选的每一项的反馈；没有专门写的，用“其他”。 */
  reasons(given, right) {
    const { sort } = this.root.dataset;
    if (sort === "number") {
      const match = [...this.feedback].find(([key]) => number(key) === number(given));
      return [match?.[1] ?? (right ? null : this.feedback.get("其他"))];
    }
    if (sort === "order") return [right ? null : this.feedback.get("其他")];
    return [...given].map((letter) => this.feedback.get(letter) ?? this.feedback.get("其他"));
  }

  say(text, state, reasons = []) {
    this.message.replaceChildren(make("strong", "", text));
    this.message.dataset.state = state;
    const list = make("ul");
    list.append(...reasons.filter(Boolean).map((li) => li.cloneNode(true)));
    if (list.children.length) this.message.append(list);
  }
}

document.querySelectorAll(".quiz").forEach((root) => new Quiz(root));
