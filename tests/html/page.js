// SPDX-License-Identifier: GPL-2.0-only
/*
 * page.js - what the page has to do, tried with mouse and keys. usage: page.js CHROMIUM FOLDER
 *
 * FOLDER has NAME.html, and NAME.json of the same recording: the report, which the page has to agree with.
 */
"use strict";
const assert = require("assert");
const fs = require("fs");
const path = require("path");
const {Browser} = require("./browser.js");

const [program, folder] = process.argv.slice(2);
const tests = [];

function test(name, run) {
	tests.push({name, run});
}

function report(name) {
	return JSON.parse(fs.readFileSync(path.join(folder, name + ".json"), "utf8"));
}

async function open(page, name) {
	const file = path.join(folder, name + ".html");

	await page.open(file);
	assert.deepStrictEqual(page.complaints, []);
	assert.deepStrictEqual(page.requests, ["file://" + path.resolve(file)]);
	assert.strictEqual(await page.get("document.documentElement.dataset.ready"), "1");
}

/* Errors and requests that come later count as well. */
function stillFine(page) {
	assert.deepStrictEqual(page.complaints, []);
	assert.strictEqual(page.requests.length, 1);
}

const window_ = page =>
	page.get("({from: view.from, to: view.to, length: view.to - view.from, total})");
const texts = (page, selector) =>
	page.get(
		`[...document.querySelectorAll(${JSON.stringify(selector)})].map(e => e.innerText)`
	);

/* ---- it says what the recording says ---- */

for (const name of ["mixed", "lossy", "large", "hostile"])
	test(name + ": loads without an error and without the network", page => open(page, name));

test("stories come first, most severe first, in the words of the report", async page => {
	const order = ["critical", "error", "warning", "undecided", "notice", "info"];

	for (const name of ["mixed", "hostile"]) {
		await open(page, name);
		assert.strictEqual(
			await page.get("document.querySelector('main section').id"),
			"verdicts"
		);
		await page.get("stories.shown = 1000; drawStories()");
		const wanted = report(name).verdicts.map(v => v.story);
		const shown = await page.get(
			"[...document.querySelectorAll('.story > p')].map(p => p.textContent)"
		);

		assert.deepStrictEqual(shown.slice().sort(), wanted.sort());
		const severities = await page.get("verdicts.map(v => v.severity)");

		assert.deepStrictEqual(
			severities,
			severities.slice().sort((a, b) => order.indexOf(a) - order.indexOf(b))
		);
	}
});

test("every event is on the timeline once, also when marks stand for many", async page => {
	for (const name of ["mixed", "large"]) {
		await open(page, name);
		const marks = await page.get(`(() => {
			const n = {};
			for (const i of [...lifecycle, ...operations])
				if (i.kind !== ATTACHED)
					n[kindName(i)] = (n[kindName(i)] || 0) + i.count;
			return n;
		})()`);
		const events = report(name).totals.events;

		delete events.snapshot;
		assert.deepStrictEqual(marks, events);
	}
	assert(await page.get("data.ops.grain_ns > 0 && data.ops.items.length < 100000"));
	assert((await texts(page, "#time-legend")).join().includes("more than this page holds"));
});

test("devices end on the domains that the report names", async page => {
	for (const name of ["mixed", "large"]) {
		await open(page, name);
		const last = await page.get(
			`Object.fromEntries([...rowOfDevice.values()].map(r => [r.id, r.spans.at(-1).domain]))`
		);

		for (const d of report(name).devices)
			assert.strictEqual(last[d.device], d.domain, d.device);
	}
});

test("heat map and histograms count the calls that the report counts", async page => {
	await open(page, "mixed");
	const totals = report("mixed").totals;

	for (const op of ["map", "unmap"]) {
		const timed = totals[op].calls - totals[op].untimed;
		const sum = await page.get(`(() => {
			const cells = data.heat_stats.ops.${op};
			let n = 0;
			for (let i = 2; i < cells.length; i += 3) n += cells[i];
			return n;
		})()`);

		assert(timed > 0);
		assert.strictEqual(sum, timed);
		const label =
			await page.get(`[...document.querySelectorAll(".histogram")].map(e => e.getAttribute("aria-label"))
			.find(s => s.startsWith("${op}:"))`);

		assert(label.replace(/\u202f/g, "").includes(timed + " timed calls"), label);
	}
	await open(page, "large");
	assert.strictEqual(
		await page.get(
			"data.heat_events.ops.map.filter((n, i) => i % 3 === 2).reduce((a, b) => a + b)"
		),
		report("large").totals.events.map
	);
});

