/* latency.js - how long the operations took: over time as a heat map, and in all as histograms. */

const HEAT = 120,
	HEAT_ROWS = 12,
	LEVELS = 6,
	BUCKETS = 140;

/* The smallest latency of a bucket: include/iommuscope/hist.h. */
function bucketLow(i) {
	return i < 4 ? i : (4 + (i & 3)) * 2 ** ((i >> 2) - 1);
}

function operationOf(o) {
	if (o.single) return "single events";
	return o.object || (o.domain ? domainTitle(o.domain) : "others");
}

/* Latencies at which an axis from bucket @low to @high has a tick: powers of ten. */
function decades(low, high) {
	return [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10].filter(
		ns => ns >= bucketLow(low) && ns <= bucketLow(high)
	);
}

/* Where @ns is among the buckets, with a fraction. */
function bucketAt(ns) {
	let i = 0;

	while (i < BUCKETS - 1 && bucketLow(i + 1) <= ns) i++;
	return i + (ns - bucketLow(i)) / (bucketLow(i + 1) - bucketLow(i));
}

/* ---- heat map ---- */

function heatPanel(op, heat, single) {
	const cells = heat.ops[op],
		rows = [];
	let most = 1,
		low = BUCKETS,
		high = 0,
		calls = 0;

	for (let i = 0; i < cells.length; i += 3) {
		most = Math.max(most, cells[i + 2]);
		low = Math.min(low, cells[i + 1]);
		high = Math.max(high, cells[i + 1] + 1);
		calls += cells[i + 2];
	}
	/* Not so few that a difference looks larger than it is. */
	low = Math.max(Math.min(low - 1, high - HEAT_ROWS), 0);
	high = Math.min(Math.max(high + 1, low + HEAT_ROWS), BUCKETS / 2);
	const level = n =>
		Math.min(Math.floor((Math.log(n) / Math.log(most + 1)) * LEVELS), LEVELS - 1);
	const y = row => HEAT - 4 - ((row - low) / (high - low)) * (HEAT - 8);

	for (let i = 0; i < cells.length; i += 3)
		rows.push({
			from: heat.columns[2 * cells[i]],
			to: heat.columns[2 * cells[i] + 1],
			row: cells[i + 1],
			n: cells[i + 2],
			level: level(cells[i + 2])
		});
	return {
		op,
		single,
		rows,
		low,
		high,
		y,
		calls,
		most,
		node: svg("svg", {
			class: "heat",
			role: "img",
			"aria-label":
				op +
				": latency over time; " +
				"the table of operations has the numbers"
		})
	};
}

function drawHeat(panel) {
	const paths = new Array(LEVELS).fill(""),
		height = panel.y(0) - panel.y(1);
	const nodes = [
		svg("text", {x: 8, y: 18, class: "strong", text: panel.op}),
		svg("text", {x: 8, y: 36, class: "dim", text: many(panel.calls, "call")}),
		svg("text", {
			x: 8,
			y: 54,
			class: "dim",
			text: panel.single ? "single events" : "every call, timed"
		})
	];

	for (const c of panel.rows) {
		const x0 = Math.max(xOf(c.from), LABEL),
			x1 = Math.min(xOf(c.to), view.width - EDGE);

		if (x1 > LABEL && x0 < view.width - EDGE && x1 >= x0)
			paths[c.level] +=
				`M${x0.toFixed(1)} ${panel.y(c.row + 1).toFixed(1)}h${Math.max(x1 - x0 - 0.5, 1).toFixed(1)}` +
				`v${height.toFixed(1)}H${x0.toFixed(1)}z`;
	}
	paths.forEach((d, i) => d && nodes.push(svg("path", {d, class: "heat-" + i})));
	for (const ns of decades(2 * panel.low, 2 * panel.high)) {
		const y = panel.y(bucketAt(ns) / 2);

		nodes.push(
			svg("path", {
				d: `M${LABEL} ${y.toFixed(1)}H${view.width - EDGE}`,
				class: "grid"
			}),
			svg("text", {
				x: LABEL - 6,
				y: y + 4,
				"text-anchor": "end",
				class: "dim",
				text: asNs(ns).replace(/\.0+/, "")
			})
		);
	}
	setSize(panel.node, view.width, HEAT);
	panel.node.replaceChildren(...nodes);
}

function heatTip(panel, e) {
	const box = panel.node.getBoundingClientRect();
	const t = timeOf(e.clientX - box.left),
		y = e.clientY - box.top;
	const cell = panel.rows.find(
		c => t >= c.from && t < c.to && y <= panel.y(c.row) && y > panel.y(c.row + 1)
	);

	showTip(
		cell
			? [
					many(cell.n, "call") + " of " + panel.op,
					"took " +
						asNs(bucketLow(2 * cell.row)) +
						" to " +
						asNs(bucketLow(2 * cell.row + 2)),
					asTime(cell.from) + " to " + asTime(cell.to)
				]
			: [],
		e.clientX,
		e.clientY
	);
}

