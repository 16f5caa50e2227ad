// The paint page: canvas, tools, Submit, result.

import { dropDraft, dropOldDrafts, keepDraft, keepName, newDraft, readDraft, readName } from "./draft.js";
import { clock, follow, secondsLeft } from "./live.js";
import { element, find, randomId } from "./page.js";
import { Paper } from "./paper.js";
import { showNews, showNext, showResult } from "./result.js";
import { Refused, sendDrawing, sendStrokes } from "./send.js";
import { setUpTools } from "./tools.js";

const LONG_PROMPT = 60;

const slug = /^\/p\/([^/]+)/.exec(location.pathname)?.[1] ?? "";
let state = null;
let round = null;
let draft = null;
let asked = null; // the prompt that the presenter opened meanwhile
let offline = null; // a timer while there is no connection
let online = true;

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
  if (!find("#result").hidden) {
    showNews(news, round);
    tick();
    return;
  }
  if (news.round === null) {
    leave();
    return;
  }
  if (round === null || (news.round.slug !== round.slug && (draft === null || paper.empty))) {
    begin(news.round);
  } else if (news.round.slug !== round.slug && !draft?.sending) {
    offer(news.round);
  }
  tick();
}

function showHint() {
  const doing = find("#result").hidden ? "Draw" : "You drew";
  find("#hint").textContent = online ? doing : "No connection: keep drawing";
}

function connected(isOnline) {
  if (isOnline) {
    clearTimeout(offline);
    offline = null;
    online = true;
    showHint();
  } else {
    offline ??= setTimeout(() => {
      online = false;
      showHint();
    }, 3000);
  }
}

// This page's prompt is gone, or others were opened beside the only one.
function leave() {
  if (draft?.sending) {
    return;
  }
  if (draft === null || paper.empty) {
    location.replace("/");
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
  find("#prompt").classList.toggle("long", round.prompt.length > LONG_PROMPT);
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
  if (!find("#result").hidden) {
    showNext(state, round);
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
    showResult(result, paper.canvas);
    showNews(state, sent.round);
    showHint();
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
    show(state); // the prompt may have closed meanwhile, or the next one opened
  } finally {
    button.textContent = "Submit";
  }
}

function showDrawing() {
  find("#result").hidden = true;
  find("#draw").hidden = false;
  showHint();
  paper.locked = false;
}

async function again() {
  const next = state.round;
  if (next === null) {
    location.replace("/");
    return;
  }
  if (next.slug !== round.slug) {
    await begin(next);
    return;
  }
  draft = newDraft(round);
  await paper.load([], []);
  showDrawing();
  tick();
}

setUpTools(paper);
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
follow("play", slug, show, connected);