test("loss and a missing end are said at the top", async page => {
	await open(page, "lossy");
	const lost = report("lossy").loss.reduce((n, l) => n + l.lost, 0);

	assert(lost > 0);
	assert((await texts(page, "#missing")).join().includes("not whole"));
	assert.strictEqual(await page.get("data.loss.rows.reduce((n, l) => n + l.lost, 0)"), lost);
	await open(page, "hostile");
	assert((await texts(page, "#missing [role=alert] li")).join().includes("cut off"));
	await open(page, "mixed");
	assert((await texts(page, "#missing")).join().includes("whole"));
});

/* ---- it can be used ---- */

test("a verdict leads to its place on the timeline, and its flag back", async page => {
	await open(page, "mixed");
	const v = await page.get("({...verdicts[0], t: since(verdicts[0].time_ns)})");

	await page.click("#verdict-1 .goto");
	const w = await window_(page);

	assert(w.from <= v.t && v.t <= w.to && w.length < w.total / 10);
	assert.strictEqual(await page.get("view.selected.id"), v.device);
	assert.strictEqual(await page.get("document.querySelectorAll('.tracks .mark').length"), 1);
	assert((await texts(page, "#time-detail"))[0].startsWith("V1 " + v.verdict));
	/* The failed attach is drawn there, in sight, and the pointer finds it. */
	const at = await page.get(`(() => {
		const box = parts.tracks.getBoundingClientRect(), outer = parts.scroll.getBoundingClientRect();
		const y = box.top + parts.rows.indexOf(view.selected) * ROW + 10;
		return {x: box.left + xOf(view.mark), y, seen: y > outer.top && y < outer.bottom && y > 0 && y < innerHeight};
	})()`);

	assert(at.seen);
	/* Ruler, strip and heat map have the same scale as the tracks. */
	const edges = await page.get(`[".tracks .mark", ".flag path"].map(s =>
		document.querySelector(s).getBoundingClientRect().left)`);

	assert(Math.abs(edges[0] - edges[1]) < 1.5, edges.join());
	assert.strictEqual(
		await page.get(`[...document.querySelectorAll(".strip, .ruler, .tracks, .heat")].filter(e =>
			Math.abs(e.getScreenCTM().e - parts.tracks.getScreenCTM().e) > 0.1 ||
			Math.abs(e.getScreenCTM().a - 1) > 0.001).length`),
		0
	);
	await page.mouse("mouseMoved", at.x, at.y);
	assert((await texts(page, "#tip")).join().includes("attach -EINVAL"));
	await page.click(".flag");
	assert.strictEqual(await page.get("document.activeElement.id"), "verdict-1");
	stillFine(page);
});

test("the timeline zooms with the wheel, around the pointer", async page => {
	await open(page, "mixed");
	await page.middle("#time-view");
	const ruler = await page.get(
		"(b => ({x: b.x + 600, y: b.y + 20}))(parts.ruler.getBoundingClientRect())"
	);
	const t = await page.get("timeOf(600)");

	for (let i = 0; i < 5; i++)
		await page.mouse("mouseWheel", ruler.x, ruler.y, {deltaX: 0, deltaY: -100});
	const w = await window_(page);

	assert(Math.abs(w.length / w.total - 0.8 ** 5) < 0.01, JSON.stringify(w));
	assert(Math.abs((await page.get("timeOf(600)")) - t) < w.total / 1000);
	for (let i = 0; i < 5; i++)
		await page.mouse("mouseWheel", ruler.x, ruler.y, {deltaX: 0, deltaY: 100});
	assert.strictEqual((await window_(page)).length, w.total);
	stillFine(page);
});

test("it moves when dragged, and zooms to what is drawn on the strip", async page => {
	await open(page, "mixed");
	await page.middle("#time-view");
	const strip = await page.get(
		"(b => ({x: b.x, y: b.y + 20, width: view.width}))(parts.strip.getBoundingClientRect())"
	);

	await page.drag(strip.x + 400, strip.y, strip.x + 600, strip.y);
	const w = await window_(page),
		per = w.total / (strip.width - 232);

	assert(
		Math.abs(w.from - 180 * per) < 2 * per && Math.abs(w.to - 380 * per) < 2 * per,
		JSON.stringify(w)
	);
	const row = await page.get(
		"(b => ({x: b.x + 500, y: b.y + 40}))(parts.scroll.getBoundingClientRect())"
	);

	await page.drag(row.x, row.y, row.x + 100, row.y);
	const moved = await window_(page);

	assert(
		Math.abs(moved.length - w.length) < 2 && moved.from < w.from,
		JSON.stringify([w, moved])
	);
	stillFine(page);
});

