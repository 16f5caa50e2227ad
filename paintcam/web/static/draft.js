// A drawing that is not accepted yet, kept in this browser: it survives a reload, a lost connection
// and a closed tab.

import { randomId } from "./page.js";

const key = (slug) => `paintcam draft ${slug}`;

export function newDraft(round) {
  return { id: randomId(), prompt: round.prompt, strokes: [], undone: [], sending: false };
}

// The draft of a round; a new one where there is none for this prompt.
export function readDraft(round) {
  try {
    const kept = JSON.parse(localStorage.getItem(key(round.slug)));
    if (kept?.prompt === round.prompt && Array.isArray(kept.strokes)) {
      return kept;
    }
  } catch {
    // Storage is off or damaged: drawing works all the same.
  }
  return newDraft(round);
}

export function keepDraft(round, draft) {
  try {
    const name = key(round.slug);
    // Another tab showed this drawing too, and has sent it or begun another one. What is drawn here
    // since then is a drawing of its own: under the old id it would count as the one sent.
    if (draft.kept && JSON.parse(localStorage.getItem(name))?.id !== draft.id) {
      draft.id = randomId();
    }
    localStorage.setItem(name, JSON.stringify({ ...draft, kept: true }));
    draft.kept = true;
  } catch {
    // Full or off: nothing more can be done.
  }
}

export function dropDraft(round) {
  try {
    localStorage.removeItem(key(round.slug));
  } catch {
    // As above.
  }
}

// Forget drawings of rounds that are over: nobody can send them any more.
export function dropOldDrafts(rounds) {
  try {
    const current = new Set(rounds.map((round) => key(round.slug)));
    for (const name of Object.keys(localStorage)) {
      if (name.startsWith(key("")) && !current.has(name)) {
        localStorage.removeItem(name);
      }
    }
  } catch {
    // As above.
  }
}

export function readName() {
  try {
    return localStorage.getItem("paintcam name") ?? "";
  } catch {
    return "";
  }
}

export function keepName(name) {
  try {
    localStorage.setItem("paintcam name", name);
  } catch {
    // As above.
  }
}
