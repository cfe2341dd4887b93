/* tables.js - tables that sort by a click on a heading and filter by a word. */

const TABLE_ROWS = 100; /* shown at once; a button shows more */

/* @columns: {title, get, show, number, go}: get for sorting and filtering, show for people. */
function table(id, title, columns, rows, note) {
	const state = {sort: columns[0], down: false, filter: "", shown: TABLE_ROWS};
	const text = (c, row) => String(c.show ? c.show(row) : (c.get(row) ?? "–"));
	const kind = c => (c.number ? "number" : c.long ? "long" : null);
	const body = el("tbody"),
		count = el("span", {class: "dim", "aria-live": "polite"}),
		more = el("div");
	const heads = columns.map(c =>
		el(
			"th",
			{scope: "col", class: kind(c)},
			button(c.title, () => sortBy(c))
		)
	);
	const filter = el("input", {
		type: "search",
		placeholder: "filter",
		"aria-label": "Filter " + title,
		on: {
			input: () => {
				state.filter = filter.value.toLowerCase();
				state.shown = TABLE_ROWS;
				draw();
			}
		}
	});

	function sortBy(c) {
		state.down = state.sort === c ? !state.down : Boolean(c.number);
		state.sort = c;
		draw();
	}

	function compare(a, b) {
		const x = state.sort.get(a) ?? "",
			y = state.sort.get(b) ?? "";
		const order =
			typeof x === "number" && typeof y === "number"
				? x - y
				: String(x).localeCompare(String(y), "en", {numeric: true});

		return state.down ? -order : order;
	}

	function cell(c, row, i) {
		const content = text(c, row);

		return el(
			i ? "td" : "th",
			{scope: i ? null : "row", class: kind(c)},
			c.go && c.go(row) ? button(content, c.go(row), {class: "link"}) : content
		);
	}

	function draw() {
		const found = rows.filter(
			row =>
				!state.filter ||
				columns.some(c => text(c, row).toLowerCase().includes(state.filter))
		);

		found.sort(compare);
		body.replaceChildren(
			...found
				.slice(0, state.shown)
				.map(row => el("tr", {}, ...columns.map((c, i) => cell(c, row, i))))
		);
		heads.forEach((th, i) =>
			th.setAttribute(
				"aria-sort",
				state.sort !== columns[i]
					? "none"
					: state.down
						? "descending"
						: "ascending"
			)
		);
		count.textContent =
			found.length === rows.length
				? asCount(rows.length)
				: asCount(found.length) + " of " + asCount(rows.length);
		more.replaceChildren();
		if (found.length > state.shown)
			more.append(
				button(
					"Show more (" +
						asCount(found.length - state.shown) +
						" left)",
					() => {
						state.shown += 5 * TABLE_ROWS;
						draw();
					}
				)
			);
	}

	draw();
	byId("tables").append(
		el(
			"details",
			{id, open: rows.length > 0 && rows.length <= 30},
			el("summary", {}, el("h3", {text: title}), " ", count),
			note ? el("p", {class: "dim", text: note}) : "",
			rows.length ? el("div", {class: "row"}, filter) : "",
			rows.length
				? el(
						"div",
						{class: "scroll"},
						el(
							"table",
							{},
							el("thead", {}, el("tr", {}, ...heads)),
							body
						)
					)
				: el("p", {class: "dim", text: "none"}),
			more
		)
	);
}

function leftOut(list) {
	return list.left_out
		? many(list.left_out, "row") + " more did not fit into this page."
		: "";
}

function domainState(d) {
	return d.free_ns !== null ? "freed" : d.devices ? many(d.devices, "device") : "no device";
}

function domainTable() {
	table(
		"domains",
		"Domains",
		[
			{
				title: "domain",
				get: d => d.domain,
				number: true,
				go: d => () => showRow("domain", d.domain)
			},
			{title: "type", get: d => d.type},
			{
				title: "instance",
				get: d => d.instance,
				show: d => d.instance || (d.bound_to_none ? "(none yet)" : "–")
			},
			{title: "evidence", get: d => d.evidence},
			{title: "state", get: domainState},
			{
				title: "allocated",
				get: d => (d.alloc ? since(d.alloc.time_ns) : null),
				number: true,
				show: d =>
					d.alloc
						? asTime(since(d.alloc.time_ns))
						: d.seen_at_start
							? "(at start)"
							: "(unseen)"
			},
			{
				title: "freed",
				get: d => d.free_ns && since(d.free_ns),
				number: true,
				show: d => (d.free_ns === null ? "–" : asTime(since(d.free_ns)))
			},
			{
				title: "for device",
				get: d =>
					d.alloc &&
					(d.alloc.device || (d.alloc.blind ? "(none given)" : null))
			},
			{title: "by", get: d => d.alloc && d.alloc.comm},
			{title: "pid", get: d => d.alloc && d.alloc.pid, number: true},
			{
				title: "stack",
				long: true,
				get: d => (d.alloc ? d.alloc.stack.join(" ← ") : null),
				show: d =>
					d.alloc && d.alloc.stack.length
						? d.alloc.stack.slice(0, 4).join(" ← ")
						: "–"
			}
		],
		data.domains.rows,
		leftOut(data.domains)
	);
}

