/* map.js - instance, group, device and domain as boxes, and what links them. */

const MAP_ROW = 30,
	MAP_DEVICES = 40; /* devices of one instance that are drawn */
const COLUMN = {instance: [4, 200], group: [232, 84], device: [344, 122], domain: [640, 170]};
const mapState = {open: new Map()};

/* Devices of each instance, in order of their groups, with those that verdicts name first. */
function mapLanes() {
	const told = new Set(verdicts.map(v => v.device)),
		found = new Map();
	const owners = new Set(verdicts.map(v => v.domain_instance));

	for (const i of data.instances.rows) found.set(i.instance, []);
	for (const d of data.devices.rows)
		if (!d.removed || told.has(d.device)) {
			if (!found.has(d.instance || "")) found.set(d.instance || "", []);
			found.get(d.instance || "").push(d);
		}
	return [...found].map(([name, list]) => {
		const large = list.length > MAP_DEVICES;

		list.sort(
			(a, b) =>
				(large && told.has(b.device) - told.has(a.device)) ||
				(a.group ?? 1e9) - (b.group ?? 1e9)
		);
		return {
			name,
			devices: list,
			told: owners.has(name) || list.some(d => told.has(d.device))
		};
	});
}

/* Which domains a device was on before, and which ones refused it. */
function pastLinks() {
	const links = [],
		seen = new Set();
	const add = (kind, device, domain, verdict) => {
		const key = kind + " " + device + " " + domain;

		if (device && domain > 0 && !seen.has(key))
			links.push({kind, device, domain, verdict});
		seen.add(key);
	};

	verdicts.forEach((v, i) => {
		if (v.result && v.domain)
			add("refused", v.device || devicesOfGroup.get(v.group), v.domain, i);
		else if (v.verdict === "accepted-mismatch") add("accepted", v.device, v.domain, i);
	});
	for (const item of lifecycle) {
		const d = item.kind === ATTACHED && domains.get(item.domain);

		if (
			d &&
			d.type !== "BLOCKED" &&
			devices.get(item.device) &&
			devices.get(item.device).domain !== item.domain
		)
			add("past", item.device, item.domain);
	}
	return links.slice(0, 400);
}

function box(column, y, text, props, title) {
	const [x, width] = COLUMN[column];
	const cut = s =>
		s.length * 7.3 < width - 10 ? s : s.slice(0, Math.floor(width / 7.3) - 3) + "…";
	const go = props.go;
	const node = svg(
		"g",
		{
			class: "box " + (props.class || ""),
			tabindex: go ? 0 : null,
			role: go ? "button" : null,
			on: go ? {click: go, keydown: e => e.key === "Enter" && go()} : {}
		},
		svg("rect", {x, y: y + 3, width, height: (props.rows || 1) * MAP_ROW - 6, rx: 4}),
		svg("text", {x: x + 7, y: y + 19, text: cut(text)})
	);

	if (props.note)
		node.append(
			svg("text", {x: x + 7, y: y + 36, class: "dim", text: cut(props.note)})
		);
	node.append(svg("title", {text: title || text}));
	return node;
}

function curve(from, to, y0, y1, name) {
	const x0 = COLUMN[from][0] + COLUMN[from][1],
		x1 = COLUMN[to][0],
		middle = (x0 + x1) / 2;

	return svg("path", {
		class: "link " + name,
		d: `M${x0} ${y0}C${middle} ${y0} ${middle} ${y1} ${x1} ${y1}`
	});
}

/* The point on that curve after the share @t of it. */
function pointOn(from, to, y0, y1, t) {
	const x0 = COLUMN[from][0] + COLUMN[from][1],
		x1 = COLUMN[to][0],
		u = 1 - t;

	return [
		u ** 3 * x0 + (3 * t * u * (x0 + x1)) / 2 + t ** 3 * x1,
		y0 + (y1 - y0) * (3 * t * t * u + t ** 3)
	];
}

