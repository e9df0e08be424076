// Runs when the page is there. A browser keeps its guest id; a tab keeps its conversation, but takes it up again only when it is
// reloaded: a second tab, even one that was duplicated from the first, begins its own.
() => {
  document.querySelector("#message .submit-button")?.setAttribute("aria-label", "Send");
  for (const label of document.querySelectorAll("#more .label-wrap")) { // Gradio's accordions don't tell whether they are open
    const tell = () => label.setAttribute("aria-expanded", String(label.classList.contains("open")));
    new MutationObserver(tell).observe(label, { attributeFilter: ["class"] });
    tell();
  }
  const again = performance.getEntriesByType("navigation")[0]?.type === "reload";
  return JSON.stringify({
    user_id: localStorage.getItem("convrec.guest") ?? "",
    thread_id: (again && sessionStorage.getItem("convrec.conversation")) || "",
    catalogue: (again && sessionStorage.getItem("convrec.catalogue")) || "",
  });
}
