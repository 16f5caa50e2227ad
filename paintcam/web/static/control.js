// The presenter's page. The browser's cookie opens it; the secret itself is in no address here.

import { clock, follow, secondsLeft } from "./live.js";
import { element, find, number, picture, points } from "./page.js";

const PAGE = 24;
const PODIUM = ["Podium", "Reveal third place", "Reveal second place", "Reveal first place"];

let state = null;
let isLast = false; // no older drawings are left
const deleted = new Set();
const decided = new Set(); // news that were under way may still say that these wait

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
  news.waiting = news.waiting.filter((drawing) => !decided.has(drawing.id));
  state = news;
  find("#ask").hidden = !news.llm;
  showRounds(news);
  showWaiting(news);
  showDrawings(find("#best"), news.best.filter((place) => place.picture));
  find("#best-section").hidden = find("#best").children.length === 0;
  keepLeaving(news);
  showDrawings(find("#recent"), news.recent);
  find("#none").hidden = news.recent.length > 0;
  showMore(news);
  const step = news.podium;
  find("#podium").textContent = PODIUM[step] ?? "All places are revealed";
  find("#podium").disabled = step === 4 || news.best.length === 0;
  const waiting = news.counts.waiting ?? 0;
  find("#podium-note").hidden = waiting === 0;
  find("#podium-note").textContent = `Still waiting, so not on the podium: ${number(waiting)}`;
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
  const none = first === undefined;
  find("#waiting-section").hidden = none && news.moderation !== "approve";
  find("#guard").hidden = news.moderation !== "approve" || news.asked_moderation !== "auto";
  const image = find("#waiting");
  image.hidden = none;
  if (image.dataset.id !== first?.id) {
    image.dataset.id = first?.id ?? "";
    image.src = none ? "" : picture(first.id);
  }
  for (const selector of ["#approve", "#hide", "#approve-all"]) {
    find(selector).disabled = none;
  }
  find("#waiting-title").textContent = none
    ? "Nothing is waiting"
    : `Waiting for you: ${number(Math.max(news.waiting.length, news.counts.waiting ?? 0))}`;
  find("#waiting-name").textContent = first?.name ?? "";
  find("#waiting-score").textContent = none
    ? ""
    : [points(first.score), ...first.flags].join(" · ");
}

function showDrawings(list, recent) {
  const held = new Map([...list.children].map((item) => [item.dataset.key, item]));
  const items = recent.map((drawing) => {
    const key = JSON.stringify(drawing);
    return held.get(key) ?? item(drawing, key);
  });
  if (items.length !== list.children.length || items.some((item, i) => list.children[i] !== item)) {
    list.replaceChildren(...items);
  }
}

// A drawing with its buttons. `changed` is called after they did something.
function item(drawing, key, changed = () => {}) {
  const hidden = drawing.state === "hidden";
  const state = hidden ? "shown" : "hidden";
  const done = async (what, values, after) => (await act(what, values)) !== null && changed(after);
  const made = element(
    "li",
    { className: drawing.state ?? "shown" },
    element("img", { src: picture(drawing.id), alt: "", loading: "lazy" }),
    element("p", {}, element("bdi", { textContent: drawing.name }), ` · ${points(drawing.score)}`),
    button(hidden ? "Show again" : "Hide", () =>
      done("moderate", { ids: [drawing.id], state }, { ...drawing, state }),
    ),
    surely(
      element("button", { type: "button", textContent: "Delete", className: "bad" }),
      "Delete for good",
      () => {
        deleted.add(drawing.id);
        done("delete", { ids: [drawing.id] }, null);
      },
    ),
  );
  made.dataset.key = key;
  made.dataset.id = drawing.id;
  return made;
}

// What has left the list of the newest, asked for page by page.

function olderItem(drawing) {
  const made = item(drawing, "", (after) =>
    after === null ? made.remove() : made.replaceWith(olderItem(after)),
  );
  return made;
}

function showMore(news) {
  const older = find("#older");
  if (older.dataset.slug !== news.on_stage) {
    older.dataset.slug = news.on_stage;
    older.replaceChildren();
    isLast = false;
  }
  find("#more").hidden = isLast || news.recent.length < PAGE;
}

// New drawings push others off the list of the newest: they move to the older ones shown below.
function keepLeaving(news) {
  const older = find("#older");
  if (older.children.length > 0 && older.dataset.slug === news.on_stage) {
    const stay = new Set(news.recent.map((drawing) => drawing.id));
    const leaving = [...find("#recent").children].filter(
      (left) => !stay.has(left.dataset.id) && !deleted.has(left.dataset.id),
    );
    older.prepend(...leaving.map((left) => olderItem(JSON.parse(left.dataset.key))));
  }
}

async function more() {
  const last = find("#older").lastElementChild ?? find("#recent").lastElementChild;
  const result = await act("older", { slug: state.on_stage, before: last.dataset.id });
  if (result !== null) {
    find("#older").append(...result.drawings.map(olderItem));
    isLast = result.drawings.length < PAGE;
    showMore(state);
  }
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
    decided.add(id);
    state.waiting.shift();
    showWaiting(state);
    if ((await act("moderate", { ids: [id], state: next })) === null) {
      decided.delete(id);
    }
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
find("#more").addEventListener("click", more);
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
