"use strict";
(() => {
  const { figures, trials } = JSON.parse(document.getElementById("page_data").textContent);
  const root = document.documentElement;
  const card = document.getElementById("page_card");
  const place = new Map(trials.number.map((number, i) => [number, i]));
  const onFront = new Set(trials.front);

  // Light and dark: what the reader asks for, else what the system says.
  const system = matchMedia("(prefers-color-scheme: dark)");
  const button = document.getElementById("page_theme");
  let asked = null;
  const isDark = () => (asked ?? (system.matches ? "dark" : "light")) === "dark";

  function showTheme() {
    root.dataset.theme = isDark() ? "dark" : "light";
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-label", `Use ${button.textContent.toLowerCase()} colours`);
    drawn.forEach(draw);
  }

  const colour = (name) => getComputedStyle(root).getPropertyValue(name).trim();

  // Figures name colours of the page as "var(--ink)".
  function coloured(value) {
    if (typeof value === "string") {
      return value.replace(/var\((--[\w-]+)\)/g, (_, name) => colour(name));
    }
    if (Array.isArray(value)) {
      return typeof value[0] === "number" ? value : value.map(coloured);
    }
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, coloured(v)]));
    }
    return value;
  }

  function template() {
    const axis = {
      gridcolor: colour("--line"), linecolor: colour("--line"),
      zerolinecolor: colour("--line"), tickcolor: colour("--line"),
      automargin: true, title: { standoff: 10, font: { size: 13 } },
    };
    return {
      layout: {
        font: { family: getComputedStyle(document.body).fontFamily, size: 13, color: colour("--ink") },
        paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
        colorway: ["--sum", "--concat", "--tree", "--mixed", "--chain", "--custom"].map(colour),
        xaxis: axis, yaxis: axis,
        legend: { font: { size: 12 } },
        hoverlabel: {
          bgcolor: colour("--ground"), bordercolor: colour("--line"),
          font: { color: colour("--ink"), size: 13 }, align: "left",
        },
        modebar: { bgcolor: "rgba(0,0,0,0)", color: colour("--muted"), activecolor: colour("--ink") },
      },
    };
  }

  // Plots, drawn when they come near, for a page may have many.
  const drawn = new Set();
  // A finger on a figure scrolls the page, and plotly's buttons would cover legends.
  const touched = matchMedia("(pointer: coarse)").matches;
  const config = {
    responsive: true, displaylogo: false, scrollZoom: false, displayModeBar: touched ? false : "hover",
    modeBarButtons: [["zoom2d", "pan2d", "resetScale2d", "toImage"]],
  };

  // A view changes attributes of a figure, such as "xaxis.title.text".
  function put(target, path, value) {
    const keys = path.split(".");
    const last = keys.pop();
    for (const key of keys) target = target[key] ??= {};
    target[last] = value;
  }

  function viewed(figure, number) {
    const [data, layout] = [coloured(figure.data), coloured(figure.layout)];
    const view = coloured(figure.views[number] ?? { data: {}, layout: {} });
    for (const [path, values] of Object.entries(view.data)) {
      values.forEach((value, i) => put(data[i], path, value));
    }
    for (const [path, value] of Object.entries(view.layout)) put(layout, path, value);
    return { data, layout };
  }

  function choose(plot, buttons, number) {
    plot.view = number;
    buttons.forEach((one, i) => one.setAttribute("aria-pressed", i === number));
    hide();
    draw(plot);
  }

  for (const group of document.querySelectorAll(".views")) {
    const [plot, buttons] = [group.parentElement.querySelector(".plot"), [...group.children]];
    buttons.forEach((one, i) => one.addEventListener("click", () => choose(plot, buttons, i)));
  }

  function draw(plot) {
    const { data, layout } = viewed(figures[plot.dataset.figure], plot.view ?? 0);
    const own = {
      template: template(), uirevision: `view${plot.view ?? 0}`, dragmode: touched ? false : "zoom",
    };
    own.width = plot.clientWidth;  // paper has another one than the screen
    const done = Plotly.react(plot, data, { ...layout, ...own }, config);
    if (!drawn.has(plot)) {
      drawn.add(plot);
      const hover = ({ points: [{ customdata, bbox }] }) => {
        if (!bbox) return;
        // Plotly counts from where the plot's own offset is counted from.
        const x = (bbox.x0 + bbox.x1) / 2 - plot.offsetLeft - plot.clientLeft;
        const y = (bbox.y0 + bbox.y1) / 2 - plot.offsetTop - plot.clientTop;
        point(plot, customdata, x, y);
      };
      if (touched) {
        plot.addEventListener("click", (event) => tap(plot, event));
      } else {
        plot.on("plotly_hover", hover);
        plot.on("plotly_unhover", hide);
      }
      plot.addEventListener("keydown", (event) => walk(plot, event));
      plot.addEventListener("blur", hide);
    }
    return done;
  }

  function point(plot, number, x, y) {
    if (!place.has(number)) return;
    const frame = plot.getBoundingClientRect();
    const ring = plot.querySelector(".ring") ?? plot.appendChild(made("div", { class: "ring" }));
    ring.style.left = `${x}px`;
    ring.style.top = `${y}px`;
    follow(plot, number);
    show(number, frame.left + x, frame.top + y);
  }

  // A finger is not so exact as a mouse: it means the nearest of the dots about it.
  function tap(plot, { clientX, clientY, isTrusted }) {
    if (!isTrusted) return;  // plotly makes clicks, too, which are nowhere
    const frame = plot.getBoundingClientRect();
    const [x, y] = [clientX - frame.left, clientY - frame.top];
    const away = ([, left, top]) => Math.hypot(left - x, top - y);
    const [nearest] = seriesOf(plot).flat().sort((a, b) => away(a) - away(b));
    if (nearest && away(nearest) < 24) point(plot, ...nearest);
    else hide();
  }

  // Left and right along points, up and down between traces; those of one "meta" are one.
  function walk(plot, event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key] ?? 0;
    const turn = { ArrowUp: -1, ArrowDown: 1 }[event.key] ?? 0;
    const series = step || turn ? seriesOf(plot) : [];
    if (!series.length) return;
    event.preventDefault();
    const at = plot.at;
    const row = ((at?.row ?? series.length - 1) + turn + series.length) % series.length;
    const points = series[row];
    const from = at && !turn ? at.rank + step : step < 0 ? points.length - 1 : 0;
    const rank = (from + points.length) % points.length;
    plot.at = { row, rank };
    point(plot, ...points[rank]);
  }

  // The whole line of a trial, where it is one among many.
  function follow(plot, number) {
    plot.querySelector(".followed")?.remove();
    const { xaxis, yaxis } = plot._fullLayout;
    for (const { customdata, x, y } of plot.data) {
      const stops = Array.from(customdata ?? []).flatMap((one, i) => (one === number ? [i] : []));
      if (stops.length < 2) continue;
      const at = (i) => `${xaxis._offset + xaxis.d2p(x[i])},${yaxis._offset + yaxis.d2p(y[i])}`;
      const over = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      over.classList.add("followed");
      const line = over.appendChild(document.createElementNS(over.namespaceURI, "polyline"));
      line.setAttribute("points", stops.map(at).join(" "));
      plot.append(over);
    }
  }

  function seriesOf(plot) {
    const series = new Map();
    plot.data.forEach(({ customdata, x, y, base, meta, visible, xaxis, yaxis }, curve) => {
      if (!customdata || visible === "legendonly") return;
      const name = meta ?? curve;
      const across = plot._fullLayout[(xaxis ?? "x").replace("x", "xaxis")];
      const up = plot._fullLayout[(yaxis ?? "y").replace("y", "yaxis")];
      const points = series.get(name) ?? [];
      const seen = new Set([null]);  // a line of a trial is one stop, at its beginning
      customdata.forEach((number, i) => {
        if (seen.has(number)) return;
        seen.add(number);
        const at = across.d2p((base ?? x)[i]);  // a bar begins at its base
        points.push([number, across._offset + at, up._offset + up.d2p(y[i])]);
      });
      series.set(name, points);
    });
    return [...series.values()].map((points) => points.sort((a, b) => a[1] - b[1]));
  }

  // The card of a trial.
  function made(name, attributes = {}, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  }

  const percent = (part) => `${(100 * part).toFixed(2)}\u00a0%`;
  const chosen = (column, i) => column.values[column.at[i]] ?? null;

  function facts(number, i) {
    const repeats = trials.repeats[number];
    const rows = [];
    if (trials.accuracy[i] !== null) rows.push(["accuracy", percent(trials.accuracy[i])]);
    else if (trials.reached[i] !== null) rows.push([`after ${trials.epochs[i]} epochs`, percent(trials.reached[i])]);
    if (repeats && repeats[2] !== null) {
      rows.push([`95 % interval, ${repeats[0]} repeats`, `${(100 * repeats[2]).toFixed(2)} to ${(100 * repeats[3]).toFixed(2)}`]);
    }
    rows.push(["parameters", trials.params[i].toLocaleString("en")]);
    rows.push(["MACs", trials.macs[i].toLocaleString("en")]);
    if (number in trials.latency) rows.push(["latency", `${trials.latency[number]} ms`]);
    const device = chosen(trials.device, i);
    rows.push([`${trials.epochs[i]} epochs in`, `${trials.seconds[i]} s${device ? ` on ${device}` : ""}`]);
    return rows;
  }

  // Genes by their place: "block1.aggregation" stands under block1, and what goes by the
  // aggregation or the unit ("block1.concat.growth") does not name that again.
  function genes(i) {
    const places = new Map();
    for (const [name, column] of Object.entries(trials.genes)) {
      const value = chosen(column, i);
      if (value === null) continue;
      const dot = name.indexOf(".");
      const [where, what] = dot < 0 ? [name, ""] : [name.slice(0, dot), name.slice(dot + 1)];
      const last = what.slice(what.lastIndexOf(".") + 1);
      const words = ["", "aggregation", "unit"].includes(what) ? value : `${last}\u00a0${value}`;
      places.set(where, [...(places.get(where) ?? []), words]);
    }
    return [...places].map(([where, words]) => [where, words.join(" · ")]);
  }

  function list(rows, attributes) {
    return made("dl", attributes, ...rows.flatMap(([name, value]) => [made("dt", {}, name), made("dd", {}, value)]));
  }

  function picture(number) {
    const text = trials.pictures[number];
    if (!text) return made("p", {}, "No picture: the page has those of the front and of the most accurate.");
    const parsed = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
    return document.importNode(parsed, true);
  }

  function fill(number) {
    const i = place.get(number);
    const status = chosen(trials.status, i);
    const marks = status === "complete" ? [] : [status];
    if (onFront.has(number)) marks.push("on the front");
    if (chosen(trials.arm, i) === "random") marks.push("random search");
    const choices = genes(i);
    card.replaceChildren(
      made("h4", {}, `Trial ${number}`, made("span", {}, marks.join(", "))),
      picture(number),
      list(facts(number, i), {}),
      ...(choices.length ? [list(choices, { class: "genes" })] : [made("p", {}, `blocks: ${chosen(trials.blocks, i)}`)]),
      ...(trials.error[number] ? [made("p", {}, trials.error[number])] : []),
    );
  }

  function show(number, x, y) {
    fill(number);
    card.hidden = false;
    card.classList.toggle("above", y > innerHeight / 2);  // on a phone
    const { width, height } = card.getBoundingClientRect();
    const left = x + 18 + width < innerWidth ? x + 18 : Math.max(8, x - 18 - width);
    const top = Math.max(8, Math.min(y - height / 3, innerHeight - height - 8));
    card.style.left = `${left + scrollX}px`;
    card.style.top = `${top + scrollY}px`;
  }

  function hide() {
    card.hidden = true;
    document.querySelectorAll(".ring, .followed").forEach((mark) => mark.remove());
  }

  for (const one of document.querySelectorAll(".trial")) {
    const number = Number(one.dataset.trial);
    if (!place.has(number)) continue;
    const open = () => {
      const box = one.getBoundingClientRect();
      show(number, box.right, box.top + box.height / 2);
    };
    one.addEventListener("mouseenter", open);
    one.addEventListener("focus", open);
    one.addEventListener("click", open);
    one.addEventListener("mouseleave", hide);
    one.addEventListener("blur", hide);
  }
  card.addEventListener("click", hide);
  addEventListener("keydown", (event) => event.key === "Escape" && hide());
  addEventListener("pointerdown", ({ target }) => target.closest(".plot, .trial, #page_card") || hide());

  for (const copy of document.querySelectorAll(".copy")) {
    const code = copy.parentElement.querySelector("code");
    copy.addEventListener("click", async () => {
      getSelection().selectAllChildren(code);
      try {
        await navigator.clipboard.writeText(code.textContent);
        copy.textContent = "Copied";
      } catch {
        copy.textContent = "Selected";
      }
    });
  }

  button.addEventListener("click", () => {
    asked = isDark() ? "light" : "dark";
    showTheme();
  });
  system.addEventListener("change", showTheme);
  addEventListener("beforeprint", () => {
    root.dataset.theme = "light";
    root.classList.add("printing");
    document.querySelectorAll("details").forEach((one) => (one.open = true));
    drawn.forEach(draw);
  });
  addEventListener("afterprint", () => {
    root.classList.remove("printing");
    showTheme();
  });
  showTheme();
  document.querySelectorAll(".plot").forEach(draw);
})();
