// The stage, for the projector: newest drawings, best five, podium.

import { clock, follow, secondsLeft } from "./live.js";
import { bestList, calm, element, find, number, picture, points } from "./page.js";
import { Painter, replay } from "./strokes.js";

const WALL = 12;
const REPLAY_S = 5;
const PLACES = [".third", ".second", ".first"]; // in the order they are revealed
const LONG_PROMPT = 46;
const LONGEST_PROMPT = 80;

let state = null;
let override = null; // what `b` asked for, until the presenter's phone asks for something
let wantsCodes = null; // what `q` asked for
let shownBest = "";

function show(news) {
  if (news.newest.length > 0 && (state === null || state.newest.length === 0)) {
    wantsCodes = null; // the first drawing has come
  }
  if (state === null || news.blank !== state.blank) {
    override = null;
  }
  state = news;
  const prompt = news.round?.prompt ?? "Waiting for the presenter";
  find("#prompt").textContent = prompt;
  find("#prompt").classList.toggle("long", prompt.length > LONG_PROMPT);
  find("#prompt").classList.toggle("longest", prompt.length > LONGEST_PROMPT);
  find("#address").textContent = news.url.replace(/^http:\/\//, "");
  showWifi(news.wifi);
  find("#players").textContent = number(news.players);
  find("#count").classList.toggle("none", news.players === 0);
  find("#have").textContent = news.players === 1 ? "has drawn" : "have drawn";
  find("#empty").hidden = news.newest.length > 0;
  showWall(news.newest.slice(0, WALL));
  const best = JSON.stringify(news.best);
  if (best !== shownBest) {
    shownBest = best;
    find("#best").replaceChildren(...bestList(news.best));
  }
  showPodium(news);
  showCodes();
  tick();
}

function showCodes() {
  const empty = state.newest.length === 0;
  const large = state.podium === 0 && (wantsCodes ?? empty);
  document.body.classList.toggle("codes", large);
}

function showWifi(name) {
  find("#wifi").hidden = name === null;
  find("#join").classList.toggle("two", name !== null);
  if (name !== null && find("#wifi-name").textContent !== name) {
    find("#wifi-name").textContent = name;
    find("#scan").textContent = "2. Scan to draw";
    find("#wifi-code").src = "/qr/wifi.svg";
  }
}

// Only what is new is made; what has left goes. A thousand drawings are twelve elements.
function showWall(newest) {
  const wall = find("#wall");
  const held = new Map([...wall.children].map((item) => [item.dataset.id, item]));
  const first = held.size === 0;
  const items = newest.map((drawing) => held.get(drawing.id) ?? card(drawing, !first));
  for (const [index, item] of items.entries()) {
    const name = item.querySelector(".name");
    if (name.textContent !== newest[index].name) {
      name.textContent = newest[index].name;
    }
    if (wall.children[index] !== item) {
      wall.insertBefore(item, wall.children[index] ?? null);
    }
  }
  while (wall.children.length > items.length) {
    wall.lastChild.remove();
  }
}

function card(drawing, isNew) {
  const item = element(
    "li",
    { className: isNew ? "new" : "" },
    element("img", { src: picture(drawing.id), alt: "", decoding: "async" }),
    element("bdi", { className: "name", textContent: drawing.name }),
    element("span", { className: "score", textContent: points(drawing.score) }),
  );
  item.dataset.id = drawing.id;
  return item;
}

// The podium. Step 1 announces it; 2, 3 and 4 reveal third, second and first.

const painters = new Map();
let revealed = []; // ids in the places, as they were when revealed
let replaying = new AbortController();

function showPodium(news) {
  find("#podium").hidden = news.podium === 0;
  document.body.classList.toggle("podium", news.podium > 0);
  if (news.podium === 0) {
    revealed = [];
    replaying.abort();
    for (const selector of PLACES) {
      find(selector).classList.remove("revealed");
    }
    return;
  }
  const places = [news.best[2], news.best[1], news.best[0]];
  for (const [index, selector] of PLACES.entries()) {
    find(selector).classList.toggle("missing", places[index] === undefined);
    const isNewest = index === news.podium - 2;
    if (index > news.podium - 2) {
      find(selector).classList.remove("revealed");
      revealed[index] = undefined;
    } else if (places[index] !== undefined && revealed[index] !== places[index].id) {
      revealed[index] = places[index].id;
      // Equal scores share a step. Whoever is not shown does not leave the highest one empty.
      const step = 1 + places.filter((each) => each?.score > places[index].score).length;
      reveal(find(selector), places[index], step, isNewest && !calm());
    }
  }
}

async function reveal(place, drawing, step, moving) {
  place.querySelector(".who").replaceChildren(element("bdi", { textContent: drawing.name }));
  place.querySelector(".points").textContent = moving ? "" : points(drawing.score);
  place.querySelector(".step").textContent = step;
  place.classList.add("revealed");
  if (!painters.has(place)) {
    painters.set(place, new Painter(place.querySelector("canvas")));
  }
  const painter = painters.get(place);
  painter.wipe();
  const image = element("img", { src: picture(drawing.id) });
  try {
    if (moving) {
      replaying.abort();
      replaying = new AbortController();
      const answer = await fetch(`/api/drawings/${encodeURIComponent(drawing.id)}/strokes`);
      await replay(painter, answer.ok ? await answer.json() : [], REPLAY_S, replaying.signal);
    }
    await image.decode();
    painter.image(image); // exactly what was judged
  } catch {
    // Hidden meanwhile, or no connection: the name stays.
  }
  place.querySelector(".points").textContent = points(drawing.score);
}

function tick() {
  if (state === null) {
    return;
  }
  const left = secondsLeft(state);
  const place = find("#clock");
  const closed = state.round !== null && (!state.round.open || left === 0);
  place.hidden = state.round === null || state.podium > 0 || (!closed && left === null);
  place.classList.toggle("closed", closed);
  const text = closed ? "Closed" : clock(left ?? 0);
  if (place.textContent !== text) {
    place.textContent = text;
  }
  find("#blank").hidden = !(override ?? state.blank);
}

let idle = null;
function moved() {
  document.body.classList.remove("idle");
  clearTimeout(idle);
  idle = setTimeout(() => document.body.classList.add("idle"), 3000);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || state === null) {
    return;
  }
  const key = event.key.toLowerCase();
  if (key === "b") {
    override = !(override ?? state.blank);
    tick();
  } else if (key === "q") {
    wantsCodes = !document.body.classList.contains("codes");
    showCodes();
  }
});
document.addEventListener("pointermove", moved);
moved();
setInterval(tick, 250);
follow("stage", "", show, (online) => {
  find("#offline").hidden = online;
});
