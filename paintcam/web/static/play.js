// The paint page: canvas, tools, Submit, result.

import { dropDraft, dropOldDrafts, keepDraft, keepName, newDraft, readDraft, readName } from "./draft.js";
import { clock, follow, secondsLeft } from "./live.js";
import { bestList, calm, element, find, number, points, randomId } from "./page.js";
import { Paper } from "./paper.js";
import { Refused, sendDrawing, sendStrokes } from "./send.js";

const COLORS = [
  ["Black", "#000000"], ["Gray", "#7f7f7f"], ["Dark red", "#880015"], ["Red", "#ed1c24"],
  ["Orange", "#ff7f27"], ["Yellow", "#fff200"], ["Green", "#22b14c"], ["Turquoise", "#00a2e8"],
  ["White", "#ffffff"], ["Light gray", "#c3c3c3"], ["Brown", "#8b5a2b"], ["Pink", "#ffaec9"],
  ["Skin", "#f2c79e"], ["Light yellow", "#efe4b0"], ["Light green", "#b5e61d"], ["Blue", "#3f48cc"],
];

const slug = /^\/p\/([^/]+)/.exec(location.pathname)?.[1] ?? "";
let state = null;
let round = null;
let draft = null;
let asked = null; // the prompt that the presenter opened meanwhile

const paper = new Paper(find("#paper"), changed);

function changed() {
  find("#undo").disabled = !paper.canUndo || paper.locked;
  find("#redo").disabled = !paper.canRedo || paper.locked;
  find("#clear").disabled = paper.empty || paper.locked;
  if (draft !== null && !draft.sending) {
    draft.strokes = paper.strokes;
    draft.undone = paper.undone;
    keepDraft(round, draft);
  }
  showSubmit();
}

function showSubmit() {
  const over = !state?.round?.open || state.round.slug !== round?.slug || secondsLeft(state) === 0;
  find("#submit").disabled = paper.empty || over || draft === null || draft.sending;
}

function notice(text, button = null) {
  const place = find("#notice");
  const content = button === null ? [text] : [text, button];
  if (place.firstChild?.textContent !== text || button !== null || place.children.length > 0) {
    place.replaceChildren(...content);
  }
  place.hidden = text === "";
}

// The presenter's news.

function show(news) {
  state = news;
  if (news.round === null) {
    leave();
    return;
  }
  if (round === null || (news.round.slug !== round.slug && (draft === null || paper.empty))) {
    begin(news.round);
  } else if (news.round.slug !== round.slug && !draft?.sending) {
    offer(news.round);
  }
  find("#best").replaceChildren(...bestList(news.best));
  find("#best-section").hidden = news.best.length === 0;
  tick();
}

// This page's prompt is gone, or others were opened beside the only one.
function leave() {
  if (draft === null || paper.empty || draft.sending) {
    if (!draft?.sending) {
      location.replace("/");
    }
    return;
  }
  if (find("#notice button") === null) {
    const go = element("button", { type: "button", textContent: "To the open prompts" });
    go.addEventListener("click", () => location.replace("/"));
    notice("This prompt is closed.", go);
  }
  showSubmit();
}

function offer(next) {
  if (asked?.slug === next.slug) {
    return;
  }
  asked = next;
  const go = element("button", { type: "button", textContent: "Draw the new prompt" });
  go.addEventListener("click", () => {
    dropDraft(round);
    begin(next);
  });
  notice(`The next prompt is open: ${next.prompt}`, go);
}

async function begin(next) {
  round = next;
  asked = null;
  find("#prompt").textContent = round.prompt;
  document.title = `${round.prompt} – paintcam`;
  dropOldDrafts(state.rounds);
  const kept = readDraft(round);
  draft = null;
  notice("");
  showDrawing();
  await paper.load(kept.strokes, kept.undone ?? []);
  draft = kept;
  if (draft.sending && !paper.empty) {
    submit();
  } else {
    draft.sending = false;
    showSubmit();
  }
}

function tick() {
  const left = secondsLeft(state);
  const place = find("#clock");
  place.hidden = left === null || !state.round.open;
  if (!place.hidden) {
    place.textContent = clock(left);
    place.classList.toggle("soon", left < 20);
  }
  const ours = state?.round?.slug === round?.slug;
  if (ours && draft !== null && !draft.sending) {
    if (!state.round.open || left === 0) {
      notice("This prompt is closed. Look at the wall!");
    } else if (find("#notice").textContent.startsWith("This prompt is closed")) {
      notice("");
    }
  }
  showSubmit();
}

// Sending.

