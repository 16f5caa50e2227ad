// The presenter's page. The browser's cookie opens it; the secret itself is in no address here.

import { clock, follow, secondsLeft } from "./live.js";
import { element, find, number, picture, points } from "./page.js";

const PODIUM = ["Podium", "Reveal third place", "Reveal second place", "Reveal first place"];

let state = null;

async function act(what, values = {}) {
  try {
    const answer = await fetch("/api/control", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ do: what, ...values }),
    });
    const result = await answer.json();
    if (answer.ok) {
      return result;
    }
    say(result.error, true);
    if (answer.status === 403) {
      location.reload();
    }
  } catch {
    say("No connection. Try again.", true);
  }
  return null;
}

function say(text, bad = false) {
  find("#status").textContent = text;
  find("#status").classList.toggle("bad", bad);
}

// Pressed twice to do what cannot be undone.
function surely(button, text, work) {
  button.addEventListener("click", () => {
    if (button.dataset.sure) {
      work();
      return;
    }
    button.dataset.sure = "yes";
    const before = button.textContent;
    button.textContent = text;
    setTimeout(() => {
      delete button.dataset.sure;
      button.textContent = before;
    }, 3000);
  });
  return button;
}

function button(text, work, className = "") {
  const made = element("button", { type: "button", textContent: text, className });
  made.addEventListener("click", work);
  return made;
}

function show(news) {
  state = news;
  find("#ask").hidden = !news.llm;
  showRounds(news);
  showWaiting(news);
  showRecent(news.recent);
  const step = news.podium;
  find("#podium").textContent = PODIUM[step] ?? "All places are revealed";
  find("#podium").disabled = step === 4 || news.best.length === 0;
  find("#podium-off").disabled = step === 0;
  find("#blank").textContent = news.blank ? "Show the stage again" : "Blank the stage";
  find("#numbers").textContent =
    `Players: ${number(news.players ?? 0)} · open pages: ${number(news.pages)}`;
}

function showRounds(news) {
  const key = JSON.stringify([news.rounds, news.on_stage]);
  const list = find("#rounds");
  if (list.dataset.key === key) {
    return;
  }
  list.dataset.key = key;
  const items = news.rounds.map((round) => {
    const left = element("span", { className: "left" });
    left.dataset.slug = round.slug;
    const buttons = element("div", { className: "pair" });
    if (round.open) {
      buttons.append(button("Close", () => act("close", { slug: round.slug })));
    } else {
      buttons.append(button("Open again", () => act("reopen", { slug: round.slug, minutes: minutes() })));
    }
    if (round.slug !== news.on_stage) {
      buttons.append(button("Put on stage", () => act("show", { slug: round.slug })));
    }
    return element("li", {}, element("strong", { textContent: round.prompt }), left, buttons);
  });
  list.replaceChildren(...items);
  tick();
}

function showWaiting(news) {
  const first = news.waiting[0];
  find("#waiting-section").hidden = first === undefined;
  if (first === undefined) {
    return;
  }
  find("#guard").hidden = news.asked_moderation !== "auto";
  const image = find("#waiting");
  if (image.dataset.id !== first.id) {
    image.dataset.id = first.id;
    image.src = picture(first.id);
  }
  find("#waiting-title").textContent = `Waiting for you: ${number(news.counts.waiting ?? 0)}`;
  find("#waiting-name").textContent = first.name;
  find("#waiting-score").textContent = [points(first.score), ...first.flags].join(" · ");
}

function showRecent(recent) {
  const list = find("#recent");
  const held = new Map([...list.children].map((item) => [item.dataset.key, item]));
  const items = recent.map((drawing) => {
    const key = JSON.stringify(drawing);
    return held.get(key) ?? recentItem(drawing, key);
  });
  if (items.length !== list.children.length || items.some((item, i) => list.children[i] !== item)) {
    list.replaceChildren(...items);
  }
}

function recentItem(drawing, key) {
  const hidden = drawing.state === "hidden";
  const state = hidden ? "shown" : "hidden";
  const item = element(
    "li",
    { className: drawing.state },
    element("img", { src: picture(drawing.id), alt: "", loading: "lazy" }),
    element("p", {}, element("bdi", { textContent: drawing.name }), ` · ${points(drawing.score)}`),
    button(hidden ? "Show again" : "Hide", () => act("moderate", { ids: [drawing.id], state })),
    surely(
      element("button", { type: "button", textContent: "Delete", className: "bad" }),
      "Delete for good",
      () => act("delete", { ids: [drawing.id] }),
    ),
  );
  item.dataset.key = key;
  return item;
}

function tick() {
  for (const place of document.querySelectorAll("#rounds .left")) {
    const round = state.rounds.find((each) => each.slug === place.dataset.slug);
    const left = round ? secondsLeft({ ...state, round }) : null;
    const closed = !round?.open || left === 0;
    place.textContent = closed ? "Closed" : left === null ? "Open" : `${clock(left)} left`;
  }
}

function minutes() {
  const value = Number(find("#minutes").value);
  return value > 0 ? value : null;
}

async function suggest(llm) {
  find("#next-note").textContent = llm ? "Asking…" : "";
  const result = await act("suggest", { llm });
  if (result !== null) {
    find("#prompt").value = result.prompt;
    find("#next-note").textContent = result.note;
  }
}

async function moderate(next) {
  const id = state.waiting[0]?.id;
  if (id !== undefined) {
    // The next one at once; the server's news follow.
    state.waiting.shift();
    showWaiting(state);
    await act("moderate", { ids: [id], state: next });
  }
}

find("#approve").addEventListener("click", () => moderate("shown"));
find("#hide").addEventListener("click", () => moderate("hidden"));
surely(find("#approve-all"), "Show all without review", () =>
  act("approve_all", { slug: state.on_stage }),
);
find("#podium").addEventListener("click", () => act("podium", { step: state.podium + 1 }));
find("#podium-off").addEventListener("click", () => act("podium", { step: 0 }));
find("#blank").addEventListener("click", () => act("blank", { on: !state.blank }));
find("#suggest").addEventListener("click", () => suggest(false));
find("#ask").addEventListener("click", () => suggest(true));
find("#next").addEventListener("submit", async (event) => {
  event.preventDefault();
  find("#next-note").textContent = "Opening…";
  const values = {
    prompt: find("#prompt").value,
    minutes: minutes(),
    beside: find("#beside").checked,
  };
  const result = await act("open", values);
  find("#next-note").textContent = result === null ? find("#status").textContent : "The prompt is open.";
  if (result !== null) {
    find("#prompt").value = "";
  }
});
setInterval(() => state !== null && tick(), 500);
follow("control", "", show, (online) => say(online ? "Connected" : "Connecting…", !online));
