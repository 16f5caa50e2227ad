// Exchanges the secret after the # of the link for a cookie. What stands after # is never sent with
// an address, so it is in no log.

async function enter() {
  const secret = location.hash.slice(1);
  if (secret === "") {
    return;
  }
  history.replaceState(null, "", location.pathname);
  const place = document.querySelector("#text");
  try {
    const answer = await fetch("/api/control/enter", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ secret }),
    });
    if (answer.ok) {
      location.reload();
    } else {
      place.textContent = (await answer.json()).error;
    }
  } catch {
    place.textContent = "No connection. Open the link again.";
  }
}

window.addEventListener("hashchange", enter);
enter();
