/*
 * timeline.js - the timeline: tracks that zoom. Everything of one look is one path, so that the page stays
 * small however much there is; what is under the pointer is found by its coordinates.
 */

const LABEL = 220,
	ROW = 26,
	RULER = 44,
	STRIP = 46,
	EDGE = 12;
const LOOKS = ["DMA", "UNMANAGED", "BLOCKED", "IDENTITY", "other"];
const view = {from: 0, to: total, width: 900, selected: null, mark: null, listeners: []};
const parts = {}; /* the elements of the timeline */

function xOf(t) {
	return LABEL + ((t - view.from) / (view.to - view.from)) * (view.width - LABEL - EDGE);
}

function timeOf(x) {
	return view.from + ((x - LABEL) / (view.width - LABEL - EDGE)) * (view.to - view.from);
}

/* Shows @from to @to, not less than 1 us and not beyond the ends. */
function zoomTo(from, to) {
	const length = Math.min(Math.max(to - from, 1000), total);

	from = Math.min(Math.max(from, 0), total - length);
	view.from = from;
	view.to = from + length;
	view.listeners.forEach(f => f());
}

function zoomBy(factor, at) {
	const t = at === undefined ? (view.from + view.to) / 2 : at;

	zoomTo(t - (t - view.from) * factor, t + (view.to - t) * factor);
}

function panBy(share) {
	const by = (view.to - view.from) * share;

	zoomTo(view.from + Math.max(by, -view.from), view.to + Math.max(by, -view.from));
}

/* ---- the ruler, with a flag for each verdict ---- */

function tickStep(length) {
	const rough = length / 7,
		power = 10 ** Math.floor(Math.log10(rough));

	return [1, 2, 5, 10].map(n => n * power).find(step => step >= rough);
}

function drawRuler() {
	const step = Math.max(tickStep(view.to - view.from), 1);
	const decimals = Math.max(0, Math.min(9, 9 - Math.floor(Math.log10(step))));
	const nodes = [
		svg("text", {x: 8, y: 16, class: "dim", text: "seconds"}),
		svg("text", {x: 8, y: 35, class: "dim", text: "verdicts"})
	];
	let grid = "";

	for (let t = Math.ceil(view.from / step) * step; t <= view.to; t += step) {
		grid += "M" + xOf(t).toFixed(1) + " 20v" + (RULER - 20);
		nodes.push(
			svg("text", {
				x: xOf(t),
				y: 16,
				"text-anchor": "middle",
				class: "dim",
				text: (t / 1e9).toFixed(decimals)
			})
		);
	}
	nodes.push(svg("path", {d: grid, class: "grid"}), ...flags());
	parts.ruler.replaceChildren(...nodes);
}

/* Those that would overlap are one flag, which leads to the first of them. */
function flags() {
	const groups = [];

	verdicts.map((v, i) => ({i, t: since(v.time_ns)}))
		.filter(f => verdicts[f.i].time_ns && f.t >= view.from && f.t <= view.to)
		.sort((a, b) => a.t - b.t || a.i - b.i)
		.forEach(f => {
			const last = groups.at(-1);

			if (last && xOf(f.t) - xOf(last.t) < 44) {
				last.count++;
				last.i = Math.min(last.i, f.i);
			} else {
				groups.push({...f, count: 1});
			}
		});
	return groups.map(g => {
		const v = verdicts[g.i],
			label = "V" + (g.i + 1) + (g.count > 1 ? " +" + (g.count - 1) : "");
		const go = () => showStory(g.i),
			width = 12 + 7 * label.length;
		const left = xOf(g.t) + width > view.width; /* at the end it points the other way */

		return svg(
			"g",
			{
				class: "flag " + v.severity,
				transform: "translate(" + xOf(g.t).toFixed(1) + " 22)",
				tabindex: 0,
				role: "button",
				"aria-label": "Verdict " + label + ": " + v.verdict,
				on: {click: go, keydown: e => e.key === "Enter" && go()}
			},
			svg("path", {d: "M0 22V0h" + (left ? -width : width) + "v15H0"}),
			svg("text", {x: left ? 6 - width : 6, y: 12, text: label}),
			svg("title", {text: v.verdict})
		);
	});
}

