// Runs once when the conversation is shown. `element`, `trigger` and `watch` are Gradio's (gr.HTML's js_on_load).
const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
const mouse = window.matchMedia("(pointer: fine)").matches;
const most = 3; // cards that are compared at once
const opened = new Set();
const picked = new Map(); // id → the name by which a message names it
let turns = 0;

const say = (text) => {
  trigger("submit", { text });
  if (mouse) document.querySelector("#message textarea")?.focus();
};

element.addEventListener("click", (click) => {
  const summary = click.target.closest("summary");
  if (summary) {
    const { id, open } = summary.parentElement;
    if (open) opened.delete(id);
    else opened.add(id);
  }
  const button = click.target.closest("button");
  if (!button) return;
  if (button.dataset.say !== undefined) say(button.dataset.say);
  else if (button.dataset.event !== undefined) trigger("select", { item: button.dataset.item, event: button.dataset.event });
  else if (button.dataset.pick !== undefined) pick(button.dataset.pick, button.dataset.name);
  else if (button.matches("[data-unpick]")) unpick();
  else if (button.matches("[data-compare]")) {
    const names = [...picked.values()];
    unpick();
    say(`Compare ${names.slice(0, -1).join(", ")} and ${names.at(-1)}`);
  }
});

const pick = (id, name) => {
  if (!picked.delete(id)) {
    if (picked.size === most) picked.delete(picked.keys().next().value);
    picked.set(id, name);
  }
  showPicked();
};

const unpick = () => {
  picked.clear();
  showPicked();
};

const showPicked = () => {
  for (const button of element.querySelectorAll("[data-pick]")) button.setAttribute("aria-pressed", String(picked.has(button.dataset.pick)));
  const bar = element.querySelector(".picked");
  bar.hidden = picked.size === 0;
  bar.querySelector("span").textContent = [...picked.values()].join(" · ") + (picked.size === 1 ? " · pick another one" : "");
  bar.querySelector("[data-compare]").hidden = picked.size < 2;
};

const settle = () => {
  for (const id of opened) element.querySelector("#" + CSS.escape(id))?.setAttribute("open", "");
  const shown = [...element.querySelectorAll(".turn")];
  const last = shown.at(-1);
  const begun = Number(last?.dataset.turn ?? 0);
  if (begun < turns) {
    opened.clear();
    picked.clear();
  }
  showPicked();
  if (begun === turns) return;
  turns = begun;
  const talk = element.querySelector(".conversation");
  talk.scrollTo({ top: begun > 1 ? last.offsetTop - 24 : 0, behavior: calm ? "auto" : "smooth" });
};

watch("value", settle);
settle();