/* Statistics count every call, by the second; single events tell the time exactly, but may be a sample. */
function drawHeats() {
	const panels = data.hooks.flatMap(op =>
		[
			[data.heat_stats, false],
			[data.heat_events, true]
		]
			.filter(([heat]) => heat.ops[op])
			.map(([heat, single]) => heatPanel(op, heat, single))
	);

	if (!panels.length) {
		byId("heat").append(
			el("p", {class: "dim", text: "Nothing was mapped or unmapped."})
		);
		return;
	}
	const key = [...Array(LEVELS).keys()].map(i =>
		el(
			"span",
			{},
			svg(
				"svg",
				{width: 22, height: 14, "aria-hidden": "true"},
				svg("rect", {width: 22, height: 14, class: "heat-" + i})
			)
		)
	);

	byId("heat").append(
		el("p", {
			class: "dim",
			text:
				"When, over the same time as the timeline, and how long: each field is a number of calls. " +
				"Statistics are written about once a second: a field is as wide as that."
		}),
		el("div", {class: "panel"}, ...panels.map(p => p.node)),
		el("p", {class: "legend"}, "few calls ", ...key, " many (logarithmic)")
	);
	for (const panel of panels) {
		panel.node.addEventListener("pointermove", e => heatTip(panel, e));
		panel.node.addEventListener("pointerleave", hideTip);
		panel.node.addEventListener("wheel", onWheel, {passive: false});
		drawHeat(panel);
	}
	view.listeners.push(() => panels.forEach(drawHeat));
}

/* ---- histograms ---- */

function addBuckets(into, o) {
	for (let i = 0; i < o.buckets.length; i += 2) into[o.buckets[i]] += o.buckets[i + 1];
}

/* As model_op_percentile(): the midpoint of the bucket, and not more than the longest call took. */
function percentile(buckets, share, max) {
	const calls = buckets.reduce((a, b) => a + b, 0);
	let below = 0;

	for (let i = 0; i < BUCKETS; i++) {
		below += buckets[i];
		if (below >= calls * share)
			return Math.min(Math.floor((bucketLow(i) + bucketLow(i + 1) - 1) / 2), max);
	}
	return 0;
}

function histogram(op, rows) {
	const buckets = new Array(BUCKETS).fill(0),
		width = 560,
		height = 170,
		base = height - 24,
		left = 56;

	rows.forEach(o => addBuckets(buckets, o));
	const used = [...buckets.keys()].filter(i => buckets[i]),
		most = Math.log10(Math.max(...buckets) + 1);
	const low = Math.max(used[0] - 1, 0),
		high = Math.min(used.at(-1) + 2, BUCKETS);
	const x = b => left + ((b - low) / (high - low)) * (width - left - 8);
	const y = n => base - (Math.log10(n + 1) / most) * (base - 20);
	const nodes = [];
	let bars = "";

	if (!used.length) return el("p", {class: "dim", text: op + ": no call was timed."});
	for (const i of used)
		bars += `M${x(i).toFixed(1)} ${base}V${y(buckets[i]).toFixed(1)}H${(x(i + 1) - 1).toFixed(1)}V${base}z`;
	for (let n = 1; n <= Math.max(...buckets); n *= 10)
		nodes.push(
			svg("path", {d: `M${left} ${y(n)}H${width - 8}`, class: "grid"}),
			svg("text", {
				x: left - 6,
				y: y(n) + 4,
				"text-anchor": "end",
				class: "dim",
				text: asCount(n)
			})
		);
	for (const ns of decades(low, high))
		nodes.push(
			svg("text", {
				x: x(bucketAt(ns)),
				y: height - 6,
				"text-anchor": "middle",
				class: "dim",
				text: asNs(ns).replace(/\.0+/, "")
			})
		);
	nodes.push(svg("path", {d: bars, class: "bars"}));
	const max = Math.max(...rows.map(o => o.max_ns));
	const marks = [
		["p50", percentile(buckets, 0.5, max)],
		["p99", percentile(buckets, 0.99, max)]
	];

	marks.forEach(([name, ns], i) =>
		nodes.push(
			svg("path", {
				d: `M${x(bucketAt(ns)).toFixed(1)} 14V${base}`,
				class: "percentile"
			}),
			svg("text", {
				x: x(bucketAt(ns)) + (i ? 3 : -3),
				y: 12,
				"text-anchor": i ? "start" : "end",
				class: "dim",
				text: name + " " + asNs(ns)
			})
		)
	);
	return svg(
		"svg",
		{
			viewBox: `0 0 ${width} ${height}`,
			class: "histogram",
			role: "img",
			"aria-label":
				op +
				": " +
				many(
					buckets.reduce((a, b) => a + b, 0),
					"timed call"
				) +
				", " +
				marks.map(([name, ns]) => name + " " + asNs(ns)).join(", ")
		},
		...nodes
	);
}

function histogramBox(op, rows) {
	const box = el("div"),
		every = rows.filter(o => !o.single);
	const all = every.length ? every : rows;
	const choice = el(
		"select",
		{"aria-label": op + " of", on: {change: () => draw()}},
		el("option", {text: "all", value: -1}),
		...rows.slice(0, 200).map((o, i) => el("option", {text: operationOf(o), value: i}))
	);
	const draw = () =>
		box.replaceChildren(histogram(op, +choice.value < 0 ? all : [rows[+choice.value]]));

	draw();
	return el(
		"figure",
		{class: "panel"},
		el(
			"figcaption",
			{},
			el("strong", {text: op}),
			" of ",
			choice,
			el("span", {class: "dim", text: " calls (logarithmic) by latency"})
		),
		box
	);
}

function startLatency() {
	drawHeats();
	const ops = data.hooks.filter(op => data.operations.rows.some(o => o.op === op));

	byId("histograms").append(
		...ops.map(op =>
			histogramBox(
				op,
				data.operations.rows.filter(o => o.op === op)
			)
		)
	);
}