/* ---- the whole recording, with what is in sight marked ---- */

function density(bins) {
	const counts = new Array(bins).fill(0);
	const bin = t => Math.min(Math.max(Math.floor((t / total) * bins), 0), bins - 1);
	const add = (from, to, n) => {
		for (let i = bin(from), last = bin(to); i <= last; i++)
			counts[i] += n / (last - bin(from) + 1);
	};

	lifecycle.filter(i => i.kind !== ATTACHED).forEach(i => add(i.begin, i.begin, i.count));
	/* Where single events tell of an operation, its statistics would count it twice. */
	for (const op of data.hooks) {
		const heat = data.heat_events.ops[op] ? data.heat_events : data.heat_stats;
		const cells = heat.ops[op] || [];

		for (let i = 0; i < cells.length; i += 3)
			add(
				heat.columns[2 * cells[i]],
				heat.columns[2 * cells[i] + 1],
				cells[i + 2]
			);
	}
	return counts;
}

function drawStrip() {
	const width = view.width - LABEL - EDGE,
		bins = Math.max(Math.floor(width / 4), 10);
	const counts = density(bins),
		most = Math.log1p(Math.max(...counts, 1));
	let bars = "";

	counts.forEach((n, i) => {
		const h = n && Math.max((Math.log1p(n) / most) * (STRIP - 18), 2);

		bars += n
			? `M${(LABEL + (i * width) / bins).toFixed(1)} ${STRIP - 2}v-${h.toFixed(1)}h3v${h.toFixed(1)}z`
			: "";
	});
	const x = t => LABEL + (t / total) * width;

	parts.strip.replaceChildren(
		svg("text", {x: 8, y: 18, class: "dim", text: "the whole recording"}),
		svg("text", {x: 8, y: 34, class: "dim", text: "(drag here to zoom)"}),
		svg("path", {d: bars, class: "density"}),
		svg("rect", {
			class: "window",
			x: x(view.from),
			y: 1,
			height: STRIP - 2,
			width: Math.max(x(view.to) - x(view.from), 3)
		})
	);
}

/* ---- tracks ---- */

function look(id) {
	const d = domains.get(id),
		type = d ? d.type.replace(/^DMA-FQ$/, "DMA") : "other";

	return LOOKS.includes(type) ? type : "other";
}

const shapes = {
	fail: (x, y) => `M${x - 5} ${y - 5}l10 10m0-10l-10 10`,
	fault: (x, y) => `M${x} ${y - 6}l6 11h-12z`,
	"domain-alloc": (x, y) => `M${x} ${y - 5}a5 5 0 1 0 .1 0z`,
	"domain-free": (x, y) => `M${x - 4} ${y - 4}h8v8h-8z`,
	finalise: (x, y) => `M${x} ${y - 6}l5 6l-5 6l-5-6z`
};

/* Collects what is drawn alike into one path, and leaves out what would be on the same spot. */
function pen() {
	const paths = new Map(),
		drawn = new Set();

	return {
		paths,
		add(name, d) {
			paths.set(name, (paths.get(name) || "") + d);
		},
		bar(name, x0, x1, y, height) {
			const a = Math.max(x0, LABEL),
				b = Math.min(x1, view.width - EDGE);

			if (b >= a)
				this.add(
					name,
					`M${a.toFixed(1)} ${y}h${Math.max(b - a, 1).toFixed(1)}v${height}H${a.toFixed(1)}z`
				);
		},
		spot(name, row, x, d) {
			const key = name + " " + row + " " + Math.round(x / 3);

			if (x < LABEL || x > view.width - EDGE || drawn.has(key)) return;
			drawn.add(key);
			this.add(name, d);
		}
	};
}

