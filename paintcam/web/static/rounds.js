// The list of open prompts, where there are several.

import { follow } from "./live.js";
import { element, find } from "./page.js";

follow("play", "", ({ rounds }) => {
  if (rounds.length === 1) {
    location.replace("/");
    return;
  }
  const open = rounds.filter((round) => round.open);
  find("#none").hidden = open.length > 0;
  find("#rounds").replaceChildren(
    ...open.map((round) =>
      element(
        "li",
        {},
        element("a", { href: `/p/${encodeURIComponent(round.slug)}`, textContent: round.prompt }),
      ),
    ),
  );
});
