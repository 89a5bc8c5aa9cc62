extension RunReport {
    /// One HTML page that needs nothing else: no network, no fonts, no scripts from elsewhere.
    package var page: String {
        // In a script element only `<` could end it.
        let data = String(decoding: json, as: UTF8.self).split(separator: "<", omittingEmptySubsequences: false)
            .joined(separator: "\\u003c")
        return pageHead + "<script id=\"data\" type=\"application/json\">" + data + "</script>\n" + pageScript
            + "</body>\n</html>\n"
    }
}

private let pageHead = #"""
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>BunBase chaos</title>
    <style>
    :root { color-scheme: light dark; --ground: #fbfbf9; --card: #fff; --ink: #1d2024; --soft: #6b7280;
      --line: #e4e4df; --good: #1a7f4b; --bad: #c4281c; --warm: #d98200; --cool: #2f6fd0; --band: #f1f1ec; }
    @media (prefers-color-scheme: dark) { :root { --ground: #14161a; --card: #1c1f25; --ink: #e8e8e4;
      --soft: #979ca6; --line: #2c313a; --good: #4cc38a; --bad: #ff6b5e; --warm: #f0a83c; --cool: #6ea8fe;
      --band: #20242b; } }
    * { box-sizing: border-box; }
    body { margin: 0 auto; max-width: 1180px; padding: 32px 20px 80px; background: var(--ground);
      color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
    h1 { font-size: 26px; margin: 0; letter-spacing: -.02em; }
    h2 { font-size: 15px; margin: 40px 0 10px; }
    p { margin: 4px 0; color: var(--soft); }
    code { font: 13px ui-monospace, monospace; }
    .verdict { display: inline-block; padding: 3px 12px; border-radius: 99px; color: #fff; font-weight: 600;
      margin-left: 12px; font-size: 14px; vertical-align: 3px; }
    .facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 10px;
      margin: 20px 0; }
    .fact, .panel { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 12px 16px; }
    .fact b { display: block; font-size: 21px; font-variant-numeric: tabular-nums; letter-spacing: -.01em; }
    .fact span { color: var(--soft); font-size: 13px; }
    .panel { padding: 4px 16px; }
    .rule { display: flex; gap: 12px; padding: 8px 0; border-top: 1px solid var(--line); align-items: baseline; }
    .rule:first-child { border-top: 0; }
    .rule i { flex: none; font-style: normal; width: 18px; font-weight: 700; }
    .rule small { color: var(--soft); margin-left: auto; white-space: nowrap; }
    .rule ul { margin: 4px 0; padding-left: 18px; color: var(--bad); font-size: 13px; overflow-wrap: anywhere; }
    table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
    td, th { text-align: right; padding: 7px 10px; border-top: 1px solid var(--line); font-weight: 400; }
    tr:first-child th { border-top: 0; color: var(--soft); font-size: 13px; }
    td:first-child, th:first-child { text-align: left; }
    canvas { display: block; width: 100%; }
    .chart { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 12px 16px; }
    .row { display: grid; grid-template-columns: 150px 1fr 74px; gap: 10px; align-items: center; padding: 1px 0; }
    .row span { font-size: 13px; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
    .row em { font-style: normal; font-size: 12px; color: var(--soft); text-align: right;
      font-variant-numeric: tabular-nums; }
    .key { font-size: 13px; color: var(--soft); margin: 0 0 8px; }
    .key b { display: inline-block; width: 11px; height: 11px; border-radius: 2px; margin: 0 5px 0 14px; }
    .key b:first-child { margin-left: 0; }
    #tip { position: fixed; pointer-events: none; background: var(--ink); color: var(--ground); padding: 7px 10px;
      border-radius: 7px; font-size: 12px; line-height: 1.45; max-width: 330px; display: none; z-index: 9; }
    input { font: inherit; padding: 5px 10px; border: 1px solid var(--line); border-radius: 7px;
      background: var(--card); color: var(--ink); width: 260px; margin-bottom: 10px; }
    .scroll { max-height: 420px; overflow: auto; }
    </style>
    </head>
    <body>
    <noscript>This page draws its charts with a script that lies in it; the figures are in the JSON below.</noscript>
    <div id="page"></div><div id="tip"></div>

    """#

private let pageScript = #"""
    <script>
    "use strict";
    const run = JSON.parse(document.getElementById("data").textContent), page = document.getElementById("page");
    const tip = document.getElementById("tip"), css = name => getComputedStyle(document.body).getPropertyValue(name);
    const el = (tag, options = {}, ...children) => {
      const node = Object.assign(document.createElement(tag), options); node.append(...children); return node; };
    const ms = value => value >= 1000 ? (value / 1000).toFixed(1) + " s" : value.toFixed(value < 10 ? 1 : 0) + " ms";
    const clock = s => Math.floor(s / 60) + ":" + String(Math.floor(s % 60)).padStart(2, "0");
    const span = run.timeline.width * run.timeline.whole.length;
    const done = run.disturbances.filter(d => d.done);

    const verdict = el("span", { className: "verdict", textContent: run.held ? "every invariant held" : "failed" });
    verdict.style.background = run.held ? css("--good") : css("--bad");
    page.append(el("h1", {}, "Chaos: " + run.scenario, verdict), el("p", { textContent: run.about }),
      el("p", {}, run.began + " · " + run.machine), el("p", {}, "Again: ", el("code", { textContent: run.command })));
    const facts = [["seed", run.seed], ["projects", run.timeline.projects.length],
      ["disturbances", done.length], ["requests", run.requests.toLocaleString()],
      ["failed within a blast radius", run.explained.toLocaleString()],
      ["failed elsewhere", (run.failures - run.explained).toLocaleString()]];
    page.append(el("div", { className: "facts" }, ...facts.map(([name, value]) =>
      el("div", { className: "fact" }, el("b", { textContent: value }), el("span", { textContent: name })))));

    page.append(el("h2", { textContent: "What must hold" }), el("div", { className: "panel" },
      ...run.invariants.map(rule => {
        const mark = el("i", { textContent: !rule.held ? "✗" : rule.checked ? "✓" : "–" });
        mark.style.color = css(!rule.held ? "--bad" : rule.checked ? "--good" : "--soft");
        const body = el("div", {}, rule.invariant);
        if (rule.violations.length) body.append(el("ul", {}, ...rule.violations.slice(0, 20).map(v =>
          el("li", { textContent: (v.at === undefined ? "" : clock(v.at) + " ") + v.text }))));
        if (rule.violations.length > 20) body.append(el("p", { textContent: "and more, see the JSON" }));
        return el("div", { className: "rule" }, mark, body,
          el("small", { textContent: rule.checked ? rule.checked.toLocaleString() + " checks" : "not looked at" }));
      })));

    const cells = (tag, values) => el("tr", {}, ...values.map(v => el(tag, { textContent: v })));
    page.append(el("h2", { textContent: "Latency, in quiet and outside every blast radius" }),
      el("div", { className: "panel" }, el("table", {},
        cells("th", ["", "quiet, half within", "quiet, 99 % within", "outside, half", "outside, 99 %",
          "the machine's share", "requests"]),
        ...run.latency.map(l => cells("td", [l.store, ms(l.quiet_p50_ms), ms(l.quiet_p99_ms),
          ms(l.outside_p50_ms), ms(l.outside_p99_ms), ms(l.machine_ms),
          (l.quiet_requests + l.outside_requests).toLocaleString()])))));

    function draw(canvas, height, paint) {
      const scale = devicePixelRatio || 1, width = canvas.clientWidth;
      canvas.width = width * scale; canvas.height = height * scale; canvas.style.height = height + "px";
      const pen = canvas.getContext("2d"); pen.scale(scale, scale); paint(pen, width, height); }
    const painters = [];
    const chart = (height, paint, tell) => {
      const canvas = el("canvas"); painters.push(() => draw(canvas, height, paint));
      canvas.onmousemove = event => {
        const box = canvas.getBoundingClientRect(), at = (event.clientX - box.left) / box.width * span;
        tip.textContent = ""; tip.append(...tell(at).flatMap((line, i) => i ? [el("br"), line] : [line]));
        tip.style.display = "block"; tip.style.top = event.clientY + 14 + "px";
        tip.style.left = Math.min(event.clientX + 14, innerWidth - 350) + "px"; };
      canvas.onmouseleave = () => { tip.style.display = "none"; };
      return canvas; };
    const bucket = (list, at) => list[Math.min(list.length - 1, Math.max(0, Math.floor(at / run.timeline.width)))];
    const near = (list, at) => list.filter(d => d.at <= at + run.timeline.width && at <= d.until + d.heals)
      .map(d => clock(d.at) + " " + d.words + (d.kind ? " (" + d.kind + ")" : "") + (d.note ? ": " + d.note : ""));
    const words = (b, what) => b[0] + " requests, " + b[1] + " failed, " + what + " " + ms(b[2]);

    function axis(pen, width, height) {
      pen.fillStyle = css("--band"); pen.fillRect(0, 0, width * run.quiet_seconds / span, height);
      pen.fillStyle = css("--soft"); pen.font = "11px system-ui";
      const step = [5, 10, 30, 60, 300, 600].find(s => span / s <= 12) || 1200;
      for (let t = 0; t < span; t += step) { const x = t / span * width;
        pen.fillText(clock(t), x + 3, height - 3); pen.globalAlpha = .25; pen.fillRect(x, 0, 1, height);
        pen.globalAlpha = 1; } }

    const shared = done.filter(d => d.project === undefined);
    page.append(el("h2", { textContent: "The whole cluster" }));
    const overview = el("div", { className: "chart" });
    const legend = (...pairs) => el("div", { className: "key" }, ...pairs.flatMap(([colour, text]) => {
      const b = el("b"); b.style.background = css(colour); return [b, text]; }));
    overview.append(legend(["--cool", "requests"], ["--bad", "failed"], ["--warm", "99 % within (logarithmic)"],
      ["--ink", "done to all"], ["--band", "quiet"]));
    overview.append(chart(190, (pen, width, height) => {
      axis(pen, width, height);
      const all = run.timeline.whole, w = width / all.length, top = Math.max(1, ...all.map(b => b[0])), h = height - 30;
      all.forEach((b, i) => { pen.fillStyle = css("--cool"); pen.globalAlpha = .5;
        pen.fillRect(i * w, 14 + h - b[0] / top * h, Math.max(1, w - .5), b[0] / top * h); pen.globalAlpha = 1;
        pen.fillStyle = css("--bad"); const f = b[1] ? Math.max(2, b[1] / top * h) : 0;
        pen.fillRect(i * w, 14 + h - f, Math.max(1, w - .5), f); });
      pen.strokeStyle = css("--warm"); pen.lineWidth = 1.6; pen.beginPath();
      all.forEach((b, i) => { const y = 14 + h - Math.min(1, Math.log10(1 + b[2]) / 4) * h;
        i ? pen.lineTo((i + .5) * w, y) : pen.moveTo(w / 2, y); }); pen.stroke();
      pen.fillStyle = css("--ink");
      for (const d of shared) { const x = d.at / span * width;
        pen.beginPath(); pen.moveTo(x - 4, 0); pen.lineTo(x + 4, 0); pen.lineTo(x, 8); pen.fill(); } },
      at => [clock(at) + ": " + words(bucket(run.timeline.whole, at), "99 % within"), ...near(shared, at)]));
    page.append(overview);

    page.append(el("h2", { textContent: "Project by project" }));
    const rows = el("div", { className: "chart" });
    rows.append(legend(["--good", "quick"], ["--warm", "slow (a second and more)"], ["--bad", "failed"],
      ["--ink", "something was done to it"]));
    run.timeline.projects.forEach((project, place) => {
      const own = done.filter(d => d.project === place), failed = project.buckets.reduce((n, b) => n + b[1], 0);
      const line = chart(20, (pen, width, height) => {
        const w = width / project.buckets.length;
        project.buckets.forEach((b, i) => { if (!b[0]) return;
          const slow = Math.min(1, Math.log10(1 + b[2]) / 3);
          pen.fillStyle = css("--good"); pen.globalAlpha = .25 + .35 * Math.min(1, b[0] / 10);
          pen.fillRect(i * w, 5, w + .3, height - 5);
          pen.fillStyle = css("--warm"); pen.globalAlpha = Math.max(0, slow - .45) * 1.8;
          pen.fillRect(i * w, 5, w + .3, height - 5);
          if (b[1]) { pen.globalAlpha = 1; pen.fillStyle = css("--bad");
            const f = Math.max(4, (height - 5) * b[1] / b[0]); pen.fillRect(i * w, height - f, w + .3, f); } });
        pen.globalAlpha = 1; pen.fillStyle = css("--ink");
        for (const d of own) { const x = d.at / span * width, end = d.until / span * width;
          pen.fillRect(x, 0, Math.max(2.5, end - x), 3.5); } },
        at => [project.name + " " + clock(at) + ": " + words(bucket(project.buckets, at), "slowest"),
          ...near(own, at)]);
      rows.append(el("div", { className: "row" }, el("span", { textContent: project.name, title: project.name }), line,
        el("em", { textContent: failed ? failed + " failed" : own.length ? own.length + " done" : "" }))); });
    page.append(rows);

    page.append(el("h2", { textContent: "What was done" }));
    const filter = el("input", { placeholder: "filter, e.g. kill-front or bundoc" });
    const table = el("table"), scroll = el("div", { className: "panel scroll" }, table);
    const list = () => { table.textContent = ""; table.append(cells("th", ["at", "what", "to whom", "for", "found"]));
      for (const d of run.disturbances) {
        const whom = d.project === undefined ? "the cluster"
          : run.timeline.projects[d.project].name + (d.kind ? "/" + d.kind : "");
        const found = (d.done ? "" : "left out: ") + d.note;
        const values = [clock(d.at), d.form, whom, (d.until - d.at).toFixed(1) + " s", found];
        if (!filter.value || values.join(" ").includes(filter.value)) table.append(cells("td", values)); } };
    filter.oninput = list; list();
    page.append(filter, scroll);
    if (run.left_out.length) page.append(el("h2", { textContent: "Left out" }),
      ...run.left_out.map(line => el("p", { textContent: line })));
    const paintAll = () => painters.forEach(paint => paint());
    paintAll(); addEventListener("resize", paintAll);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paintAll);
    </script>

    """#
