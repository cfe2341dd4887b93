/* verdicts.js - the stories, most severe first, and what is missing from the recording. */

const marks = {critical: "‼", error: "✕", warning: "!", undecided: "?", notice: "◆", info: "i"};
const STORIES = 8; /* shown at once; a button shows more */
const stories = {shown: STORIES, only: null};

function story(v, i) {
	const n = i + 1;
	const tools = el("div", {class: "row"});

	if (v.time_ns)
		tools.append(button("Show on the timeline", () => showVerdict(i), {class: "goto"}));
	if (v.stack.length)
		tools.append(
			el(
				"details",
				{},
				el("summary", {text: "Kernel stack"}),
				el("pre", {text: v.stack.join("\n")})
			)
		);
	return el(
		"article",
		{id: "verdict-" + n, class: "story " + v.severity, tabindex: -1},
		el(
			"h3",
			{},
			el("span", {class: "badge", text: marks[v.severity] + " " + v.severity}),
			" " + v.verdict + " ",
			el("small", {
				text: "V" + n + (v.time_ns ? ", " + asTime(since(v.time_ns)) : "")
			})
		),
		el("p", {text: v.story}),
		tools
	);
}

function drawStories() {
	const wanted = [...verdicts.keys()].filter(
		i => !stories.only || verdicts[i].verdict === stories.only
	);
	const nodes = wanted.slice(0, stories.shown).map(i => story(verdicts[i], i));

	if (!verdicts.length)
		nodes.push(
			el("p", {
				class: "banner good",
				text: "No verdict: nothing that was seen is wrong or odd."
			})
		);
	if (wanted.length > stories.shown)
		nodes.push(
			button(
				"Show more (" + asCount(wanted.length - stories.shown) + " left)",
				() => {
					stories.shown += 50;
					drawStories();
				}
			)
		);
	if (data.verdicts.left_out)
		nodes.push(
			el("p", {
				class: "dim",
				text:
					many(data.verdicts.left_out, "verdict") +
					" less severe did not fit into this page; iommutrace report has them."
			})
		);
	byId("stories").replaceChildren(...nodes);
}

/* A button for each kind of verdict, which shows these only. */
function drawKinds() {
	const kinds = new Map();

	for (const v of verdicts)
		kinds.set(v.verdict, {
			severity: v.severity,
			count: (kinds.get(v.verdict) || {count: 0}).count + 1
		});
	byId("kinds").replaceChildren(
		...[...kinds].map(([kind, k]) =>
			button(
				marks[k.severity] + " " + kind + " " + k.count,
				() => {
					stories.only = stories.only === kind ? null : kind;
					stories.shown = STORIES;
					drawKinds();
					drawStories();
				},
				{
					class: "chip " + k.severity,
					"aria-pressed": String(stories.only === kind)
				}
			)
		)
	);
}

/* Brings the story of verdict @i into sight. */
function showStory(i) {
	stories.only = null;
	stories.shown = Math.max(stories.shown, i + 1);
	drawKinds();
	drawStories();
	const node = byId("verdict-" + (i + 1));

	node.scrollIntoView({block: "center"});
	node.focus();
}

function missingLines() {
	const m = data.missing,
		d = m.damage;
	const lines = data.loss.rows
		.filter(l => l.lost)
		.map(l => many(l.lost, "event") + " of " + l.hook + " lost: " + l.cause);
	const say = (n, text) => n && lines.push(asCount(n) + " " + text);

	say(d.skipped_bytes, "bytes that are no chunk were skipped");
	say(d.bad_chunks, "damaged chunks");
	say(d.missing_chunks, "missing chunks");
	say(d.unknown_records, "records of a type not known here");
	if (d.truncated) lines.push("the recording ends inside a chunk");
	if (!d.ended) lines.push("the recording was cut off: it has no end");
	for (const [what, n] of Object.entries(m.over_cap))
		if (what !== "domains_forgotten") say(n, what + " over the cap");
	return lines;
}

/* Hooks of which no point is in place, and points that the kernel has and that failed. */
function unobserved() {
	const rows = data.plan.rows;
	const there = new Set(
		rows.filter(p => /^(attached|silent)$/.test(p.state)).map(p => p.hook)
	);
	const gone = rows.filter(p => !there.has(p.hook)).map(p => p.hook);
	const failed = rows.filter(p => p.state === "failed" && there.has(p.hook));

	return [...new Set(gone), ...failed.map(p => p.hook + " by " + (p.function || "?"))];
}

/* What the plan wanted and did not get is said as loss is: its events are missing as well. */
function drawMissing() {
	const lines = missingLines();
	const unhooked = unobserved();

	byId("missing").append(
		data.missing.lossy || lines.length
			? el(
					"div",
					{class: "banner bad", role: "alert"},
					el("strong", {text: "⚠ This recording is not whole. "}),
					"Verdicts that depend on what is missing are unknown, or say that they may be incomplete.",
					el("ul", {}, ...lines.map(text => el("li", {text})))
				)
			: el("p", {
					class: "banner good",
					text: "✓ No loss and no damage: the recording is whole."
				})
	);
	if (unhooked.length)
		byId("missing").append(
			el(
				"p",
				{class: "banner"},
				"Not observed: " + unhooked.join(", ") + ". ",
				el("a", {href: "#plan", text: "The plan tells why."})
			)
		);
}
