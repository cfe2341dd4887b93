/* main.js - puts it all in place. */

function host(key) {
	const row = data.host.rows.find(h => h.key === key);

	return row ? row.value : "";
}

function drawAbout() {
	const events = Object.values(data.totals.events).reduce((a, b) => a + b, 0);
	const all = list => list.rows.length + list.left_out;
	const offset = Number(host("clock.realtime_offset_ns"));
	const facts = [host("kernel.release"), host("kernel.arch")];

	if (offset && first)
		facts.push(
			new Date((offset + first) / 1e6)
				.toISOString()
				.replace("T", " ")
				.slice(0, 19) + " UTC"
		);
	facts.push(
		asNs(data.totals.last_ns - first) + " long",
		many(events, "event"),
		many(all(data.instances), "instance"),
		many(all(data.devices), "device"),
		many(all(data.domains), "domain")
	);
	byId("about").textContent = facts.filter(f => f).join(" · ");
	byId("colophon").textContent =
		"Made by iommutrace export --to html" +
		(host("tool.version")
			? " from a recording of iommutrace " + host("tool.version")
			: "") +
		". Times are seconds since the first event.";
}

function switchTheme() {
	const themes = ["", "light", "dark"],
		names = ["as the system", "light", "dark"];
	const next = (themes.indexOf(document.documentElement.dataset.theme || "") + 1) % 3;

	document.documentElement.dataset.theme = themes[next];
	byId("theme").textContent = "Theme: " + names[next];
}

byId("theme").addEventListener("click", switchTheme);
drawAbout();
drawMissing();
drawKinds();
drawStories();
drawMap();
startTimeline();
startLatency();
drawTables();
document.documentElement.dataset.ready = "1";
