"use strict";
/* core.js - the data, indexes into it, elements, units. Data becomes text nodes only, never markup. */

/* What does not show, or turns the direction of text, is shown as its code. */
function shown(s) {
	return s.replace(
		/[\p{C}\p{Zl}\p{Zp}]/gu,
		c => "\\u{" + c.codePointAt(0).toString(16) + "}"
	);
}

const data = JSON.parse(document.getElementById("data").textContent, (key, value) =>
	typeof value === "string" ? shown(value) : value
);
const first = data.totals.first_ns;
const total = Math.max(data.totals.last_ns - first, 1000); /* ns that the timeline spans */
const verdicts = data.verdicts.rows;
const instances = new Map(data.instances.rows.map(i => [i.instance, i]));
const devices = new Map(data.devices.rows.map(d => [d.device, d]));
const domains = new Map(data.domains.rows.map(d => [d.domain, d]));

/* Attributes are set by name; "text" and "on" (listeners) are not attributes. */
function fill(node, props, kids) {
	for (const [key, value] of Object.entries(props || {})) {
		if (value === null || value === undefined || value === false) continue;
		if (key === "text") node.textContent = value;
		else if (key === "on")
			Object.entries(value).forEach(([name, f]) =>
				node.addEventListener(name, f)
			);
		else node.setAttribute(key, value === true ? "" : value);
	}
	node.append(...kids);
	return node;
}

function el(tag, props, ...kids) {
	return fill(document.createElement(tag), props, kids);
}

function svg(tag, props, ...kids) {
	return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), props, kids);
}

/* The size of a drawing; paper, which is narrower, scales it. */
function setSize(node, width, height) {
	node.setAttribute("width", width);
	node.setAttribute("height", height);
	node.setAttribute("viewBox", `0 0 ${width} ${height}`);
}

function byId(id) {
	return document.getElementById(id);
}

function button(text, click, props) {
	return el("button", {type: "button", text, on: {click}, ...props});
}

/* ---- units, as the text report has them ---- */

function digits(value) {
	return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}

function asNs(ns) {
	for (const [unit, name] of [
		[1e9, "s"],
		[1e6, "ms"],
		[1e3, "us"]
	])
		if (ns >= unit) return digits(ns / unit) + name;
	return Math.round(ns) + "ns";
}

function asBytes(bytes) {
	const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
	let i = 0;

	for (; bytes >= 1024 && i < 6; i++) bytes /= 1024;
	return bytes.toFixed(i && bytes < 100 ? 1 : 0) + " " + units[i];
}

/* @ns since the first event. */
function asTime(ns) {
	return "+" + (Math.max(ns, 0) / 1e9).toFixed(6) + " s";
}

function asCount(n) {
	return n.toLocaleString("en").replaceAll(",", "\u202f");
}

function many(n, one, more) {
	return asCount(n) + " " + (n === 1 ? one : more || one + "s");
}

function since(time_ns) {
	return time_ns - first;
}

/* "smmu3.0x000000000c020000" is long for a label: the zeroes say little. */
function short(name) {
	return name.replace(/0x0{4,}/, "0x…");
}

function domainTitle(id) {
	const d = domains.get(id);

	if (id === -1) return "several domains";
	if (!id) return "no domain known";
	return "domain " + id + (d && d.type !== "?" ? " " + d.type : "");
}

const errnos = {
	1: "EPERM",
	2: "ENOENT",
	5: "EIO",
	6: "ENXIO",
	11: "EAGAIN",
	12: "ENOMEM",
	14: "EFAULT",
	16: "EBUSY",
	17: "EEXIST",
	18: "EXDEV",
	19: "ENODEV",
	22: "EINVAL",
	28: "ENOSPC",
	34: "ERANGE",
	95: "EOPNOTSUPP",
	110: "ETIMEDOUT"
};

function asResult(result) {
	return result > 0 ? "failed" : "-" + (errnos[-result] || -result);
}

/* ---- the note that follows the pointer ---- */

function showTip(lines, x, y) {
	const tip = byId("tip");

	tip.replaceChildren(...lines.map(text => el("div", {text})));
	tip.hidden = !lines.length;
	tip.style.left = Math.min(x + 14, innerWidth - tip.offsetWidth - 8) + "px";
	tip.style.top = Math.min(y + 14, innerHeight - tip.offsetHeight - 8) + "px";
}

function hideTip() {
	byId("tip").hidden = true;
}
