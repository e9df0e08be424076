// Runs once when the conversation is shown. `element`, `trigger` and `watch` are Gradio's (gr.HTML's js_on_load).
const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
const mouse = window.matchMedia("(pointer: fine)").matches;
const opened = new Set();
let turns = 0;

element.addEventListener("click", (click) => {
  const button = click.target.closest("button[data-say], button[data-event]");
  if (!button) return;
  if (button.dataset.say !== undefined) {
    trigger("submit", { text: button.dataset.say });
    if (mouse) document.querySelector("#message textarea")?.focus();
  } else {
    trigger("select", { item: button.dataset.item, event: button.dataset.event });
  }
});

// The page is patched in place; what a person opened stays open.
element.addEventListener("toggle", (toggle) => {
  if (toggle.target.open) opened.add(toggle.target.id);
  else opened.delete(toggle.target.id);
}, true);

const settle = () => {
  for (const id of opened) element.querySelector("#" + CSS.escape(id))?.setAttribute("open", "");
  const shown = [...element.querySelectorAll(".turn")];
  const last = shown.at(-1);
  const begun = Number(last?.dataset.turn ?? 0);
  if (begun === turns) return;
  if (begun < turns) opened.clear();
  turns = begun;
  const talk = element.querySelector(".conversation");
  talk.scrollTo({ top: begun > 1 ? last.offsetTop - 24 : 0, behavior: calm ? "auto" : "smooth" });
};

watch("value", settle);
settle();
