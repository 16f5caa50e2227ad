// What a visitor sees after Submit: score, rank, the best five, and what comes next.

import { secondsLeft } from "./live.js";
import { bestList, calm, find, number, points } from "./page.js";

export function showResult(result, canvas) {
  find("#draw").hidden = true;
  find("#result").hidden = false;
  find("#mine").src = canvas.toDataURL();
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

// Keep up with the presenter. `round` is the one that was drawn.
export function showNews(state, round) {
  if (state.round?.slug === round.slug) {
    find("#best").replaceChildren(...bestList(state.best));
    find("#best-section").hidden = state.best.length === 0;
  }
  showNext(state, round);
}

// What comes after the result: the same prompt again, the next one, or nothing yet.
export function showNext(state, round) {
  const next = state.round;
  let text = "";
  let button = "Draw again";
  if (next === null) {
    text = "Other prompts are open.";
    button = "To the open prompts";
  } else if (next.slug !== round.slug) {
    text = `The next prompt is open: ${next.prompt}`;
    button = "Draw it";
  } else if (!next.open || secondsLeft(state) === 0) {
    text = "This prompt is closed. Look at the wall!";
    button = "";
  }
  if (find("#next").textContent !== text) {
    find("#next").textContent = text;
  }
  find("#next").hidden = text === "";
  find("#again").textContent = button;
  find("#again").hidden = button === "";
}