async function submit() {
  draft.sending = true;
  paper.locked = true;
  changed();
  keepDraft(round, draft);
  const button = find("#submit");
  button.textContent = "Sending…";
  const sent = { round, draft };
  try {
    await paper.settled();
    const result = await sendDrawing(round, draft, readName(), paper.canvas, (tries) =>
      notice(
        tries < 3
          ? "Still sending…"
          : "No answer yet. Your drawing is kept here and sent as soon as possible.",
      ),
    );
    sendStrokes(draft.id, draft.strokes);
    dropDraft(sent.round);
    notice("");
    showResult(result);
  } catch (error) {
    if (!(error instanceof Refused)) {
      throw error;
    }
    draft.sending = false;
    paper.locked = false;
    if (error.status === 409) {
      draft.id = randomId(); // the cookie was lost between two tries: it is another drawing now
    }
    keepDraft(round, draft);
    notice(error.message);
    changed();
  } finally {
    button.textContent = "Submit";
  }
}

function showResult(result) {
  find("#draw").hidden = true;
  find("#result").hidden = false;
  find("#mine").src = paper.canvas.toDataURL();
  find("#own").href = `/d/${encodeURIComponent(result.id)}`;
  countUp(result.score);
  const ranks = result.rank !== null;
  find("#rank").textContent = ranks
    ? `You rank ${number(result.rank)} of ${number(result.of)}`
    : "This drawing does not rank.";
  const remarks = [...result.flags];
  if (ranks && result.best > result.score) {
    remarks.push(`Your best is ${points(result.best)}.`);
  }
  if (result.state === "waiting") {
    remarks.push("The presenter will show it on the wall.");
  }
  find("#remark").textContent = remarks.join(" · ");
  find("#hint").textContent = "You drew";
  window.scrollTo(0, 0);
  find("#result-title").focus({ preventScroll: true });
}

function countUp(score) {
  const place = find("#score");
  const begun = performance.now();
  function step(now) {
    const share = calm() ? 1 : Math.min(1, (now - begun) / 1200);
    place.textContent = points(score * (1 - (1 - share) ** 3));
    if (share < 1) {
      requestAnimationFrame(step);
    }
  }
  step(begun);
  setTimeout(() => (place.textContent = points(score)), 1300); // also in a background tab
}

function showDrawing() {
  find("#hint").textContent = "Draw";
  find("#result").hidden = true;
  find("#draw").hidden = false;
  paper.locked = false;
}

async function again() {
  const news = state.round;
  if (news !== null && news.slug !== round.slug) {
    await begin(news);
    return;
  }
  draft = newDraft(round);
  await paper.load([], []);
  showDrawing();
  tick();
}

// Tools.

function choose() {
  const form = find("#tools");
  paper.tool = form.elements.tool.value;
  paper.size = Number(form.elements.size.value);
  const color = form.elements.color.value;
  paper.color = color === "free" ? form.elements.free.value : color;
}

function colors() {
  const place = find("#tools .colors");
  for (const [name, value] of COLORS) {
    const input = element("input", { type: "radio", name: "color", value });
    input.checked = value === "#000000";
    const label = element("label", { title: name }, input);
    label.append(element("span", { className: "unseen", textContent: name }));
    label.style.setProperty("--color", value);
    place.append(label);
  }
  const radio = element("input", { type: "radio", name: "color", value: "free", tabIndex: -1 });
  radio.hidden = true;
  const free = element("input", { type: "color", name: "free", value: "#ff00aa" });
  free.setAttribute("aria-label", "Any color");
  const label = element("label", { title: "Any color", className: "free" }, radio, free);
  for (const kind of ["input", "click"]) {
    free.addEventListener(kind, () => {
      radio.checked = true;
      choose();
    });
  }
  place.append(label);
}

colors();
choose();
find("#tools").addEventListener("change", () => {
  choose();
  // Nobody draws with a colour while the eraser is chosen.
});
find("#tools .colors").addEventListener("change", () => {
  if (find("#tools").elements.tool.value === "eraser") {
    find("#tools input[value='brush']").checked = true;
    choose();
  }
});
find("#tools").addEventListener("submit", (event) => event.preventDefault());
find("#undo").addEventListener("click", () => paper.undo());
find("#redo").addEventListener("click", () => paper.redo());
find("#clear").addEventListener("click", () => paper.clear());
find("#send").addEventListener("submit", (event) => {
  event.preventDefault();
  if (!find("#submit").disabled) {
    submit();
  }
});
find("#again").addEventListener("click", again);
find("#name").value = readName();
find("#name").addEventListener("input", (event) => keepName(event.target.value));
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && !find("#draw").hidden && !paper.locked) {
    const key = event.key.toLowerCase();
    if (key === "z" || key === "y") {
      event.preventDefault();
      key === "y" || event.shiftKey ? paper.redo() : paper.undo();
    }
  }
});

find("#delete").addEventListener("click", async (event) => {
  if (!event.target.dataset.sure) {
    event.target.dataset.sure = "yes";
    event.target.textContent = "Delete all of them now";
    return;
  }
  try {
    const answer = await fetch("/api/mine", { method: "DELETE" });
    const { deleted, error } = await answer.json();
    event.target.textContent = answer.ok ? `Deleted: ${deleted}` : error;
  } catch {
    event.target.textContent = "No connection. Try again.";
  }
  delete event.target.dataset.sure;
});

setInterval(() => state?.round && tick(), 500);
follow("play", slug, show);
