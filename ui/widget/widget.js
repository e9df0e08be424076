// convrec's chat on any page: <script src="https://chat.example/widget.js" data-token-url="/chat-token" defer></script>
// Whatever comes from the server, the catalogue or a person becomes a text node or a checked address, never markup.
(() => {
  "use strict";
  const STYLE = "/* widget.css */";
  const TAG = "convrec-chat";
  const PICTURE = /^(https?:\/\/|data:image\/(png|jpeg|gif|webp|avif);base64,)/i;
  const LINK = /^https?:\/\//i;
  const CLICKS = [["like", "Like"], ["dislike", "Dislike"], ["seen", "Seen"]];
  const OFFLINE = "The server could not be reached.";
  const MOST_REASONS = 4;
  const script = document.currentScript;

  function make(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value !== null && value !== undefined) node.setAttribute(name, value);
    }
    node.append(...children.filter((child) => child !== null));
    return node;
  }

  function drawing(path, turned = false) {
    const [svg, line] = ["svg", "path"].map((name) => document.createElementNS("http://www.w3.org/2000/svg", name));
    for (const [name, value] of [["viewBox", "0 0 16 16"], ["aria-hidden", "true"]]) svg.setAttribute(name, value);
    line.setAttribute("d", path);
    if (turned) line.setAttribute("transform", "rotate(180 8 8)");
    svg.append(line);
    return svg;
  }

  const THUMB = "M5 7 7.6 1.9c.9 0 1.6.7 1.6 1.6V6h3.3c.9 0 1.5.8 1.3 1.6l-1 4.8c-.2.7-.7 1.1-1.4 1.1H5M5 7v6.5H2.2V7H5Z";
  const ICONS = {
    like: () => drawing(THUMB), dislike: () => drawing(THUMB, true),
    seen: () => drawing("M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8Zm4.5 0a2 2 0 1 0 4 0 2 2 0 1 0-4 0"),
    talk: () => drawing("M2 3.5h12v8H7l-3.2 2.6v-2.6H2Z"), close: () => drawing("m4 4 8 8m0-8-8 8"), send: () => drawing("M8 13V3m0 0L3.8 7.2M8 3l4.2 4.2"),
  };

  const random = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");

  // The server, as the person whom the token names.

  class Refusal extends Error {
    constructor(message, status = 0) {
      super(message);
      this.status = status;
    }

    static async of(response) {
      const problem = await response.json().catch(() => ({}));
      return new Refusal(String(problem.detail || response.statusText || OFFLINE), response.status);
    }
  }

  class Connection {
    constructor(element) {
      this.element = element;
      this.token = element.getAttribute("token");
      this.renewing = null;
    }

    async ask(method, path, body, headers = {}) {
      if (this.token === null) await this.renew();
      let response = await this.once(method, path, body, headers);
      if (response.status === 401 && (await this.renew())) response = await this.once(method, path, body, headers);
      if (!response.ok) throw await Refusal.of(response);
      return response;
    }

    once(method, path, body, headers) {
      const all = { ...headers };
      if (this.token !== null) all.Authorization = `Bearer ${this.token}`;
      if (body !== undefined) all["Content-Type"] = "application/json";
      return reach(this.element.server + path, { method, headers: all, credentials: "omit", body: body === undefined ? undefined : JSON.stringify(body) });
    }

    // Tells whether the host gave a new token: its callback where it set one, else its endpoint. Whoever asks meanwhile gets the same.
    renew() {
      this.renewing ??= this.granted().finally(() => { this.renewing = null; });
      return this.renewing;
    }

    async granted() {
      const address = this.element.getAttribute("token-url");
      if (typeof this.element.tokenSource !== "function" && address === null) return false;
      const given = await (typeof this.element.tokenSource === "function" ? this.element.tokenSource() : fetched(address));
      if (typeof given !== "string" || !given) throw new Refusal("The page gave no token for the chat.");
      this.token = given;
      return true;
    }

    get userId() {
      if (this.token === null) return "guest";
      try {
        const payload = atob(this.token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/"));
        return JSON.parse(new TextDecoder().decode(Uint8Array.from(payload, (c) => c.charCodeAt(0)))).sub;
      } catch {
        throw new Refusal("The page gave something that is no token.");
      }
    }
  }

  async function reach(address, options) {
    try {
      return await fetch(address, options);
    } catch {
      throw new Refusal(OFFLINE);
    }
  }

  async function fetched(address) {
    const response = await reach(address, { method: "POST", credentials: "same-origin", headers: { Accept: "application/json" } });
    if (!response.ok) throw new Refusal("The page refused a token for the chat.", response.status);
    return (await response.json()).token;
  }

  async function* eventsOf(response) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read().catch(() => { throw new Refusal(OFFLINE); });
      if (done) return;
      const pieces = (rest + value).split("\n\n");
      rest = pieces.pop();
      for (const piece of pieces) {
        const lines = piece.split("\n");
        const field = (name) => lines.filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).trimStart()).join("\n");
        if (field("data")) yield { type: field("event"), ...JSON.parse(field("data")) };
      }
    }
  }

  // A text laid out: paragraphs, lists, and where a line names an item, its card.

  const strong = (text) => text.split(/\*\*(.+?)\*\*/).map((part, n) => (n % 2 ? make("strong", {}, part) : part));

  function laidOut(text, items, card) {
    const waiting = [...items];
    const laid = [];
    for (const paragraph of text.trim().split(/\n\s*\n/)) {
      let last = null;
      for (const line of paragraph.split("\n")) {
        const numbered = /^\s*\d{1,4}[.)]\s+(.*)$/.exec(line);
        const listed = numbered ?? /^\s*[-*•]\s+(.*)$/.exec(line);
        const item = numbered && waiting.find((one) => numbered[1].startsWith(`**${one.title}**`));
        const kind = item ? "cards" : numbered ? "ol" : listed ? "ul" : "p";
        if (last?.kind !== kind) laid.push((last = { kind, node: kind === "cards" ? make("div", { class: "cards", role: "list" }) : make(kind) }));
        if (item) waiting.splice(waiting.indexOf(item), 1);
        if (item) last.node.append(card(item));
        else if (kind === "p") last.node.append(...(last.node.hasChildNodes() ? [make("br")] : []), ...strong(line));
        else last.node.append(make("li", {}, ...strong(listed[1])));
      }
    }
    if (waiting.length) laid.push({ node: make("div", { class: "cards", role: "list" }, ...waiting.map(card)) });
    return laid.map(({ node }) => node);
  }

  class Chat extends HTMLElement {
    #root = this.attachShadow({ mode: "open" });
    #connection = null;
    #catalogue = { nouns: "items", openers: [], fields: [] };
    #busy = false;
    #begun = false;
    #parts = {};

    tokenSource = null; // a function of the page's that returns a token, or a promise of one

    connectedCallback() {
      if (this.#connection) return;
      this.#connection = new Connection(this);
      const sheet = new CSSStyleSheet(); // no style tag: a page's Content-Security-Policy may forbid those
      sheet.replaceSync(STYLE);
      this.#root.adoptedStyleSheets = [sheet];
      this.#draw();
      if (this.hasAttribute("open") || this.#kept("open") === "1") this.open(false);
    }

    get server() {
      return (this.getAttribute("server") ?? (script ? new URL(script.src).origin : location.origin)).replace(/\/$/, "");
    }

    get threadId() {
      const given = this.getAttribute("thread");
      if (given) return given;
      if (!this.#kept("thread")) this.#keep("thread", `widget-${random()}`);
      return this.#kept("thread");
    }

    async open(focusing = true) {
      this.#show(true);
      if (focusing) this.#parts.box.focus();
      if (this.#begun) return;
      this.#begun = true;
      await this.#guarded(async () => {
        this.#catalogue = await (await this.#connection.ask("GET", "/v1/widget")).json();
        await this.#restore();
      });
      if (!this.#parts.log.querySelector(".turn")) this.#welcome();
    }

    close() {
      this.#show(false);
      this.#parts.opener.focus();
    }

    async say(text) {
      const words = String(text).trim();
      if (!words || this.#busy) return;
      await this.#turn(words, random());
    }

    // What is kept of a visit, in this tab alone: which thread it is and whether the chat is open.

    #memory = {};

    #kept(name) {
      try {
        return sessionStorage.getItem(`convrec:${this.server}:${name}`);
      } catch {
        return this.#memory[name] ?? null; // the browser keeps nothing for this page
      }
    }

    #keep(name, value) {
      try {
        sessionStorage.setItem(`convrec:${this.server}:${name}`, value);
      } catch {
        this.#memory[name] = value;
      }
    }

    #tell(name, detail) {
      return this.dispatchEvent(new CustomEvent(`convrec:${name}`, { detail, bubbles: true, composed: true, cancelable: name === "select" }));
    }

    async #guarded(work) {
      try {
        await work();
        return null;
      } catch (error) {
        const message = error instanceof Refusal ? error.message : "Something went wrong.";
        this.#tell("error", { message, status: error.status ?? 0 });
        if (!(error instanceof Refusal)) console.error(error);
        return message;
      }
    }

    // Drawing

    #draw() {
      const title = this.getAttribute("title-text") ?? "Ask for a recommendation";
      const opener = make("button", { type: "button", class: "opener", "aria-expanded": "false", "aria-controls": "panel", onclick: () => (this.#isOpen ? this.close() : this.open()) }, ICONS.talk(), make("span", {}, title));
      const log = make("div", { class: "log", role: "log", "aria-live": "polite", "aria-label": "Conversation", tabindex: "0" });
      const box = make("textarea", { rows: "1", maxlength: "4000", "aria-label": "Your message", placeholder: this.getAttribute("placeholder") ?? "What are you looking for?", onkeydown: (event) => this.#typed(event), oninput: () => this.#grow() });
      const send = make("button", { type: "submit", class: "send", "aria-label": "Send" }, ICONS.send());
      const form = make("form", { onsubmit: (event) => { event.preventDefault(); this.#submit(); } }, box, send);
      const close = make("button", { type: "button", class: "close", "aria-label": "Close the chat", onclick: () => this.close() }, ICONS.close());
      const panel = make("section", { id: "panel", class: "panel", role: "dialog", "aria-label": title, hidden: "", onkeydown: (event) => event.key === "Escape" && this.close() }, make("header", {}, make("h2", {}, title), close), log, form);
      this.#parts = { opener, panel, log, box, send };
      this.#root.append(panel, opener);
    }

    get #isOpen() {
      return !this.#parts.panel.hidden;
    }

    #show(open) {
      this.#parts.panel.hidden = !open;
      this.#parts.opener.setAttribute("aria-expanded", String(open));
      this.#keep("open", open ? "1" : "0");
    }

    #typed(event) {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#submit();
    }

    #submit() {
      const { box } = this.#parts;
      if (this.#busy || !box.value.trim()) return;
      const text = box.value;
      box.value = "";
      this.#grow();
      this.say(text);
    }

    #grow() {
      const { box } = this.#parts;
      box.style.height = "auto";
      box.style.height = `${Math.min(box.scrollHeight, 140)}px`;
    }

    #choices(words, label, quiet = false) {
      if (!words?.length) return null;
      const buttons = words.map((word) => make("button", { type: "button", class: quiet ? "choice quiet" : "choice", onclick: () => { this.#parts.box.focus(); this.say(word); } }, word));
      return make("div", { class: "choices", role: "group", "aria-label": label }, ...buttons);
    }

    #welcome() {
      const greeting = this.getAttribute("greeting") ?? `Tell me what you are looking for, and I will find ${this.#catalogue.nouns} for it.`;
      this.#parts.log.append(make("div", { class: "welcome" }, make("p", {}, greeting), this.#choices(this.#catalogue.openers, "You could begin with") ?? ""));
    }

    async #restore() {
      if (!this.#kept("thread") && !this.hasAttribute("thread")) return;
      const path = `/v1/users/${encodeURIComponent(this.#connection.userId)}/threads/${encodeURIComponent(this.threadId)}`;
      const found = await this.#connection.ask("GET", path).catch((error) => { if (error.status === 404) return null; throw error; });
      for (const { text, reply } of (found ? await found.json() : { turns: [] }).turns) this.#answer(this.#said(text), reply);
      this.#parts.log.querySelectorAll(".turn:not(:last-child) .choices").forEach((one) => one.remove());
      this.#parts.log.scrollTop = this.#parts.log.scrollHeight;
    }

    #said(text) {
      const answer = make("div", { class: "answer" });
      const turn = make("section", { class: "turn" }, make("p", { class: "said" }, make("span", { class: "sr" }, "You: "), text), answer);
      this.#parts.log.append(turn);
      return answer;
    }

    #answer(place, reply) {
      const card = (item) => this.#card(item, reply);
      place.replaceChildren(
        make("span", { class: "sr" }, "Answer: "), ...laidOut(reply.text, reply.items, card),
        this.#choices(reply.question?.options, reply.question?.text || "Answers to choose from") ?? "",
        this.#choices(reply.suggestions, "You could go on with", true) ?? "",
      );
    }

    #card(item, reply) {
      const values = (part) => this.#catalogue.fields.filter((field) => field.part === part && filled(item.facts[field.name])).map((field) => [field.label, [item.facts[field.name]].flat().map((value) => (field.currency ? priced(value, field.currency) : `${value}${field.unit && ` ${field.unit}`}`))]);
      const link = values("link").map(([, [address]]) => address).find((address) => LINK.test(address));
      const year = values("year").map(([, [value]]) => value.slice(0, 4))[0];
      const reasons = [...new Set(item.reasons.filter((reason) => reason.kind !== "other" && (reason.kind === "constraint" || reason.weight > 0)).map((reason) => reason.text))];
      const title = make("button", { type: "button", class: "title", onclick: () => this.#select(item, reply) }, item.title);
      return make("article", { class: "card", role: "listitem", "aria-label": `${item.rank}. ${item.title}`, "data-item": item.id },
        make("div", { class: "top" }, this.#cover(item, values("picture").map(([, [address]]) => address).find((address) => PICTURE.test(address))),
          make("div", { class: "facts" }, make("h3", {}, title, year ? make("span", { class: "year" }, ` ${year}`) : ""),
            ...values("kind").map(([, words]) => make("p", { class: "kind" }, words.join(" · "))),
            ...[...values("person"), ...values("fact")].slice(0, 4).map(([label, words]) => make("p", {}, `${label[0].toUpperCase()}${label.slice(1)}: ${words.slice(0, 3).join(", ")}`)),
            link ? make("p", {}, make("a", { href: link, target: "_blank", rel: "noopener noreferrer" }, new URL(link).hostname)) : "")),
        ...values("text").slice(0, 1).map(([, [words]]) => make("p", { class: "about" }, words)),
        reasons.length ? make("ul", { class: "reasons", "aria-label": "Why it is here" }, ...reasons.slice(0, MOST_REASONS).map((text) => make("li", {}, text))) : "",
        this.#clicks(item, reply));
    }

    #cover(item, picture) {
      const hue = [...item.id].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 360, 7);
      const cover = make("div", { class: "cover", "aria-hidden": "true" }, make("span", {}, item.title));
      cover.style.setProperty("--hue", hue);
      if (picture) cover.append(make("img", { src: picture, alt: "", loading: "lazy", referrerpolicy: "no-referrer", onerror: (event) => event.target.remove() }));
      return cover;
    }

    #clicks(item, reply) {
      const buttons = CLICKS.map(([event, word]) => make("button", { type: "button", class: event, "aria-pressed": "false", onclick: (click) => this.#click(click.currentTarget, item, event, reply) }, ICONS[event](), word));
      return make("div", { class: "clicks", role: "group", "aria-label": `What you think of ${item.title}` }, ...buttons);
    }

    // What a person does

    async #click(button, item, event, reply) {
      const failure = await this.#guarded(() => this.#feedback(item, event, reply));
      if (failure) return this.#fail(button.closest(".answer"), failure);
      const undone = { like: ".dislike", dislike: ".like" }[event];
      button.setAttribute("aria-pressed", "true");
      if (undone) button.parentElement.querySelector(undone).setAttribute("aria-pressed", "false");
      this.#tell("feedback", { item_id: item.id, title: item.title, event, thread_id: reply.thread_id, turn: reply.turn });
    }

    #feedback(item, event, reply) {
      return this.#connection.ask("POST", "/v1/feedback", { item_id: item.id, event, thread_id: reply.thread_id, turn: reply.turn });
    }

    #select(item, reply) {
      this.#tell("select", { item_id: item.id, title: item.title, rank: item.rank, thread_id: reply.thread_id, turn: reply.turn });
      this.#guarded(() => this.#feedback(item, "click", reply));
    }

    async #turn(text, key) {
      const { log, send } = this.#parts;
      log.querySelectorAll(".welcome, .choices").forEach((one) => one.remove());
      this.#busy = true;
      send.disabled = true;
      log.setAttribute("aria-busy", "true");
      const place = this.#said(text);
      place.append(make("p", { class: "waiting" }, make("span", { class: "sr" }, "Looking…")));
      place.closest(".turn").scrollIntoView({ block: "start" });
      const failure = await this.#guarded(() => this.#stream(text, key, place));
      if (failure) this.#fail(place, failure, () => { place.closest(".turn").remove(); this.#turn(text, key); });
      log.setAttribute("aria-busy", "false");
      send.disabled = false;
      this.#busy = false;
    }

    async #stream(text, key, place) {
      const response = await this.#connection.ask("POST", "/v1/chat", { text, thread_id: this.threadId, stream: true }, { "Idempotency-Key": key });
      let words = "";
      for await (const event of eventsOf(response)) {
        if (event.type === "token") place.replaceChildren(...laidOut((words += event.text), []));
        if (event.type === "error") throw new Refusal(event.message);
        if (event.type !== "done") continue;
        const { reply } = event;
        this.#answer(place, reply);
        const items = reply.items.map(({ id, title, rank }) => ({ id, title, rank }));
        this.#tell("reply", { text: reply.text, items, question: reply.question, thread_id: reply.thread_id, turn: reply.turn });
        return;
      }
      throw new Refusal("The answer broke off.");
    }

    #fail(place, message, again = null) {
      place.querySelectorAll(".waiting, .failure").forEach((one) => one.remove());
      const retry = again && make("button", { type: "button", class: "choice", onclick: () => this.#busy || again() }, "Try again");
      place.append(make("div", { class: "failure", role: "alert" }, make("p", {}, message), retry ?? ""));
    }
  }

  const priced = (amount, currency) => `${currency}${/^[A-Z]/.test(currency) ? " " : ""}${Number.isInteger(amount) ? amount : amount.toFixed(2)}`;
  const filled = (value) => value !== null && value !== undefined && value !== "" && !(Array.isArray(value) && !value.length);

  if (!customElements.get(TAG)) customElements.define(TAG, Chat);

  function place() {
    if (document.querySelector(TAG)) return;
    const element = document.createElement(TAG);
    for (const [name, value] of Object.entries(script?.dataset ?? {})) {
      const plain = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      element.setAttribute(plain === "title" ? "title-text" : plain, value);
    }
    document.body.append(element);
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", place, { once: true });
  else place();
})();
