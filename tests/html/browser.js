// SPDX-License-Identifier: GPL-2.0-only
/*
 * browser.js - headless Chromium, driven through its DevTools protocol on a pair of pipes: no driver, no
 * package, no port. Each message is JSON and a NUL.
 */
"use strict";
const {spawn} = require("child_process");
const fs = require("fs");
const os = require("os");
const path = require("path");

const FLAGS = [
	"--headless",
	"--no-sandbox",
	"--disable-gpu",
	"--no-first-run",
	"--disable-background-networking",
	"--disable-component-update",
	"--disable-sync",
	"--disable-quic",
	"--disable-dev-shm-usage",
	"--hide-scrollbars",
	"--force-device-scale-factor=1",
	"--remote-debugging-pipe"
];

class Browser {
	constructor(program) {
		this.home = fs.mkdtempSync(path.join(os.tmpdir(), "ims-chromium-"));
		this.process = spawn(
			program,
			[...FLAGS, "--user-data-dir=" + this.home, "about:blank"],
			{
				stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
				detached: true, // all its processes are one group
				env: {...process.env, HOME: this.home}
			}
		);
		this.process.on("exit", () => this.fail("the browser ended"));
		this.process.on("error", e =>
			this.fail("the browser does not start: " + e.message)
		);
		this.process.stdio[3].on("error", () => {});
		this.pending = new Map();
		this.listeners = [];
		this.id = 0;
		let rest = "";
		this.process.stdio[4].setEncoding("utf8").on("data", text => {
			const messages = (rest + text).split("\0");

			rest = messages.pop();
			messages.forEach(m => this.take(JSON.parse(m)));
		});
	}

	take(message) {
		const waiting = this.pending.get(message.id);

		if (!waiting) {
			this.listeners.forEach(f => f(message));
			return;
		}
		this.pending.delete(message.id);
		clearTimeout(waiting.timer);
		if (message.error) waiting.reject(new Error(message.error.message));
		else waiting.resolve(message.result);
	}

	fail(why) {
		for (const waiting of this.pending.values()) {
			clearTimeout(waiting.timer);
			waiting.reject(new Error(why));
		}
		this.pending.clear();
	}

	send(method, params, sessionId) {
		return new Promise((resolve, reject) => {
			const id = ++this.id;
			const timer = setTimeout(
				() => this.fail(method + " took too long"),
				120000
			);

			this.pending.set(id, {resolve, reject, timer});
			this.process.stdio[3].write(
				JSON.stringify({id, method, params, sessionId}) + "\0"
			);
		});
	}

	async page(width, height) {
		const {targetId} = await this.send("Target.createTarget", {url: "about:blank"});
		const {sessionId} = await this.send("Target.attachToTarget", {
			targetId,
			flatten: true
		});
		const page = new Page(this, sessionId);

		for (const domain of ["Page", "Runtime", "Log", "Network"])
			await page.send(domain + ".enable");
		await page.send("Emulation.setDeviceMetricsOverride", {
			width,
			height,
			deviceScaleFactor: 1,
			mobile: false
		});
		return page;
	}

	close() {
		const gone = new Promise(resolve => this.process.on("exit", resolve));

		this.process.removeAllListeners("exit");
		this.process.on("exit", () =>
			fs.rmSync(this.home, {recursive: true, force: true, maxRetries: 20})
		);
		process.kill(-this.process.pid, "SIGKILL");
		return gone;
	}
}

/* What went wrong on a page, and what it asked the network for, is in complaints and requests. */
class Page {
	constructor(browser, session) {
		this.browser = browser;
		this.session = session;
		this.complaints = [];
		this.requests = [];
		browser.listeners.push(m => m.sessionId === session && this.take(m));
	}

	take({method, params}) {
		if (method === "Runtime.exceptionThrown")
			this.complaints.push(
				params.exceptionDetails.exception?.description ||
					params.exceptionDetails.text
			);
		else if (method === "Log.entryAdded") this.complaints.push(params.entry.text);
		else if (method === "Runtime.consoleAPICalled")
			this.complaints.push(params.args.map(a => a.value).join(" "));
		else if (method === "Page.javascriptDialogOpening") {
			this.complaints.push("dialog: " + params.message);
			this.send("Page.handleJavaScriptDialog", {accept: true});
		} else if (method === "Network.requestWillBeSent")
			this.requests.push(params.request.url);
		else if (method === "Page.loadEventFired") this.loaded?.();
	}

	send(method, params) {
		return this.browser.send(method, params, this.session);
	}

	async open(file) {
		const loaded = new Promise(resolve => {
			this.loaded = resolve;
		});

		this.complaints = [];
		this.requests = [];
		await this.send("Page.navigate", {url: "file://" + path.resolve(file)});
		await loaded;
	}

	/* The value of an expression of the page, which may await. */
	async get(expression) {
		const {result, exceptionDetails} = await this.send("Runtime.evaluate", {
			expression,
			returnByValue: true,
			awaitPromise: true
		});

		if (exceptionDetails)
			throw new Error(
				exceptionDetails.exception?.description || exceptionDetails.text
			);
		return result.value;
	}

	/* The middle of what @selector finds, scrolled into sight. */
	async middle(selector) {
		return this.get(`(() => {
			const e = document.querySelector(${JSON.stringify(selector)});
			e.scrollIntoView({block: "center"});
			const b = e.getBoundingClientRect();
			return {x: b.x + b.width / 2, y: b.y + b.height / 2};
		})()`);
	}

	mouse(type, x, y, more) {
		return this.send("Input.dispatchMouseEvent", {type, x, y, button: "none", ...more});
	}

	async click(selector) {
		const {x, y} = await this.middle(selector);

		await this.mouse("mouseMoved", x, y);
		await this.mouse("mousePressed", x, y, {button: "left", clickCount: 1});
		await this.mouse("mouseReleased", x, y, {button: "left", clickCount: 1});
	}

	async drag(x0, y0, x1, y1) {
		await this.mouse("mouseMoved", x0, y0);
		await this.mouse("mousePressed", x0, y0, {button: "left", clickCount: 1});
		await this.mouse("mouseMoved", (x0 + x1) / 2, (y0 + y1) / 2, {
			button: "left",
			buttons: 1
		});
		await this.mouse("mouseMoved", x1, y1, {button: "left", buttons: 1});
		await this.mouse("mouseReleased", x1, y1, {button: "left", clickCount: 1});
	}

	async key(key) {
		const text = key.length === 1 ? key : key === "Enter" ? "\r" : undefined;

		await this.send("Input.dispatchKeyEvent", {type: "keyDown", key, text});
		await this.send("Input.dispatchKeyEvent", {type: "keyUp", key});
	}

	theme(name) {
		return this.send("Emulation.setEmulatedMedia", {
			features: [{name: "prefers-color-scheme", value: name}]
		});
	}

	async screenshot(file, whole) {
		const {data} = await this.send("Page.captureScreenshot", {
			format: "png",
			captureBeyondViewport: Boolean(whole)
		});

		fs.writeFileSync(file, Buffer.from(data, "base64"));
	}
}

module.exports = {Browser};
