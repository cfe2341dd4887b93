/* steer.js - finding what is on the timeline, and going there: pointer, wheel, keys, verdicts. */

/* ---- what is where ---- */

function rowAt(y) {
	return parts.rows[Math.floor(y / ROW)];
}

/* The items of @row within a few pixels of @x. */
function itemsAt(row, x) {
	const near = ((view.to - view.from) / (view.width - LABEL - EDGE)) * 5,
		t = timeOf(x);
	const hit = i => i.begin - near <= t && i.end + near >= t;

	return [...row.items.filter(hit), ...row.operations.filter(hit), ...row.spans.filter(hit)];
}

function aboutRow(row) {
	const d = row.type === "domain" && domains.get(row.id);

	if (!d) return row.id || row.name || "";
	return (
		domainTitle(row.id) +
		(d.instance ? " of " + d.instance + " (" + d.evidence + ")" : "")
	);
}

function linesAt(x, y) {
	const row = x >= LABEL && rowAt(y);

	if (!row || row.type === "quiet") return [];
	const items = itemsAt(row, x);

	return [
		aboutRow(row),
		...items.slice(0, 8).map(describe),
		...(items.length > 8 ? ["and " + (items.length - 8) + " more; zoom in"] : [])
	].filter(s => s);
}

function tell(text) {
	byId("time-detail").textContent = text;
}

/* The event after (or before) the mark, on any track in sight; it is moved into view. */
function step(direction) {
	const from = view.mark ?? (direction > 0 ? -1 : total + 1);
	let best = null;

	for (const row of parts.rows)
		for (const item of row.items)
			if (
				(item.end - from) * direction > 0 &&
				(!best || (best.item.end - item.end) * direction > 0)
			)
				best = {row, item};
	if (best) goTo(best.row, best.item.end, describe(best.item));
	else tell(direction > 0 ? "No event after this one." : "No event before this one.");
}

/* Marks @t on the track @row, and says @text. */
function goTo(row, t, text) {
	view.mark = t;
	view.selected = row;
	if (row && row.lane) {
		row.lane.open = true;
		row.lane.quiet ||= isQuiet(row);
	}
	if (t < view.from || t > view.to)
		zoomTo(t - (view.to - view.from) / 2, t + (view.to - view.from) / 2);
	drawTracks();
	const index = parts.rows.indexOf(row);

	if (index >= 0) parts.scroll.scrollTop = index * ROW - parts.scroll.clientHeight / 2;
	drawTracks();
	tell(text);
}

function showVerdict(i) {
	const v = verdicts[i],
		t = since(v.time_ns);
	const end = Math.max(t, since(v.last_ns), v.retry ? since(v.retry.time_ns) : 0);
	const length = Math.max((end - t) * 3, v.cost ? v.cost.ns * 10 : 0, total / 1000, 10000);

	zoomTo((t + end) / 2 - length / 2, (t + end) / 2 + length / 2);
	goTo(
		rowOfDevice.get(v.device) ||
			rowOfDevice.get(devicesOfGroup.get(v.group)) ||
			rowOfDomain.get(v.domain) ||
			null,
		t,
		"V" +
			(i + 1) +
			" " +
			v.verdict +
			" (" +
			v.severity +
			") at " +
			asTime(t) +
			": " +
			v.story
	);
	byId("timeline").scrollIntoView();
	byId("time-view").querySelector("[tabindex]").focus({preventScroll: true});
}

function showRow(type, id) {
	const row = (type === "device" ? rowOfDevice : rowOfDomain).get(id);

	if (!row) return;
	goTo(row, view.mark, aboutRow(row));
	byId("timeline").scrollIntoView();
}

/* ---- pointer, wheel and keys ---- */

function onKey(e) {
	const keys = {
		"+": () => zoomBy(0.5),
		"=": () => zoomBy(0.5),
		"-": () => zoomBy(2),
		0: () => zoomTo(0, total),
		ArrowLeft: () => panBy(-0.2),
		ArrowRight: () => panBy(0.2),
		n: () => step(1),
		p: () => step(-1)
	};

	if (!keys[e.key] || e.ctrlKey || e.metaKey || e.altKey) return;
	e.preventDefault();
	keys[e.key]();
}

/* Over the tracks the wheel scrolls, as they may be many; with Ctrl, and elsewhere, it zooms. */
function onWheel(e) {
	const box = parts.scroll;

	if (!e.ctrlKey && box.contains(e.target) && box.scrollHeight > box.clientHeight) return;
	e.preventDefault();
	if (Math.abs(e.deltaX) > Math.abs(e.deltaY)) panBy(e.deltaX / 1000);
	else
		zoomBy(
			e.deltaY > 0 ? 1.25 : 0.8,
			Math.min(Math.max(timeOf(offsetX(e)), view.from), view.to)
		);
}

function offsetX(e) {
	return e.clientX - parts.tracks.getBoundingClientRect().left;
}

function dragTracks(e) {
	const x = offsetX(e),
		from = view.from,
		to = view.to;

	if (e.button || x < LABEL) return;
	const move = m => {
		const by = Math.max(
			((x - offsetX(m)) / (view.width - LABEL - EDGE)) * (to - from),
			-from
		);

		zoomTo(from + by, to + by);
	};

	drag(e, move);
}

function dragStrip(e) {
	const at = m =>
		Math.min(Math.max((offsetX(m) - LABEL) / (view.width - LABEL - EDGE), 0), 1) *
		total;
	const begin = at(e);

	drag(
		e,
		m =>
			Math.abs(at(m) - begin) > total / 500 &&
			zoomTo(Math.min(begin, at(m)), Math.max(begin, at(m)))
	);
}

function drag(e, move) {
	const stop = () => {
		removeEventListener("pointermove", move);
		removeEventListener("pointerup", stop);
	};

	addEventListener("pointermove", move);
	addEventListener("pointerup", stop);
}

function onHover(e) {
	const y = e.clientY - parts.tracks.getBoundingClientRect().top;

	showTip(linesAt(offsetX(e), y), e.clientX, e.clientY);
}

function onClick(e) {
	const y = e.clientY - parts.tracks.getBoundingClientRect().top,
		lines = linesAt(offsetX(e), y);

	if (lines.length) tell(lines.join(" · "));
}