function deviceTable() {
	table(
		"devices",
		"Devices",
		[
			{
				title: "device",
				get: d => d.device,
				go: d => () => showRow("device", d.device)
			},
			{title: "instance", get: d => d.instance},
			{title: "group", get: d => d.group, number: true},
			{
				title: "domain",
				get: d => d.domain,
				show: d => (d.domain ? domainTitle(d.domain) : "–")
			},
			{
				title: "state",
				get: d =>
					d.removed
						? "removed"
						: d.seen_at_start
							? "there at start"
							: "added"
			}
		],
		data.devices.rows,
		leftOut(data.devices)
	);
	table(
		"instances",
		"Instances",
		[
			{title: "instance", get: i => i.instance},
			{title: "driver", get: i => i.driver},
			{title: "rule", get: i => i.rule},
			{title: "rule is from", get: i => i.rule_source}
		],
		data.instances.rows,
		leftOut(data.instances)
	);
}

function failureTable() {
	const failed = [...lifecycle, ...operations].filter(
		i => i.result || classOf(i) === "fault"
	);
	const row = i => rowOfDevice.get(i.device) || rowOfDomain.get(i.domain) || null;

	table(
		"failures",
		"Failed calls and faults",
		[
			{
				title: "time",
				get: i => i.end,
				number: true,
				show: i => asTime(i.end),
				go: i => () => go(row(i), i)
			},
			{title: "what", get: kindName},
			{title: "result", get: i => (i.result ? asResult(i.result) : null)},
			{
				title: "count",
				get: i => i.count,
				number: true,
				show: i => asCount(i.count)
			},
			{title: "device", get: i => i.device || null},
			{
				title: "domain",
				get: i => i.domain,
				show: i => (i.domain ? domainTitle(i.domain) : "–")
			},
			{title: "group", get: i => (i.group < 0 ? null : i.group), number: true},
			{
				title: "by",
				get: i => i.comm || null,
				show: i => (i.comm ? i.comm + (i.tid ? "/" + i.tid : "") : "–")
			}
		],
		failed
	);

	function go(at, i) {
		goTo(at, i.end, describe(i));
		byId("timeline").scrollIntoView();
	}
}

function operationTable() {
	const ns = (title, key) => ({
		title,
		get: o => o[key],
		number: true,
		show: o => (o[key] === null ? "–" : asNs(o[key]))
	});

	table(
		"operations",
		"Operations",
		[
			{title: "operation", get: o => o.op},
			{title: "of", get: o => operationOf(o)},
			{
				title: "calls",
				get: o => o.calls,
				number: true,
				show: o => asCount(o.calls)
			},
			{
				title: "not timed",
				get: o => o.untimed,
				number: true,
				show: o => asCount(o.untimed)
			},
			ns("mean", "mean_ns"),
			ns("p50", "p50_ns"),
			ns("p99", "p99_ns"),
			ns("max", "max_ns"),
			{
				title: "bytes",
				get: o => o.bytes,
				number: true,
				show: o => asBytes(o.bytes)
			},
			{
				title: "errors",
				get: o => o.errors,
				number: true,
				show: o => asCount(o.errors)
			}
		],
		data.operations.rows,
		leftOut(data.operations)
	);
}

function drawTables() {
	const hooks = Object.entries(data.totals.events).map(([hook, events]) => ({
		hook,
		events,
		failed: data.totals.failed[hook] || 0
	}));

	domainTable();
	deviceTable();
	failureTable();
	operationTable();
	table(
		"events",
		"Events by hook",
		[
			{title: "hook", get: h => h.hook},
			{
				title: "events",
				get: h => h.events,
				number: true,
				show: h => asCount(h.events)
			},
			{
				title: "failed",
				get: h => h.failed,
				number: true,
				show: h => asCount(h.failed)
			}
		],
		hooks
	);
	table(
		"loss",
		"Loss",
		[
			{title: "hook", get: l => l.hook},
			{title: "cause", get: l => l.cause},
			{title: "lost", get: l => l.lost, number: true, show: l => asCount(l.lost)}
		],
		data.loss.rows.filter(l => l.lost),
		leftOut(data.loss)
	);
	table(
		"plan",
		"Plan",
		[
			{title: "hook", get: p => p.hook},
			{title: "function", get: p => p.function},
			{title: "mechanism", get: p => p.mechanism},
			{title: "module", get: p => p.module},
			{title: "state", get: p => p.state},
			{title: "reason", long: true, get: p => p.reason}
		],
		data.plan.rows,
		leftOut(data.plan)
	);
	table(
		"host",
		"Host",
		[
			{title: "key", get: h => h.key},
			{title: "value", long: true, get: h => h.value}
		],
		data.host.rows,
		leftOut(data.host)
	);
}
