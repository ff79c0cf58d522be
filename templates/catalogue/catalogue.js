"use strict";
// Search: every word must be in a name, a field, a symbol, a doc, or another word of the type or topic.
(() => {
  const root = document.documentElement.dataset.root;
  const input = document.getElementById("q");
  const results = document.getElementById("results");
  const isPage = "all" in results.dataset;
  const most = isPage ? 200 : 12;
  let loading = null;

  // The index is loaded when it is first needed, as a script: pages opened as files may not fetch.
  function load() {
    loading ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = root + "assets/search-index.js";
      script.addEventListener("load", () => resolve(avrogenIndex));
      script.addEventListener("error", reject);
      document.head.append(script);
    });
    return loading;
  }

  // How well a row has a word: 0 is best; and which of its members has it, if nothing better does.
  function match([name, , , full, doc, members, more], word) {
    const lower = name.toLowerCase();
    if (lower === word) return [0];
    if (lower.startsWith(word)) return [1];
    if (lower.includes(word)) return [2];
    if (full.toLowerCase().includes(word)) return [3];
    const exact = members.find((member) => member.toLowerCase() === word);
    if (exact) return [4, exact];
    const near = members.find((member) => member.toLowerCase().includes(word));
    if (near) return [5, near];
    if (doc.toLowerCase().includes(word)) return [6];
    return more.toLowerCase().includes(word) ? [7] : null;
  }

  function find(index, query) {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
    const found = [];
    if (words.length === 0) return found;
    index.forEach((row, place) => {
      const matches = words.map((word) => match(row, word));
      if (matches.includes(null)) return;
      const rank = matches.reduce((sum, [points]) => sum + points, 0);
      const member = matches.map(([, member]) => member).find(Boolean);
      found.push({ row, rank, place, member });
    });
    return found.sort((a, b) => a.rank - b.rank || a.row[0].length - b.row[0].length || a.place - b.place);
  }

  function element(tag, className, text) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    made.textContent = text;
    return made;
  }

  function shown({ row: [name, kind, page, full, doc], member }) {
    const link = document.createElement("a");
    link.className = "hit";
    link.href = root + page + (member ? "#field-" + member : "");
    link.append(element("b", "", name), element("span", "kind " + kind, kind));
    if (member) link.append(element("code", "", member));
    if (full !== name) link.append(element("span", "muted full", full));
    if (doc) link.append(element("span", "doc", doc));
    return link;
  }

  async function search() {
    const query = input.value.trim();
    results.hidden = !isPage && query === "";
    if (query === "") return results.replaceChildren();
    const found = find(await load(), query);
    if (query !== input.value.trim()) return;
    const text = found.length === 0 ? "Nothing found." : found.length === 1 ? "1 result" : `${found.length} results`;
    const status = element("p", "muted status", found.length > most ? `${text}, the first ${most}:` : text);
    status.setAttribute("role", "status");
    results.replaceChildren(status, ...found.slice(0, most).map(shown));
  }

  function move(event) {
    const hits = [input, ...results.querySelectorAll("a")];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const place = hits.indexOf(document.activeElement);
    if (!step || place < 0) return;
    event.preventDefault();
    hits[Math.max(0, Math.min(hits.length - 1, place + step))].focus();
  }

  input.addEventListener("input", search);
  input.addEventListener("focus", () => { load(); search(); });
  document.addEventListener("keydown", (event) => {
    const isTyping = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
    if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      input.select();
    } else if (event.key === "Escape" && !isPage) {
      results.hidden = true;
    } else {
      move(event);
    }
  });
  if (!isPage) {
    document.addEventListener("click", (event) => {
      if (!input.form.contains(event.target)) results.hidden = true;
    });
  } else {
    input.value = new URLSearchParams(location.search).get("q") ?? "";
    search();
  }
})();

// Colours of JSON and Python. Text becomes text nodes again, so nothing in it is ever markup.
(() => {
  const token = /(?<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|(?<comment>#.*)|\b(?<word>from|import|None|True|False|null|true|false)\b|(?<![\w.])(?<number>-?\d[\w.]*)/g;
  const most = 50_000; // characters
  for (const code of document.querySelectorAll("pre code")) {
    const text = code.textContent;
    if (text.length > most) continue;
    const parts = [];
    let end = 0;
    for (const match of text.matchAll(token)) {
      const [kind] = Object.entries(match.groups).find(([, found]) => found !== undefined);
      const after = match.index + match[0].length;
      const part = document.createElement("span");
      part.className = "is-" + (kind === "string" && text[after] === ":" ? "name" : kind);
      part.textContent = match[0];
      parts.push(text.slice(end, match.index), part);
      end = after;
    }
    code.replaceChildren(...parts, text.slice(end));
  }
})();

// Buttons that copy code. Pages opened as files may have no clipboard: then there are no buttons.
(() => {
  if (!navigator.clipboard) return;
  for (const block of document.querySelectorAll(".copy")) {
    const around = document.createElement("div");
    around.className = "copied";
    block.replaceWith(around);
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.setAttribute("aria-label", "Copy this text");
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(block.textContent);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
    around.append(block, button);
  }
})();
