/// The page for people at `/`: reads `/status`, follows `/events`, and needs nothing from elsewhere.
enum StatusPage {
    /// Lets the page load nothing and speak with nobody but its own server.
    static let policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'"

    static let html = """
        <!doctype html>
        <html lang="en">
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>BunBase</title>
        <style>
        :root { color-scheme: light dark; --page: #f6f5f2; --card: #fff; --ink: #1d1c1a; --dim: #75716a;
          --line: #e4e1da; --good: #23854f; --work: #a86a00; --bad: #c0362c; --rest: #8b8780 }
        @media (prefers-color-scheme: dark) { :root { --page: #151514; --card: #1e1e1c; --ink: #ecebe7;
          --dim: #98948c; --line: #31302d; --good: #57c78b; --work: #e0a84a; --bad: #f0776c; --rest: #77736c } }
        * { box-sizing: border-box }
        body { margin: 0; background: var(--page); color: var(--ink);
          font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif }
        main { max-width: 1240px; margin: 0 auto; padding: 28px 20px 60px }
        header { display: flex; align-items: baseline; gap: 14px; flex-wrap: wrap; margin-bottom: 20px }
        h1 { font-size: 22px; margin: 0; letter-spacing: -.01em }
        h2 { font-size: 12px; margin: 30px 0 8px; color: var(--dim); text-transform: uppercase;
          letter-spacing: .08em; font-weight: 600 }
        .dim { color: var(--dim) }
        .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(130px, 1fr)); gap: 10px }
        .tile, .table, .events { background: var(--card); border: 1px solid var(--line); border-radius: 10px }
        .tile { padding: 12px 14px } .tile b { display: block; font-size: 22px; font-weight: 600 }
        .tile span { color: var(--dim); font-size: 13px }
        .table { overflow-x: auto }
        table { border-collapse: collapse; width: 100%; font-size: 14px }
        th, td { text-align: left; padding: 7px 10px; border-bottom: 1px solid var(--line); white-space: nowrap }
        th { color: var(--dim); font-weight: 500; font-size: 12px } tr:last-child td { border-bottom: 0 }
        td.n, th.n { text-align: right; font-variant-numeric: tabular-nums }
        th:first-child, td:first-child { padding-left: 14px } th:last-child, td:last-child { padding-right: 14px }
        td.id { max-width: 15em; overflow: hidden; text-overflow: ellipsis }
        td.why { white-space: normal; color: var(--dim); min-width: 240px }
        .state::before { content: ""; display: inline-block; width: 8px; height: 8px; border-radius: 50%;
          margin-right: 8px; background: var(--rest) }
        .serving::before, .ready::before { background: var(--good) }
        .starting::before, .draining::before, .stopping::before, .backoff::before { background: var(--work) }
        .quarantined::before, .degraded::before, .lost::before { background: var(--bad) }
        .quarantined { color: var(--bad) }
        .events { font: 13px/1.6 ui-monospace, "SF Mono", Menlo, monospace; padding: 10px 14px; max-height: 300px;
          overflow-y: auto } .events div { white-space: pre-wrap }
        .events:empty::before { content: "Nothing has happened yet."; color: var(--dim) }
        input { font: inherit; font-size: 14px; padding: 5px 10px; border: 1px solid var(--line); border-radius: 7px;
          background: var(--card); color: inherit; min-width: 220px; margin-bottom: 8px }
        .notice { background: var(--card); border: 1px solid var(--bad); border-radius: 10px; padding: 10px 14px;
          margin: 0 0 14px; white-space: pre-wrap }
        .bar { display: flex; justify-content: space-between; align-items: end; gap: 10px }
        </style>
        <main>
        <header><h1>BunBase</h1><span id="state" class="state">…</span><span id="node" class="dim"></span></header>
        <div id="notices"></div>
        <div class="tiles" id="tiles"></div>
        <h2>Shared services</h2><div class="table"><table id="services"></table></div>
        <div class="bar"><h2>Instances</h2><input id="filter" placeholder="Filter: project, kind or state"></div>
        <div class="table"><table id="instances"></table></div>
        <p class="dim" id="more"></p>
        <h2>Events</h2><div class="events" id="events"></div>
        <h2>Limits</h2><div class="table"><table id="limits"></table></div>
        </main>
        <script>
        "use strict";
        const id = name => document.getElementById(name), shownMax = 200;
        const make = (tag, text, cls) => { const e = document.createElement(tag);
          if (text !== undefined && text !== null) e.textContent = text; if (cls) e.className = cls; return e };
        const bytes = n => n == null ? "" : n < 1 << 20 ? (n / 1024).toFixed(0) + " KiB"
          : n < 1 << 30 ? (n / (1 << 20)).toFixed(1) + " MiB" : (n / (1 << 30)).toFixed(2) + " GiB";
        const ago = (t, now) => { if (!t) return ""; const s = Math.max(0, (new Date(now) - new Date(t)) / 1000);
          return s < 90 ? s.toFixed(0) + " s" : s < 5400 ? (s / 60).toFixed(0) + " min"
            : s < 172800 ? (s / 3600).toFixed(0) + " h" : (s / 86400).toFixed(0) + " d" };
        const columns = [["Project", i => i.project, "id"],
          ["Kind", i => i.ordinal ? i.kind + "/" + i.ordinal : i.kind], ["State", i => i.observed, "state"],
          ["Since", (i, s) => ago(i.since, s.observed_at), "n"],
          ["Port", i => i.port, "n"], ["PID", i => i.pid, "n"], ["Leases", i => i.leases || "", "n"],
          ["Restarts", i => i.restarts || "", "n"], ["Memory", i => bytes(i.memory_bytes), "n"],
          ["CPU", i => i.cpu_seconds == null ? "" : i.cpu_seconds.toFixed(2) + " s", "n"],
          ["Reason", i => i.reason + (i.last_exit ? " · last exit: " + i.last_exit.reason : ""), "why"]];
        // The whole of a cell that may be cut is its tooltip.
        const cell = (v, cls) => { const e = make("td", v, cls === "state" ? "state " + v : cls);
          if (cls === "id") e.title = v; return e };
        function fill(table, rows, cols, s) {
          const head = make("tr"); cols.forEach(c => head.append(make("th", c[0], c[2] === "n" ? "n" : "")));
          const body = rows.map(r => { const tr = make("tr"); cols.forEach(c => tr.append(cell(c[1](r, s), c[2])));
            return tr });
          table.replaceChildren(head, ...body);
        }
        let last = null;
        function draw() {
          const s = last; if (!s) return;
          id("state").textContent = s.state; id("state").className = "state " + s.state;
          id("node").textContent = s.node + " · version " + s.version + " · up " + ago(s.since, s.observed_at);
          const notices = [];
          if (s.configuration.error) notices.push("The cluster file was not taken over:\\n" + s.configuration.error);
          if (s.journal.failure) notices.push("The journal cannot be written: " + s.journal.failure);
          id("notices").replaceChildren(...notices.map(n => make("div", n, "notice")));
          const count = {}; s.instances.forEach(i => count[i.observed] = (count[i.observed] || 0) + 1);
          const memory = [...s.services, ...s.instances].reduce((a, i) => a + (i.memory_bytes || 0), 0);
          id("tiles").replaceChildren(...[["Projects", s.projects], ["Serving", count.serving || 0],
            ["Asleep", count.asleep || 0], ["Quarantined", count.quarantined || 0],
            ["Ports held", s.ports.held + " / " + (s.ports.last - s.ports.first + 1)],
            ["Warm", s.warm_processes], ["Memory", bytes(memory)]].map(([k, v]) => {
              const t = make("div", null, "tile"); t.append(make("b", v), make("span", k)); return t }));
          fill(id("services"), s.services, columns.filter(c => !["Project", "Port", "Leases"].includes(c[0])), s);
          const words = id("filter").value.toLowerCase().split(/\\s+/).filter(Boolean);
          const order = { quarantined: 0, backoff: 1, starting: 2, draining: 3, stopping: 4, serving: 5, disabled: 6,
            asleep: 7 };
          const found = s.instances.filter(i => words.every(w =>
            (i.project + " " + i.kind + " " + i.observed).includes(w)))
            .sort((a, b) => order[a.observed] - order[b.observed]);
          fill(id("instances"), found.slice(0, shownMax), columns, s);
          id("more").textContent = found.length > shownMax
            ? "The first " + shownMax + " of " + found.length + "; filter to see others." : "";
          fill(id("limits"), s.isolation.walls.concat(s.isolation.limits), [["Limit", l => l.limit || l.wall],
            ["Enforced", l => l.enforced ? "yes, by " + l.by : "no"], ["Note", l => l.note, "why"]], s);
        }
        let isReading = false, isStale = false, timer = null;
        async function read() {
          if (isReading) { isStale = true; return }
          isReading = true; isStale = false;
          try { const r = await fetch("status"); last = await r.json(); draw() }
          catch { id("state").textContent = "no answer"; id("state").className = "state lost" }
          isReading = false; if (isStale) soon();
        }
        function soon() { if (!timer) timer = setTimeout(() => { timer = null; read() }, 250) }
        id("filter").addEventListener("input", draw);
        const events = new EventSource("events?after=0");
        events.onopen = soon;
        events.onerror = soon;
        events.onmessage = m => {
          const e = JSON.parse(m.data), who = e.project ? e.project + "/" + e.kind : "";
          const what = [e.exit, e.reason, e.port && "port " + e.port].filter(Boolean).join(", ");
          const line = make("div",
            e.time.slice(11, 23) + "  " + e.message + "  " + who + (what ? "  (" + what + ")" : ""));
          const list = id("events"); list.prepend(line);
          while (list.children.length > 200) list.lastChild.remove();
          soon();
        };
        setInterval(() => { if (!document.hidden) read() }, 5000);
        read();
        </script>
        </html>

        """
}
