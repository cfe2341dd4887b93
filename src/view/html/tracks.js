/* tracks.js - which tracks the timeline has, and what is on them. */

const LANE_ROWS = 300; /* tracks of one instance: what is over is in the tables */

const ATTACHED = 0; /* kind of an item; else the number of a hook */
const hookNumber = new Map(data.hooks.map((name, i) => [name, i]));

function decode(a) {
	return {
		begin: a[0],
		end: a[1],
		kind: a[2],
		device: data.device_names.rows[a[3] - 1] || "",
		domain: a[4],
		result: a[5],
		count: a[6],
		comm: data.comms.rows[a[7] - 1] || "",
		tid: a[8],
		group: a[9]
	};
}

const lifecycle = data.lifecycle.items.map(decode);
const operations = data.ops.items.map(decode);

function kindName(item) {
	return item.kind === ATTACHED ? "on" : data.hooks[item.kind];
}

/* What an item is drawn as. */
function classOf(item) {
	const name = kindName(item);

	if (name === "fault") return "fault";
	if (item.result) return "fail";
	if (name === "domain-alloc" || name === "domain-free" || name === "finalise") return name;
	return "event";
}

function describe(item) {
	const what =
		item.kind === ATTACHED
			? item.device + " on " + domainTitle(item.domain)
			: kindName(item) + (item.result ? " " + asResult(item.result) : "");
	const parts = [
		(item.count > 1 ? asCount(item.count) + " × " : "") + what,
		asTime(item.begin)
	];

	if (item.end > item.begin)
		parts.push((item.count > 1 ? "within " : "for ") + asNs(item.end - item.begin));
	if (item.kind !== ATTACHED && item.device) parts.push(item.device);
	if (item.kind !== ATTACHED && item.domain) parts.push(domainTitle(item.domain));
	if (item.group >= 0) parts.push("group " + item.group);
	if (item.comm) parts.push("by " + item.comm + (item.tid ? "/" + item.tid : ""));
	return parts.join(", ");
}

/* ---- lanes: one for each instance, and one for what belongs to none ---- */

const lanes = new Map();
const rowOfDevice = new Map(),
	rowOfDomain = new Map(),
	devicesOfGroup = new Map();

function laneOf(name) {
	if (!lanes.has(name))
		lanes.set(name, {
			type: "lane",
			name,
			rows: [],
			items: [],
			spans: [],
			operations: [],
			open: true,
			quiet: false
		});
	return lanes.get(name);
}

function addRow(lane, type, id, index) {
	const row = {type, id, lane, spans: [], items: [], operations: [], from: 0, to: total};

	lane.rows.push(row);
	index.set(id, row);
	return row;
}

function makeDeviceRows() {
	for (const d of data.devices.rows) {
		addRow(laneOf(d.instance || ""), "device", d.device, rowOfDevice);
		if (d.group !== null && !devicesOfGroup.has(d.group))
			devicesOfGroup.set(d.group, d.device);
	}
}

/* A domain of no instance is with the first device it was on. */
function domainLane(d, on) {
	const device = devices.get(on.get(d.domain));

	return laneOf(
		d.instance ||
			(d.type !== "BLOCKED" &&
				d.type !== "IDENTITY" &&
				device &&
				device.instance) ||
			""
	);
}

function makeDomainRows() {
	const on = new Map();

	for (const item of lifecycle)
		if (item.kind === ATTACHED && !on.has(item.domain))
			on.set(item.domain, item.device);
	for (const d of [...data.domains.rows].sort((a, b) => a.domain - b.domain)) {
		const row = addRow(domainLane(d, on), "domain", d.domain, rowOfDomain);

		row.from = d.alloc ? since(d.alloc.time_ns) : 0;
		row.to = d.free_ns === null ? total : since(d.free_ns);
		row.known = d.alloc || d.seen_at_start;
	}
}

function place(item) {
	const device = rowOfDevice.get(item.device || devicesOfGroup.get(item.group));
	const domain = rowOfDomain.get(item.domain);

	if (item.kind === ATTACHED) {
		if (device) device.spans.push(item);
		return;
	}
	if (device) device.items.push(item);
	if (domain) domain.items.push(item);
	for (const lane of new Set([device && device.lane, domain && domain.lane]))
		if (lane) lane.items.push(item);
}

/* Nothing happened there: what was found at start is there to the end. */
function isQuiet(row) {
	return !row.items.length && !row.operations.length && row.spans.length <= 1;
}

function makeTracks() {
	for (const i of data.instances.rows) laneOf(i.instance);
	makeDeviceRows();
	makeDomainRows();
	lifecycle.forEach(place);
	for (const item of operations) {
		const row = rowOfDomain.get(item.domain) || rowOfDevice.get(item.device);

		if (row) row.operations.push(item);
	}
	/* All of a small machine is open; of a large one what verdicts name. */
	const all = rowOfDevice.size + rowOfDomain.size <= 80;
	const told = new Set(
		verdicts
			.filter(v => v.severity !== "info")
			.slice(0, 3)
			.flatMap(v => [rowOfDevice.get(v.device), rowOfDomain.get(v.domain)])
			.filter(row => row)
			.map(row => row.lane)
	);

	for (const lane of lanes.values()) lane.open = all || told.has(lane);
}

/* The rows in sight, from top to bottom. */
function visibleRows() {
	const rows = [];

	for (const lane of lanes.values()) {
		if (!lane.rows.length && !lane.name) continue;
		rows.push(lane);
		if (!lane.open) continue;
		const wanted = lane.rows.filter(row => lane.quiet || !isQuiet(row));

		const drawn = wanted.filter((row, i) => i < LANE_ROWS || row === view.selected);

		rows.push(...drawn);
		if (drawn.length < lane.rows.length || lane.quiet)
			rows.push({
				type: "quiet",
				lane,
				items: [],
				spans: [],
				operations: [],
				hidden: lane.rows.length - wanted.length,
				over: wanted.length - drawn.length
			});
	}
	return rows;
}

function rowLabel(row) {
	if (row.type === "lane")
		return (row.open ? "▾ " : "▸ ") + (row.name ? short(row.name) : "of no instance");
	if (row.over) return "… " + asCount(row.over) + " more: see the tables";
	if (row.type === "quiet")
		return row.hidden
			? "… " + asCount(row.hidden) + " without events"
			: "hide those without events";
	return row.type === "device" ? row.id : domainTitle(row.id);
}
