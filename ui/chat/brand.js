// Runs once. On a narrow screen the menu shows and hides what stands beside the conversation.
const menu = element.querySelector("#menu");
menu.addEventListener("click", () => {
  const open = document.querySelector("#side").classList.toggle("open");
  menu.setAttribute("aria-expanded", String(open));
});

// Gradio's accordions don't tell whether they are open.
for (const label of document.querySelectorAll("#more .label-wrap")) {
  const tell = () => label.setAttribute("aria-expanded", String(label.classList.contains("open")));
  new MutationObserver(tell).observe(label, { attributeFilter: ["class"] });
  tell();
}
