// Runs once. On a narrow screen the menu shows and hides what stands beside the conversation.
const menu = element.querySelector("#menu");
menu.addEventListener("click", () => {
  const open = document.querySelector("#side").classList.toggle("open");
  menu.setAttribute("aria-expanded", String(open));
});
