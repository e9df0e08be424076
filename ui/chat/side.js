// Runs once for each part of the side. What is pressed, sent or set goes to the server as plain data.
const opened = new Map(); // what a person opened or closed stays so, though the page is patched in place
let waiting = 0;

const send = (source, more) => trigger("select", { ...source.dataset, ...more });

element.addEventListener("click", (click) => {
  const summary = click.target.closest("summary");
  if (summary) opened.set(summary.parentElement.id, !summary.parentElement.open);
  const button = click.target.closest("button[data-do]");
  if (button) send(button);
});

// A slider that is moved by keys changes at every step: what it comes to is sent.
element.addEventListener("change", ({ target }) => {
  if (!target.matches("input[data-do]")) return;
  clearTimeout(waiting);
  waiting = setTimeout(() => send(target, { value: target.value }), 250);
});

element.addEventListener("submit", (submit) => {
  submit.preventDefault();
  const form = submit.target, given = Object.fromEntries(new FormData(form));
  opened.delete(form.closest("details.change")?.id);
  if (form.dataset.do) send(form, given);
  else trigger("submit", given);
});

watch("value", () => {
  for (const details of element.querySelectorAll("details[id]")) {
    if (opened.has(details.id)) details.toggleAttribute("open", opened.get(details.id));
  }
  for (const field of element.querySelectorAll("input[value]")) {
    if (field !== document.activeElement) field.value = field.getAttribute("value");
  }
  for (const option of element.querySelectorAll("option")) {
    if (option.parentElement !== document.activeElement) option.selected = option.hasAttribute("selected");
  }
});