/* A lane has its devices in rows, and beside them its domains: those that devices are on first. */
function layLane(lane, y, past, at) {
	const rows = lane.devices.slice(0, MAP_DEVICES),
		mine = [];
	const add = id => {
		if (id && domains.has(id) && !at.domain.has(id) && !mine.includes(id))
			mine.push(id);
	};

	rows.forEach(d => add(d.domain));
	for (const link of past) {
		const d = domains.get(link.domain);

		if (
			d &&
			(d.instance || (devices.get(link.device) || {}).instance) === lane.name &&
			mine.length < 2 * MAP_DEVICES
		)
			add(link.domain);
	}
	rows.forEach((d, i) => at.device.set(d.device, y + i * MAP_ROW + MAP_ROW / 2));
	mine.forEach((id, i) => at.domain.set(id, y + i * MAP_ROW + MAP_ROW / 2));
	lane.over = lane.devices.length - rows.length;
	lane.mine = mine;
	lane.shown = rows;
	lane.rows = Math.max(rows.length + (lane.over ? 1 : 0), mine.length, 2);
	return lane.rows;
}

function drawLane(lane, y, nodes) {
	const i = instances.get(lane.name);
	let start = 0;

	nodes.push(
		box(
			"instance",
			y,
			lane.name ? short(lane.name) : "of no instance",
			{
				rows: lane.rows,
				note: i ? i.rule + ", " + i.rule_source : "",
				go: () => fold(lane),
				class: "instance"
			},
			(i ? [lane.name, i.rule, i.rule_source].join(", ") : lane.name) +
				": click to fold"
		)
	);
	lane.shown.forEach((d, n) => {
		const next = lane.shown[n + 1];

		nodes.push(
			box("device", y + n * MAP_ROW, d.device, {
				go: () => showRow("device", d.device),
				class: d.removed ? "gone" : "device"
			})
		);
		nodes.push(
			curve("group", "device", y + n * MAP_ROW + 15, y + n * MAP_ROW + 15, "in")
		);
		if (next && next.group === d.group && d.group !== null) return;
		nodes.push(
			box(
				"group",
				y + start * MAP_ROW,
				d.group === null ? "no group" : "group " + d.group,
				{rows: n - start + 1, class: "group"}
			)
		);
		nodes.push(
			curve(
				"instance",
				"group",
				y + start * MAP_ROW + 15,
				y + start * MAP_ROW + 15,
				"in"
			)
		);
		start = n + 1;
	});
	if (lane.over)
		nodes.push(
			svg("text", {
				x: COLUMN.group[0],
				y: y + lane.shown.length * MAP_ROW + 19,
				class: "dim",
				text: "and " + many(lane.over, "device") + " more: see the table"
			})
		);
	lane.mine.forEach((id, n) => {
		const d = domains.get(id);

		nodes.push(
			box(
				"domain",
				y + n * MAP_ROW,
				id + " " + d.type + (d.free_ns !== null ? ", freed" : ""),
				{
					go: () => showRow("domain", id),
					class: "domain " + (d.free_ns !== null ? "gone" : look(id))
				},
				domainTitle(id) + (d.instance ? " of " + d.instance : "")
			)
		);
	});
}

function drawFolded(lane, y, nodes, at) {
	const groups = new Set(lane.devices.map(d => d.group)).size;
	const ids = new Set(lane.devices.map(d => d.domain).filter(id => id));
	const folded = {class: "fold", go: () => fold(lane)};

	nodes.push(
		box(
			"instance",
			y,
			lane.name ? short(lane.name) : "of no instance",
			folded,
			lane.name + ": click to unfold"
		),
		box("group", y, many(groups, "group"), folded),
		box("device", y, many(lane.devices.length, "device"), folded),
		box("domain", y, many(ids.size, "domain"), folded)
	);
	for (const [a, b] of [
		["instance", "group"],
		["group", "device"],
		["device", "domain"]
	])
		nodes.push(curve(a, b, y + 15, y + 15, "in"));
	lane.devices.forEach(d => at.device.set(d.device, y + 15));
	ids.forEach(id => at.domain.has(id) || at.domain.set(id, y + 15));
}