test("keys zoom, move and step, and never leave the recording", async page => {
	await open(page, "mixed");
	await page.get("document.querySelector('#time-view [tabindex]').focus()");
	await page.key("+");
	await page.key("+");
	const near = await window_(page);

	assert.strictEqual(Math.round(near.total / near.length), 4);
	await page.key("ArrowRight");
	assert((await window_(page)).from > near.from);
	for (let i = 0; i < 30; i++) await page.key("ArrowRight");
	assert.strictEqual(Math.round((await window_(page)).to), near.total);
	for (let i = 0; i < 40; i++) await page.key("+");
	assert((await window_(page)).length >= 1000);
	await page.key("0");
	assert.strictEqual((await window_(page)).length, near.total);
	await page.key("n");
	const one = await texts(page, "#time-detail");

	await page.key("n");
	const two = await texts(page, "#time-detail");

	await page.key("p");
	assert.notDeepStrictEqual(one, two);
	assert.deepStrictEqual(await texts(page, "#time-detail"), one);
	stillFine(page);
});

test("tables sort both ways and filter", async page => {
	await open(page, "mixed");
	const column = n => texts(page, `#domains tbody tr > :nth-child(${n})`);
	const before = (await column(1)).map(Number);

	assert(before.length > 10);
	await page.click("#domains thead th:nth-child(1) button");
	assert.deepStrictEqual(
		(await column(1)).map(Number),
		before.slice().sort((a, b) => b - a)
	);
	assert.strictEqual(
		await page.get(
			"document.querySelector('#domains thead th').getAttribute('aria-sort')"
		),
		"descending"
	);
	await page.click("#domains thead th:nth-child(2) button");
	assert.deepStrictEqual(await column(2), (await column(2)).slice().sort());
	await page.click("#domains input");
	await page.send("Input.insertText", {text: "unmanaged"});
	const left = await column(2);

	assert(
		left.length > 0 &&
			left.length < before.length &&
			left.every(type => type === "UNMANAGED"),
		left.join()
	);
	stillFine(page);
});

test("failed calls are in a table, which leads to them", async page => {
	await open(page, "mixed");
	const failed = Object.values(report("mixed").totals.failed).reduce((a, b) => a + b);

	assert(failed > 0);
	assert.strictEqual((await texts(page, "#failures tbody tr")).length, failed);
	await page.click("#failures tbody button");
	assert((await texts(page, "#time-detail"))[0].startsWith("attach -EINVAL"));
	assert.strictEqual(
		await page.get("view.mark"),
		await page.get("since(verdicts[0].time_ns)")
	);
	stillFine(page);
});

test("all of it is reached with the keyboard, and named", async page => {
	await open(page, "mixed");
	assert.deepStrictEqual(
		await page.get(`[...document.querySelectorAll("button, a, [role=button], input, select")]
		.filter(e => !(e.textContent.trim() || e.getAttribute("aria-label")) || e.tabIndex < 0).map(e => e.outerHTML)`),
		[]
	);
	assert.deepStrictEqual(
		await page.get(`[...document.querySelectorAll("[role=img]")]
		.filter(e => !e.getAttribute("aria-label")).map(e => e.outerHTML)`),
		[]
	);
	assert(
		await page.get(
			`[...document.querySelectorAll("table")].every(t => t.querySelectorAll("th[scope=col]").length)`
		)
	);
	/* A box of the map, with Enter. */
	await page.get("document.querySelector('.map .why').focus()");
	await page.key("Enter");
	assert.strictEqual(await page.get("document.activeElement.id"), "verdict-1");
	stillFine(page);
});

/* ---- it stands what it is given ---- */

test("names that want to be markup stay text", async page => {
	await open(page, "hostile");
	await page.get(
		"stories.shown = 1000; drawStories(); [...document.querySelectorAll('details')].forEach(d => { d.open = true; })"
	);
	await page.click("#zoom-in");
	assert.strictEqual(await page.get("document.title"), "iommuscope report");
	assert.strictEqual(await page.get("document.querySelectorAll('script').length"), 2);
	assert.strictEqual(
		await page.get(
			"document.querySelectorAll('img, iframe, object, embed, link, [onload], [onerror]').length"
		),
		0
	);
	const text = await page.get("document.body.textContent");

	for (const name of [
		"</script><script>document.title='bitten'</script>",
		"<!--<script>",
		"__proto__",
		"\\u{202e}txt.exe"
	])
		assert(text.includes(name), name);
	/* But for the block of data, nothing is there that turns or hides text. */
	assert(!/[\u0000-\u0008\u202e\u2028\u2029\u001b]/.test(text));
	stillFine(page);
});