function drawSpans(p, row, y, texts) {
	const bars =
		row.type === "domain" && row.known
			? [{begin: row.from, end: row.to, domain: row.id, count: 1}]
			: row.spans;

	for (const s of bars) {
		const x0 = Math.max(xOf(s.begin), LABEL),
			x1 = Math.min(xOf(s.end), view.width - EDGE);

		if (x1 < LABEL || x0 > view.width - EDGE) continue;
		p.bar("span " + (s.count > 1 ? "many" : look(s.domain)), x0, x1 - 1, y + 4, 13);
		const text = s.count > 1 ? asCount(s.count) + " attaches" : domainTitle(s.domain);

		if (x1 - x0 > 10 + 7.3 * text.length && texts.length < 200)
			texts.push(svg("text", {x: x0 + 5, y: y + 14, text}));
	}
}

function drawMarks(p, row, y, index) {
	for (const item of row.items) {
		const name = classOf(item),
			x = xOf(item.end),
			shape = shapes[name];

		if (item.end < view.from || item.begin > view.to) continue;
		p.bar("took", xOf(item.begin), x, y + 19, 4);
		if (shape) p.spot(name, index, x, shape(+x.toFixed(1), y + 10));
	}
	for (const item of row.operations)
		if (item.end >= view.from && item.begin <= view.to)
			drawOperation(p, item, y, index);
}

/* One call is a tick; many that were put together are a bar from the first to the last. */
function drawOperation(p, item, y, index) {
	const x = xOf(item.end);

	if (item.result) p.spot("fail", index, x, shapes.fail(+x.toFixed(1), y + 10));
	else if (item.count > 1) p.bar("operations", xOf(item.begin), x, y + 19, 4);
	else p.spot("operation", index, x, `M${x.toFixed(1)} ${y + 18}v6`);
}

function drawLabel(row, y) {
	const toggle = () => {
		if (row.type === "lane") row.open = !row.open;
		else row.lane.quiet = !row.lane.quiet;
		drawTracks();
	};
	const live = row.type === "lane" || row.type === "quiet";
	const label = svg("text", {
		x: row.type === "lane" ? 8 : 24,
		y: y + 15,
		text: rowLabel(row),
		class: "label " + row.type,
		tabindex: live ? 0 : null,
		role: live ? "button" : null,
		"aria-expanded": row.type === "lane" ? String(row.open) : null,
		on: live ? {click: toggle, keydown: e => e.key === "Enter" && toggle()} : {}
	});

	if (row.type === "lane")
		label.append(
			svg("title", {text: row.name + ": " + many(row.rows.length, "track")})
		);
	return label;
}

function drawTracks() {
	const rows = (parts.rows = visibleRows()),
		box = parts.scroll;
	const height = rows.length * ROW + 6,
		p = pen(),
		nodes = [],
		texts = [];
	const top = Math.max(Math.floor(box.scrollTop / ROW) - 2, 0);
	const bottom = Math.min(top + Math.ceil(box.clientHeight / ROW) + 5, rows.length);

	for (let i = top; i < bottom; i++) {
		const row = rows[i],
			y = i * ROW;

		if (row.type === "lane") p.add("stripe", `M0 ${y}h${view.width}v${ROW - 2}H0z`);
		if (row === view.selected) p.add("chosen", `M0 ${y}h${view.width}v${ROW}H0z`);
		drawSpans(p, row, y, texts);
		if (row.type !== "lane" || !row.open) drawMarks(p, row, y, i);
		nodes.push(drawLabel(row, y));
	}
	const order = [
		"stripe",
		"chosen",
		"span DMA",
		"span UNMANAGED",
		"span BLOCKED",
		"span IDENTITY",
		"span other",
		"span many",
		"took",
		"operations",
		"operation",
		"domain-alloc",
		"domain-free",
		"finalise",
		"fail",
		"fault"
	];

	setSize(parts.tracks, view.width, height);
	parts.tracks.replaceChildren(
		...order
			.filter(name => p.paths.has(name))
			.map(name => svg("path", {d: p.paths.get(name), class: name})),
		...texts,
		...nodes
	);
	if (view.mark !== null && view.mark >= view.from && view.mark <= view.to)
		parts.tracks.append(
			svg("path", {class: "mark", d: `M${xOf(view.mark).toFixed(1)} 0v${height}`})
		);
}