function fold(lane) {
	mapState.open.set(lane.name, !mapState.open.get(lane.name));
	drawMap();
}

function linkNodes(lanes, past, at) {
	const nodes = [],
		told = new Map(),
		line = (device, domain, name) =>
			at.device.has(device) &&
			at.domain.has(domain) &&
			nodes.push(
				curve(
					"device",
					"domain",
					at.device.get(device),
					at.domain.get(domain),
					name
				)
			);

	for (const lane of lanes)
		if (mapState.open.get(lane.name))
			lane.shown.forEach(d => line(d.device, d.domain, "now"));
	for (const link of past.filter(l => l.kind === "past"))
		line(link.device, link.domain, "past");
	for (const link of past.filter(l => l.kind !== "past")) {
		if (!line(link.device, link.domain, link.kind)) continue;
		const nth = told.get(link.device) || 0;
		const [x, y] = pointOn(
			"device",
			"domain",
			at.device.get(link.device),
			at.domain.get(link.domain),
			0.25 + 0.25 * (nth % 3)
		);
		const v = verdicts[link.verdict];
		const go = () => showStory(link.verdict);

		told.set(link.device, nth + 1);
		nodes.push(
			svg(
				"g",
				{
					class: "why " + v.severity,
					tabindex: 0,
					role: "button",
					"aria-label": v.verdict,
					on: {click: go, keydown: e => e.key === "Enter" && go()}
				},
				svg("rect", {x: x - 22, y: y - 10, width: 44, height: 20, rx: 10}),
				svg("text", {
					x,
					y: y + 4,
					"text-anchor": "middle",
					text:
						(link.kind === "refused" ? "✕" : "‼") +
						" V" +
						(link.verdict + 1)
				}),
				svg("title", {
					text:
						v.verdict +
						": " +
						link.device +
						" and " +
						domainTitle(link.domain)
				})
			)
		);
	}
	return nodes;
}

function drawMap() {
	const lanes = mapLanes().filter(lane => lane.name || lane.devices.length),
		past = pastLinks();
	const at = {device: new Map(), domain: new Map()},
		nodes = [];
	const small = data.devices.rows.length <= MAP_DEVICES;
	let y = 24,
		told = 0;

	for (const lane of lanes)
		if (!mapState.open.has(lane.name))
			mapState.open.set(lane.name, small || (lane.told && told++ < 3));
	for (const lane of lanes) {
		if (mapState.open.get(lane.name)) {
			y += layLane(lane, y, past, at) * MAP_ROW + 8;
			drawLane(lane, y - lane.rows * MAP_ROW - 8, nodes);
		} else {
			drawFolded(lane, y, nodes, at);
			y += MAP_ROW + 4;
		}
	}
	const heads = Object.entries(COLUMN).map(([name, [x]]) =>
		svg("text", {x: x + 4, y: 14, class: "dim", text: name})
	);

	byId("map-view").replaceChildren(
		lanes.length
			? svg(
					"svg",
					{
						width: 820,
						height: y,
						class: "map",
						role: "group",
						"aria-label": "Map of the machine"
					},
					...heads,
					...linkNodes(lanes, past, at),
					...nodes
				)
			: el("p", {
					class: "dim",
					text: "Nothing is known of the machine: the snapshot is missing."
				})
	);
	byId("map-tools").replaceChildren(
		el(
			"span",
			{class: "legend"},
			...[
				["now", "is on"],
				["past", "was on"],
				["refused", "was refused"]
			].map(([name, text]) =>
				el(
					"span",
					{},
					svg(
						"svg",
						{width: 34, height: 10, "aria-hidden": "true"},
						svg("path", {d: "M1 5h32", class: "link " + name})
					),
					text
				)
			)
		)
	);
}
