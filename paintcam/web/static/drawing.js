// One drawing: score, rank, and its replay.

import { element, find, number, picture, points } from "./page.js";
import { Painter, replay } from "./strokes.js";

const REPLAY_S = 6;

const id = location.pathname.split("/").at(-1);
const painter = new Painter(find("#canvas"));
let strokes = [];
let running = new AbortController();

async function load() {
  const answer = await fetch(`/api/drawings/${id}`);
  if (!answer.ok) {
    find("#prompt").textContent = "This drawing cannot be shown";
    find("#remark").textContent = "It was deleted, or the presenter has not shown it yet.";
    return;
  }
  const drawing = await answer.json();
  find("#prompt").textContent = drawing.prompt;
  document.title = `${drawing.prompt} – paintcam`;
  find("#who").replaceChildren("by ", element("bdi", { textContent: drawing.name }));
  find("#score").textContent = points(drawing.score);
  find("#rank").textContent =
    drawing.rank === null ? "" : `Rank ${number(drawing.rank)} of ${number(drawing.of)}`;
  const remarks = [...drawing.flags];
  if (drawing.mine && drawing.state !== "shown") {
    remarks.push("Only you can see this page until the presenter shows the drawing.");
  }
  find("#remark").textContent = remarks.join(" · ");
  await showPicture();
  const answered = await fetch(`/api/drawings/${id}/strokes`);
  strokes = answered.ok ? await answered.json() : [];
  find("#replay").hidden = strokes.length === 0;
}

async function showPicture() {
  const image = element("img", { src: picture(id) });
  await image.decode();
  painter.image(image);
}

find("#replay").addEventListener("click", async () => {
  running.abort();
  running = new AbortController();
  const { signal } = running;
  await replay(painter, strokes, REPLAY_S, signal);
  if (!signal.aborted) {
    await showPicture();
  }
});

load();
