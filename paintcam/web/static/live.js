// Live news from the server: one WebSocket a page, connected again whenever it breaks.
//
// Each message is the whole state of the page, so that nothing is missed in between.

const LONGEST_PAUSE_MS = 8000;
const POLL_MS = 5000;
const SILENT_MS = 50000; // the server repeats its state every 20 seconds
const DOUBTFUL_MS = 25000;

export function follow(page, round, show, connected = () => {}) {
  const query = new URLSearchParams({ page, round });
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  let socket = null;
  let heardAt = 0;
  let failures = 0;
  let polled = false;
  let timer = null;

  function connect() {
    clearTimeout(timer);
    const opened = new WebSocket(`${scheme}//${location.host}/live?${query}`);
    socket = opened;
    heardAt = performance.now();
    opened.addEventListener("message", ({ data }) => {
      if (socket === opened) {
        heardAt = performance.now();
        failures = 0;
        connected(true);
        receive(JSON.parse(data), show);
      }
    });
    opened.addEventListener("close", () => socket === opened && again());
  }

  const isSilent = (ms) => socket !== null && performance.now() - heardAt > ms;

  // A Wi-Fi that was away leaves connections behind that never say anything again.
  function drop() {
    const dead = socket;
    again();
    dead.close();
  }

  function again() {
    socket = null;
    failures += 1;
    connected(polled);
    // A hall that connects again all at once would keep the server busy with nothing else.
    const pause = Math.min(LONGEST_PAUSE_MS, 400 * 2 ** Math.min(failures, 6));
    timer = setTimeout(connect, pause * (0.5 + Math.random() / 2));
    if (page === "play" && failures === 3) {
      poll(); // some networks let no WebSocket through
    }
  }

  async function poll() {
    while (failures >= 3) {
      try {
        const answer = await fetch(`/api/state?round=${encodeURIComponent(round)}`);
        polled = answer.ok;
        if (answer.ok) {
          receive(await answer.json(), show);
        }
      } catch {
        polled = false;
      }
      connected(polled);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    polled = false;
  }

  function hurry() {
    if (document.visibilityState !== "visible") {
      return;
    }
    if (isSilent(DOUBTFUL_MS)) {
      drop();
    }
    if (socket === null) {
      failures = Math.min(failures, 2);
      connect();
    }
  }

  document.addEventListener("visibilitychange", hurry);
  window.addEventListener("online", hurry);
  setInterval(() => isSilent(SILENT_MS) && drop(), 5000);
  connect();
}

function receive(state, show) {
  // Phones' clocks are wrong: count from the moment of the message instead.
  state.at = performance.now();
  show(state);
}

// Seconds that are left in a round; null without a limit.
export function secondsLeft(state) {
  const ends = state?.round?.ends_at;
  if (ends === null || ends === undefined) {
    return null;
  }
  return Math.max(0, ends - state.now - (performance.now() - state.at) / 1000);
}

export function clock(seconds) {
  const whole = Math.ceil(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