test("its policy lets no other script run", async page => {
	await open(page, "mixed");
	await page.get(`(() => {
		const s = document.createElement("script");
		s.textContent = "document.title = 'bitten'";
		document.body.append(s);
		document.body.insertAdjacentHTML("beforeend", "<img src=x onerror=\\"document.title='bitten'\\">");
	})()`);
	await page.get("new Promise(resolve => setTimeout(resolve, 100))");
	assert.strictEqual(await page.get("document.title"), "iommuscope report");
});

test("1,000,000 events of 1,000 devices: a small file, a small page, still when used", async page => {
	assert(fs.statSync(path.join(folder, "large.html")).size < 4 << 20);
	await open(page, "large");
	assert.strictEqual(await page.get("instances.size + '/' + devices.size"), "50/1000");
	const nodes = () => page.get("document.querySelectorAll('*').length");

	assert((await nodes()) < 8000, String(await nodes()));
	await page.click("#verdict-1 .goto");
	for (let i = 0; i < 20; i++) await page.get("zoomBy(1.5)");
	await page.get("parts.scroll.scrollTop = 500");
	await page.get(
		"[...lanes.values()].forEach(l => { l.open = l.quiet = true; }); drawTracks()"
	);
	await page.get(
		"mapLanes().slice(0, 5).forEach(l => mapState.open.set(l.name, true)); drawMap()"
	);
	assert((await nodes()) < 8000, String(await nodes()));
	stillFine(page);
});

/* ---- it can be read ---- */

/* The least contrast of text with what is behind it, by WCAG; in svg that is the panel. */
const CONTRAST = `(() => {
	const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
	const rgb = color => {
		canvas.clearRect(0, 0, 1, 1);
		canvas.fillStyle = color;
		canvas.fillRect(0, 0, 1, 1);
		return canvas.getImageData(0, 0, 1, 1).data;
	};
	const light = c => [0.2126, 0.7152, 0.0722].reduce((sum, k, i) =>
		sum + k * (c[i] / 255 <= 0.04045 ? c[i] / 255 / 12.92 : ((c[i] / 255 + 0.055) / 1.055) ** 2.4), 0);
	const behind = e => {
		for (; e; e = e.parentElement) {
			const c = rgb(getComputedStyle(e).backgroundColor);
			if (c[3] === 255)
				return c;
		}
		return [255, 255, 255, 255];
	};
	const ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
	let worst = [99, ""];
	for (const e of document.querySelectorAll("body *")) {
		if (!e.checkVisibility() || ![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
			continue;
		const style = getComputedStyle(e), svgText = e instanceof SVGElement;
		const own = svgText && e.closest("g") && e.closest("g").querySelector("rect, path");
		const filled = own && getComputedStyle(own).fill !== "none" && getComputedStyle(own).fill;
		const r = ratio(rgb(svgText ? style.fill : style.color), filled ? rgb(filled) : behind(e));
		if (r < worst[0])
			worst = [r, e.outerHTML.slice(0, 100)];
	}
	/* Text on the bars of the timeline. */
	for (const bar of document.querySelectorAll("path.span:not(.many)")) {
		const r = ratio(rgb(getComputedStyle(document.querySelector(".label")).fill), rgb(getComputedStyle(bar).fill));
		if (r < worst[0])
			worst = [r, bar.getAttribute("class")];
	}
	return worst;
})()`;

test("light and dark can be read, by the system's choice and by the switch", async page => {
	const seen = [];

	for (const theme of ["light", "dark"]) {
		await page.theme(theme);
		await open(page, "mixed");
		await page.get("showVerdict(0)");
		await page.screenshot(path.join(folder, theme + ".png"), true);
		const [worst, where] = await page.get(CONTRAST);

		assert(worst >= 4.5, theme + ": " + worst.toFixed(2) + " " + where);
		seen.push(await page.get("getComputedStyle(document.body).backgroundColor"));
	}
	assert.notStrictEqual(seen[0], seen[1]);
	await page.click("#theme");
	assert.strictEqual(
		await page.get("getComputedStyle(document.body).backgroundColor"),
		seen[0]
	);
	await page.click("#theme");
	assert.strictEqual(
		await page.get("getComputedStyle(document.body).backgroundColor"),
		seen[1]
	);
	stillFine(page);
});

(async () => {
	const browser = new Browser(program);
	let bad = 0;

	for (const [i, {name, run}] of tests.entries()) {
		try {
			await run(await browser.page(1300, 900));
			console.log(`ok ${i + 1} - ${name}`);
		} catch (e) {
			bad++;
			console.log(`not ok ${i + 1} - ${name}`);
			console.log(
				String(e.stack || e)
					.split("\n")
					.slice(0, 12)
					.map(line => "# " + line)
					.join("\n")
			);
		}
	}
	console.log(`1..${tests.length}`);
	await browser.close();
	process.exit(bad ? 1 : 0);
})();
