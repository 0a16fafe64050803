// page.js - keeps the page of --serve fresh: at each event it asks for the page and puts in place what
// changed. The server makes the text; without this script a browser loads the page again by itself.
'use strict';
(() => {
  let asking = false, again = false;

  // Where the keyboard was, and how far boxes were scrolled, stays as it was.
  function put(old, fresh) {
    const links = '[tabindex],a';
    const at = [...old.querySelectorAll(links)].indexOf(document.activeElement);
    const boxes = [...old.querySelectorAll('.box,pre')].map(b => [b.scrollLeft, b.scrollTop,
      b.scrollTop + b.clientHeight >= b.scrollHeight - 4]);
    old.replaceWith(fresh);
    fresh.querySelectorAll('.box,pre').forEach((b, i) => {
      if (!boxes[i]) return;
      b.scrollLeft = boxes[i][0];
      b.scrollTop = boxes[i][2] ? b.scrollHeight : boxes[i][1];
    });
    if (at >= 0) fresh.querySelectorAll(links)[at]?.focus({ preventScroll: true });
  }

  async function refresh() {
    if (asking) { again = true; return; }
    asking = true;
    try {
      const answer = await fetch('/', { cache: 'no-store' });
      if (!answer.ok) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      document.title = page.title;
      for (const fresh of page.querySelectorAll('main > section, #link')) {
        const old = document.getElementById(fresh.id);
        if (!old) { location.reload(); return; } // the first run began
        if (old.outerHTML !== fresh.outerHTML) put(old, fresh);
      }
    } catch {
      lost();
    }
    asking = false;
    if (again) { again = false; refresh(); }
  }

  function lost() {
    document.getElementById('link').textContent = 'No answer from mighost --serve; what stands here is old.';
  }

  for (const log of document.querySelectorAll('#log pre')) log.scrollTop = log.scrollHeight;
  const events = new EventSource('/events');
  events.addEventListener('status', refresh);
  events.addEventListener('error', lost);
})();