/* ---- setting up ---- */

function drawLegend() {
	const item = (name, d, text) =>
		el(
			"span",
			{},
			svg(
				"svg",
				{width: 22, height: 16, "aria-hidden": "true"},
				svg("path", {d, class: name})
			),
			text
		);
	const bar = "M1 3h20v10H1z";

	byId("time-legend").replaceChildren(
		...["DMA", "UNMANAGED", "BLOCKED", "IDENTITY"].map(type =>
			item("span " + type, bar, "on a " + type + " domain")
		),
		item("fail", shapes.fail(11, 8), "failed"),
		item("fault", shapes.fault(11, 8), "fault"),
		item("domain-alloc", shapes["domain-alloc"](11, 8), "allocated"),
		item("domain-free", shapes["domain-free"](11, 8), "freed"),
		item("took", "M1 6h20v4H1z", "how long a call took")
	);
	if (data.device_names.left_out)
		byId("time-legend").append(
			el("span", {
				class: "coarse",
				text: "There are more devices than this page names: the events of some are on domains only."
			})
		);
	for (const [what, items] of [
		["Events", data.lifecycle],
		["Single operations", data.ops]
	])
		if (items.grain_ns)
			byId("time-legend").append(
				el("span", {
					class: "coarse",
					text:
						what +
						" are more than this page holds: " +
						"what is alike within " +
						asNs(items.grain_ns) +
						" is one mark" +
						(items.blur
							? ", " +
								"and not all domains are told apart."
							: ".")
				})
			);
}

function resize() {
	view.width = Math.max(byId("time-view").clientWidth, 600);
	setSize(parts.strip, view.width, STRIP);
	setSize(parts.ruler, view.width, RULER);
	view.listeners.forEach(f => f());
}

function startTimeline() {
	makeTracks();
	parts.strip = svg("svg", {
		class: "strip",
		role: "img",
		"aria-label": "How much happened when",
		on: {pointerdown: dragStrip}
	});
	parts.ruler = svg("svg", {class: "ruler"});
	parts.tracks = svg("svg", {
		class: "tracks",
		on: {
			pointerdown: dragTracks,
			pointermove: onHover,
			pointerleave: hideTip,
			click: onClick
		}
	});
	parts.scroll = el("div", {class: "tracks-scroll", on: {scroll: drawTracks}}, parts.tracks);
	byId("time-view").append(
		el(
			"div",
			{
				tabindex: 0,
				role: "group",
				"aria-label":
					"Timeline. Plus and minus zoom, arrows move, 0 shows all, n and p go to the next and previous event.",
				on: {keydown: onKey}
			},
			parts.strip,
			parts.ruler,
			parts.scroll
		)
	);
	byId("time-view").addEventListener("wheel", onWheel, {passive: false});
	byId("time-tools").append(
		button("+ zoom in", () => zoomBy(0.5), {id: "zoom-in"}),
		button("− zoom out", () => zoomBy(2), {id: "zoom-out"}),
		button("show all", () => zoomTo(0, total), {id: "zoom-all"}),
		button("◀ event", () => step(-1)),
		button("event ▶", () => step(1)),
		el("span", {id: "window", class: "dim"}),
		el("span", {
			class: "dim keys",
			text: "Keys: + − ← → 0, n and p for events. Ctrl and wheel zoom, drag moves."
		})
	);
	view.listeners.push(drawStrip, drawRuler, drawTracks, () => {
		byId("window").textContent =
			asTime(view.from) +
			" to " +
			asTime(view.to) +
			" (" +
			asNs(view.to - view.from) +
			")";
	});
	drawLegend();
	resize();
	addEventListener("resize", resize);
}
