// Runs once when the panel is shown: open where there is room, and as the person leaves it after that.
const known = () => element.querySelector("details");
let open = window.matchMedia("(min-width: 900px)").matches;
const keep = () => known()?.toggleAttribute("open", open);
element.addEventListener("toggle", () => { open = known().open; }, true);
watch("value", keep);
keep();
