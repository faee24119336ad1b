"use strict";
/*
 * The dashboard. Everything that comes from PostgreSQL, and so from some API, becomes text nodes
 * and attributes of fixed names: no string is ever read as HTML.
 *
 *     address (#/…) → view → get → build → replaced in <main>
 *     events → the same view again, where what it shows may have changed
 */
const API = "api/v1/";
const byId = (id) => document.getElementById(id);
const main = byId("main");
let token = sessionStorage.getItem("pagetide-token") || "";
let skew = 0; /* the server's clock less ours, ms */
let active = { total: 0, runs: [] };

/* --- building --- */

function put(node, children) {
    for (const child of children.flat(Infinity))
        if (child !== null && child !== undefined && child !== false)
            node.append(child instanceof Node ? child : String(child));
    return node;
}

function el(tag, attributes, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {}))
        if (typeof value === "function") node.addEventListener(name, value);
        else if (value !== null && value !== undefined && value !== false)
            node.setAttribute(name, value === true ? "" : value);
    return put(node, children);
}

function svg(tag, attributes, ...children) {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return put(node, children);
}

const link = (address, text) => el("a", { href: "#/" + address }, text);
const streamLink = (name) => link("stream/" + encodeURIComponent(name), name);
const runLink = (run) => (run ? link("run/" + run, run) : null);
const number = (value) => (value === null || value === undefined ? "" : Number(value).toLocaleString());
const count = (n, one, many) => `${number(n)} ${n === 1 ? one : many}`;

function bytes(value) {
    if (value === null || value === undefined) return "";
    const units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let unit = 0;
    for (; value >= 1024 && unit < 4; unit++) value /= 1024;
    return `${unit ? value.toFixed(1) : value} ${units[unit]}`;
}

function duration(seconds) {
    if (seconds === null || seconds === undefined) return "";
    if (seconds < 10) return `${Number(seconds).toFixed(1)} s`;
    if (seconds < 60) return `${Math.round(seconds)} s`;
    const two = (a, unit, b, smaller) => `${Math.floor(a)} ${unit}` + (Math.floor(b) ? ` ${Math.floor(b)} ${smaller}` : "");
    if (seconds < 3600) return two(seconds / 60, "min", seconds % 60, "s");
    if (seconds < 172800) return two(seconds / 3600, "h", (seconds % 3600) / 60, "min");
    return `${Math.floor(seconds / 86400)} days`;
}

function ago(time) {
    const seconds = (Date.now() + skew - time) / 1000;
    if (Math.abs(seconds) < 5) return "now";
    const far = Math.abs(seconds) < 90 ? `${Math.round(Math.abs(seconds))} s` : duration(Math.abs(seconds)).replace(/ \d+ s$/, "");
    return seconds > 0 ? `${far} ago` : `in ${far}`;
}

function when(text) {
    if (!text) return null;
    const time = new Date(text);
    return el("time", { datetime: text, title: time.toLocaleString() }, ago(time));
}

const STATES = { succeeded: "good", failed: "bad", dead: "bad", truncated: "warn", cancelled: "warn",
    running: "busy", queued: "busy", waiting: "busy" };
const state = (word) => el("span", { class: "state " + (STATES[word] || "none") }, word || "never run");
const tag = (text) => el("span", { class: "tag" }, text);
const error = (text) => (text ? el("span", { class: "error", title: text }, text) : null);

/* Columns: [label, cell of a row, class]. Roles stay where narrow screens make blocks of rows. */
function table(caption, columns, rows, empty) {
    if (!rows.length) return el("p", { class: "empty" }, empty);
    const head = columns.map(([label, , kind]) => el("th", { scope: "col", role: "columnheader", class: kind }, label));
    const body = rows.map((row) => el("tr", { role: "row" }, columns.map(([label, cell, kind]) =>
        el("td", { role: "cell", "data-label": label, class: kind }, cell(row)))));
    return el("table", { role: "table", class: "rows" },
        caption && el("caption", {}, caption),
        el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, head)),
        el("tbody", { role: "rowgroup" }, body));
}

function facts(pairs) {
    return el("dl", {}, pairs.filter(([, value]) => value || value === 0)
        .map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}

/* A button keeps its focus over a refresh by its key. */
function button(text, key, press, more) {
    return el("button", { type: "button", "data-key": key, click: press, ...more }, text);
}

/* --- asking --- */

function headers(more) {
    return token ? { Authorization: "Bearer " + token, ...more } : { ...more };
}

let asking = null;
function askToken() {
    const dialog = byId("token-dialog");
    asking = asking || new Promise((done) => {
        dialog.addEventListener("close", () => {
            asking = null;
            token = byId("token").value;
            sessionStorage.setItem("pagetide-token", token);
            done();
        }, { once: true });
        dialog.showModal();
    });
    return asking;
}

async function ask(path, options) {
    for (;;) {
        const answer = await fetch(API + path, { cache: "no-store", ...options, headers: headers(options && options.headers) });
        if (answer.status === 401) {
            await askToken();
            continue;
        }
        return answer;
    }
}

// The listener's own refusals are plain text.
async function read(answer) {
    const isJson = (answer.headers.get("Content-Type") || "").startsWith("application/json");
    return isJson ? answer.json() : { error: await answer.text() };
}

async function get(path) {
    const answer = await ask(path);
    const body = await read(answer);
    if (!answer.ok) throw new Error(body.error);
    return body;
}

const query = (values) => new URLSearchParams(Object.entries(values).filter(([, value]) => value)).toString();

let sayTimer = 0;
function say(text, isError) {
    clearTimeout(sayTimer);
    byId("say").textContent = isError ? "" : text;
    byId("alert").textContent = isError ? text : "";
    sayTimer = setTimeout(() => say(""), 6000);
}

async function order(path, body, done) {
    try {
        const answer = await ask(path, { method: "POST", body: JSON.stringify(body || {}),
            headers: { "Content-Type": "application/json", "X-Pagetide": "1" } });
        const said = await read(answer);
        if (answer.ok) say(typeof done === "function" ? done(said) : done);
        else say(said.error, true);
    } catch (failure) {
        say("No answer: " + failure.message, true);
    }
    refresh(true);
}

/* --- what is ordered --- */

function reload(stream) {
    const dialog = byId("reload-dialog"), mode = byId("reload-mode");
    byId("reload-title").textContent = "Reload " + stream;
    mode.value = "incremental";
    mode.onchange = () => ["reload-from", "reload-to"].forEach((id) => {
        byId(id).disabled = mode.value !== "window";
        byId(id).required = mode.value === "window";
    });
    mode.onchange();
    byId("reload-again").checked = false;
    dialog.returnValue = "";
    dialog.onclose = () => {
        if (dialog.returnValue !== "send") return;
        const body = { mode: mode.value, if_running: byId("reload-running").value };
        if (mode.value === "window") Object.assign(body, { from: byId("reload-from").value, to: byId("reload-to").value });
        if (byId("reload-again").checked) body.again = "yes";
        order(`streams/${encodeURIComponent(stream)}/reload`, body, (said) =>
            said.state === "pending" ? `${stream}: waits for the run before it`
                : said.state === "skipped" ? `${stream}: a run is under way, nothing was begun`
                    : `${stream}: run ${said.run} has begun`);
    };
    dialog.showModal();
}

function pauseButton(stream, isPaused) {
    const verb = isPaused ? "resume" : "pause";
    return button(isPaused ? "Resume" : "Pause", "pause " + stream,
        () => order(`streams/${encodeURIComponent(stream)}/${verb}`, {}, `${stream} is ${isPaused ? "scheduled again" : "paused"}`),
        { "aria-label": `${isPaused ? "Resume" : "Pause"} ${stream}` });
}

const reloadButton = (stream) => button("Reload…", "reload " + stream, () => reload(stream), { "aria-label": "Reload " + stream });
const cancelButton = (run) => button("Cancel", "cancel " + run,
    () => order(`runs/${run}/cancel`, {}, `Run ${run} is cancelled`), { "aria-label": "Cancel run " + run });
const RETRIED = ["failed", "dead", "cancelled"];
const retryButton = (run) => button("Retry", "retry " + run,
    () => order(`runs/${run}/retry`, {}, (said) => `Run ${run} goes on with ${count(said.jobs, "job", "jobs")}`), { "aria-label": "Retry run " + run });
const retryJobButton = (run, n) => button("Retry", `retry ${run}/${n}`,
    () => order(`runs/${run}/retry?job=${n}`, {}, `Job ${run}/${n} goes on`), { "aria-label": `Retry job ${run}/${n}` });

/* --- pages of a list --- */

function pager(params, total, limit) {
    const page = Number(params.page || 1), last = Math.max(1, Math.ceil(total / limit));
    if (last === 1) return null;
    const to = (at) => () => go({ ...params, page: at > 1 ? at : "" });
    return el("nav", { class: "buttons", "aria-label": "Pages of the list" },
        button("Previous", "previous", to(page - 1), { disabled: page <= 1 }),
        el("span", {}, `Page ${page} of ${last}`),
        button("Next", "next", to(page + 1), { disabled: page >= last }));
}

/* --- views: each gives its title and its nodes --- */

function progress(run) {
    if (!run) return null;
    const pages = run.pages_total ? `${number(run.pages)} of ${count(run.pages_total, "page", "pages")}` : count(run.pages, "page", "pages");
    return [run.pages_total ? el("progress", { max: run.pages_total, value: run.pages, "aria-label": `Progress of run ${run.run}` }) : null, " ", pages];
}

const SHOW = [["", "All", "all"], ["running", "Under way"], ["failing", "Failing"], ["late", "Late"], ["rejects", "With rejects"],
    ["misfits", "With misfits"], ["paused", "Paused"], ["never", "Never run"], ["ok", "Succeeded"]];

async function streamsView(params) {
    const limit = 50;
    const list = await get("streams?" + query({ q: params.q, show: params.show, sort: params.sort, page: params.page, limit }));
    const chips = SHOW.map(([show, label, name]) => button(`${label} ${number(list.counts[name || show])}`, "show " + show,
        () => go({ ...params, show, page: "" }), { "aria-pressed": String((params.show || "") === show) }));
    const running = new Map(active.runs.map((run) => [run.stream, run]));
    const cells = new Map();
    const now = (row) => {
        const cell = el("span", {}, progress(running.get(row.stream)));
        cells.set(row.stream, cell);
        return cell;
    };
    const columns = [
        ["Stream", (row) => [streamLink(row.stream), row.paused && tag("paused"), row.is_late && tag("late")]],
        ["Last run", (row) => [state(row.state), " ", now(row), error(row.error)], "wide"],
        ["Last success", (row) => when(row.last_success), "nowrap"],
        ["Next run", (row) => (row.paused ? "" : when(row.next_due)), "nowrap"],
        ["Rows read", (row) => number(row.records), "number"],
        ["In table", (row) => (row.table_rows === null ? "" : "≈ " + number(row.table_rows)), "number"],
        ["Rejects", (row) => (row.rejects ? link("rejects/" + row.run, number(row.rejects)) : ""), "number"],
        ["Misfits", (row) => (row.misfits ? link("stream/" + encodeURIComponent(row.stream), number(row.misfits)) : ""), "number"],
        ["Actions", (row) => el("div", { class: "buttons" }, reloadButton(row.stream), pauseButton(row.stream, row.paused))],
    ];
    return {
        title: "Streams",
        nodes: [
            el("form", { class: "tools", role: "search", submit: (event) => event.preventDefault() },
                el("label", {}, "Name contains ", el("input", { type: "search", "data-key": "q", value: params.q || "", input: search })),
                el("label", {}, "Order ", select(params.sort, [["", "by name"], ["worst", "worst first"], ["next", "next run"], ["oldest", "oldest data"]],
                    "sort", (sort) => go({ ...params, sort, page: "" })))),
            el("div", { class: "buttons chips", role: "group", "aria-label": "Show" }, chips),
            table(count(list.total, "stream", "streams"), columns, list.streams,
                params.q || params.show ? "No stream is like this." : "No stream yet: put a definition into sources/ and run `pagetide apply`."),
            pager(params, list.total, limit)],
        live: () => {
            for (const cell of cells.values()) cell.replaceChildren();
            for (const run of active.runs) if (cells.has(run.stream)) put(cells.get(run.stream), [progress(run)]);
        },
    };
}

function select(value, choices, key, change) {
    return el("select", { "data-key": key, change: (event) => change(event.target.value) },
        choices.map(([choice, label]) => el("option", { value: choice, selected: (value || "") === choice }, label)));
}

let searchTimer = 0;
function search(event) {
    clearTimeout(searchTimer);
    const q = event.target.value;
    searchTimer = setTimeout(() => go({ ...where().params, q, page: "" }, true), 200);
}

function runColumns(withStream) {
    return [
        ["Run", (row) => runLink(row.run)],
        ...(withStream ? [["Stream", (row) => streamLink(row.stream)]] : []),
        ["State", (row) => [state(row.state), row.reason && tag(row.reason), error(row.error)], "wide"],
        ["Why", (row) => `${row.trigger}, ${row.mode}`],
        ["Began", (row) => when(row.started_at), "nowrap"],
        ["Took", (row) => duration(row.seconds), "number"],
        ["Pages", (row) => number(row.pages), "number"],
        ["Records", (row) => number(row.records), "number"],
        ["Rejects", (row) => (row.rejects ? link("rejects/" + row.run, number(row.rejects)) : ""), "number"],
        ["Misfits", (row) => (row.misfits ? number(row.misfits) : ""), "number"],
        ["End", (row) => row.complete || "", "nowrap"],
    ];
}

async function runsView(params) {
    const list = await get("runs?" + query(params));
    return {
        title: "Runs",
        nodes: [
            el("div", { class: "tools" }, el("label", {}, "State ", select(params.state,
                ["", "queued", "running", "succeeded", "truncated", "failed", "cancelled", "dead"].map((word) => [word, word || "any"]),
                "state", (word) => go({ ...params, state: word, before: "" })))),
            table("", runColumns(true), list.runs, "No run yet."),
            el("div", { class: "buttons" },
                params.before && button("Newest", "newest", () => go({ ...params, before: "" })),
                list.next && button("Older", "older", () => go({ ...params, before: list.next })))],
    };
}

async function activeView() {
    active = await get("active");
    const columns = [
        ["Run", (row) => runLink(row.run)],
        ["Stream", (row) => streamLink(row.stream)],
        ["State", (row) => state(row.state)],
        ["Progress", (row) => progress(row)],
        ["Records", (row) => number(row.records), "number"],
        ["Records/s", (row) => number(row.records_per_s), "number"],
        ["Time left", (row) => (row.eta_seconds === null ? "" : "≈ " + duration(row.eta_seconds)), "number"],
        ["Jobs", (row) => (row.jobs > 1 ? `${row.jobs_ended} of ${row.jobs}` : ""), "number"],
        ["Waits for", (row) => (row.waiting_for ? [row.waiting_for, row.wait_until && [", ", when(row.wait_until)]] : row.state === "queued" ? "a worker" : "")],
        ["Actions", (row) => el("div", { class: "buttons" }, cancelButton(row.run))],
    ];
    const list = el("div", {});
    const redraw = () => isHeld() || keepFocus(() => list.replaceChildren(table(
        active.total > active.runs.length ? `The ${active.runs.length} oldest of ${number(active.total)}` : "", columns, active.runs, "No run is under way.")));
    redraw();
    return { title: "Under way", nodes: [list], live: redraw };
}

async function streamView(params, name) {
    const path = "streams/" + encodeURIComponent(name);
    const [stream, runs, columns] = await Promise.all([get(path), get("runs?" + query({ stream: name, limit: 20 })), get(path + "/columns")]);
    const schedule = stream.schedule && !stream.schedule.startsWith("@every") ? `${stream.schedule} (${stream.timezone})`
        : stream.every_seconds ? "every " + duration(Number(stream.every_seconds)) : "none";
    return {
        title: name,
        nodes: [
            el("div", { class: "buttons" }, reloadButton(name), pauseButton(name, stream.paused),
                stream.active_run && cancelButton(stream.active_run),
                runs.runs[0] && RETRIED.includes(runs.runs[0].state) && retryButton(runs.runs[0].run)),
            facts([
                ["Schedule", stream.paused ? [schedule, tag("paused")] : schedule],
                ["Next run", stream.paused ? "" : when(stream.next_due)],
                ["Last success", when(stream.last_success)],
                ["Tables", stream.tables.join(", ")],
                ["Bookmarks", stream.bookmarks.length ? stream.bookmarks.map((mark) => el("div", {}, (mark.partition ? mark.partition + ": " : "") + mark.value)) : ""],
                ["Waiting requests", stream.requests.length ? stream.requests.map((one) => el("div", {}, `${one.id} (${one.mode}), asked `, when(one.received_at))) : ""],
                ["Removed", when(stream.removed_at)]]),
            el("h2", {}, "Runs"),
            table("", runColumns(false), runs.runs, "No run yet."),
            el("h2", {}, "Columns"),
            table("", [
                ["Column", (row) => row.column || "–"], ["Field", (row) => row.path], ["Type", (row) => row.type || ""],
                ["Origin", (row) => row.origin || ""], ["Misfits", (row) => (row.misfits ? number(row.misfits) : ""), "number"],
                ["Note", (row) => row.note || ""]], columns.columns, "Its first run makes the columns."),
            definition(path, stream.version)],
    };
}

const opened = new Map(); /* what is shown in open details stays over a refresh */
function definition(path, version) {
    const place = opened.get(path) || el("div", {});
    const show = async (wanted) => {
        try {
            const got = await get(`${path}/definition?version=${wanted}`);
            place.replaceChildren(
                el("label", {}, "Version ", select(String(got.version), got.versions.map((one) => [String(one), one === version ? `${one}, in force` : String(one)]),
                    "version", show)),
                el("pre", { tabindex: "0", role: "region", "aria-label": "Definition" },
                    got.definition ? JSON.stringify(got.definition, null, 2) : "It is too large to be shown, or cannot be read by this version."));
        } catch (failure) {
            place.replaceChildren(error(failure.message));
        }
    };
    const details = el("details", { open: opened.has(path), toggle: () => {
        if (details.open) opened.set(path, place);
        else opened.delete(path);
        if (details.open && !place.firstChild) show(0);
    } }, el("summary", { "data-key": "definition" }, "Definition"), place);
    return details;
}

/* One row for each page; its bar goes from the page before to its commit, in the job's time. */
function timeline(job, pages) {
    const ms = (text) => (text ? Date.parse(text) : NaN);
    const first = ms(pages[0].fetched_at) - 1;
    const begin = pages[0].page === 1 && job.started_at ? Math.min(ms(job.started_at), first) : first;
    const end = Math.max(begin + 1, ...pages.map((page) => ms(page.committed_at)).filter(Number.isFinite));
    let before = begin;
    return pages.map((page) => {
        const at = (time) => (100 * (Math.min(Math.max(time, begin), end) - begin)) / (end - begin);
        const fetched = ms(page.fetched_at), waited = 1000 * (page.waited_seconds || 0);
        const bar = (kind, from, to) => svg("rect", { class: kind, x: at(from) + "%", width: Math.max(0.4, at(to) - at(from)) + "%", height: "100%" });
        const from = Math.min(before, fetched);
        before = Math.max(before, fetched);
        return svg("svg", { role: "img", "aria-label": `fetched ${duration((fetched - begin) / 1000)}, committed ${duration((ms(page.committed_at) - begin) / 1000)} after the start` },
            bar("load", fetched, ms(page.committed_at)), bar(page.status >= 400 ? "bad" : "ask", from, fetched),
            waited ? bar("wait", from, Math.min(fetched, from + waited)) : null);
    });
}

function key(kind, text) {
    return el("span", {}, svg("svg", { "aria-hidden": "true" }, svg("rect", { class: kind, width: "100%", height: "100%" })), text);
}

function pagesTable(run, job, list, params) {
    if (!list.pages.length) return el("p", { class: "empty" }, "No page is committed yet, or its ledger was cleared away.");
    const bars = timeline(job, list.pages), bar = new Map(list.pages.map((page, at) => [page.page, bars[at]]));
    const last = list.pages[list.pages.length - 1].page;
    return [
        el("p", { class: "quiet key" }, key("ask", "asked and fetched"), key("wait", "waited"), key("load", "until committed")),
        table(`Pages ${number(list.pages[0].page)} to ${number(last)} of ${number(list.page)}`, [
            ["Page", (row) => number(row.page), "number"],
            ["Time", (row) => bar.get(row.page), "time"],
            ["Status", (row) => [row.status, row.attempts > 1 && tag(`${row.attempts} tries`)]],
            ["Records", (row) => number(row.records), "number"],
            ["Size", (row) => bytes(row.bytes), "number"],
            ["Waited", (row) => (Number(row.waited_seconds) ? duration(row.waited_seconds) : ""), "number"],
            ["Request", (row) => row.asked || ""],
            ["Then", (row) => row.why || ""]], list.pages, ""),
        el("div", { class: "buttons" },
            Number(params.after) > 0 && button("First pages", "first", () => go({ ...params, after: "" })),
            last < list.page && button("Later pages", "later", () => go({ ...params, after: last })))];
}

async function runView(params, id) {
    const run = await get("runs/" + id);
    const n = Number(params.job) || (run.jobs[0] && run.jobs[0].n);
    const job = run.jobs.find((one) => one.n === n) || { n };
    const pages = n ? await get(`runs/${id}/jobs/${n}/pages?` + query({ after: params.after, limit: 100 })) : { pages: [], page: 0 };
    const isOver = !["queued", "running"].includes(run.state);
    return {
        title: `Run ${run.run}`,
        nodes: [
            el("p", {}, streamLink(run.stream), " ", state(run.state), run.reason && tag(run.reason)),
            error(run.error),
            el("div", { class: "buttons" }, !isOver && cancelButton(run.run),
                isOver && run.is_newest && RETRIED.includes(run.state) && retryButton(run.run)),
            facts([
                ["Began", when(run.started_at)], ["Took", duration(run.seconds)], ["Why", `${run.trigger}, ${run.mode}`],
                ["Window", run.window_from && `${run.window_from} to ${run.window_to}`],
                ["Records", `${number(run.records)} on ${count(run.pages, "page", "pages")}, ${bytes(run.bytes)}`],
                ["Rejects", run.rejects ? link("rejects/" + run.run, count(run.rejects, "record", "records")) : ""],
                ["Misfits", run.misfits ? count(run.misfits, "value", "values") : ""],
                ["Retries", run.retries || ""],
                ["Rows", [["added", run.added], ["changed", run.changed], ["deleted", run.deleted]].filter(([, rows]) => rows !== null).map(([word, rows]) => `${number(rows)} ${word}`).join(", ")],
                ["End", run.complete && `${run.complete}: ${run.complete_why || ""}`],
                ["Request", run.request_id],
                ["Step", run.job_count <= 1 && job.step],
                ["Warnings", run.warnings && run.warnings.length ? run.warnings.map((words) => el("div", {}, words)) : ""]]),
            run.job_count > 1 && [el("h2", {}, "Jobs"), jobsTable(run, params, n)],
            el("h2", {}, run.job_count > 1 ? `Pages of job ${run.run}/${n}` : "Pages"),
            run.job_count <= 1 && (job.waiting_for ? el("p", {}, `Waits for ${job.waiting_for}`, job.wait_until && [", ", when(job.wait_until)]) : null),
            pagesTable(run, job, pages, params)],
    };
}

function jobsTable(run, params, n) {
    return table(run.job_count > run.jobs.length ? `${run.jobs.length} of ${number(run.job_count)}` : "", [
        ["Job", (row) => button(`${run.run}/${row.n}`, "job " + row.n, () => go({ job: row.n }), { "aria-pressed": String(row.n === n) })],
        ["Part", (row) => row.partition || ""],
        ["State", (row) => [state(row.state), " ", run.is_newest && RETRIED.includes(row.state) && retryJobButton(run.run, row.n), error(row.error)]],
        ["Pages", (row) => (row.pages_total ? `${number(row.page)} of ${number(row.pages_total)}` : number(row.page)), "number"],
        ["Records", (row) => number(row.records), "number"],
        ["Rejects", (row) => (row.rejects ? number(row.rejects) : ""), "number"],
        ["Waits for", (row) => row.waiting_for && [row.waiting_for, row.wait_until && [", ", when(row.wait_until)]]],
        ["Step", (row) => row.step || ""],
        ["Worker", (row) => row.worker || ""],
        ["End", (row) => row.complete || "", "nowrap"]], run.jobs, "No job yet.");
}

function decode(base64) {
    const raw = Uint8Array.from(atob(base64 || ""), (letter) => letter.charCodeAt(0));
    try {
        return [new TextDecoder("utf-8", { fatal: true }).decode(raw), ""];
    } catch {
        return [new TextDecoder("utf-8").decode(raw), "not all of it is UTF-8; "];
    }
}

async function save(id) {
    const answer = await ask(`rejects/${id}/record`);
    if (!answer.ok) return say("It is not there any more", true);
    const address = URL.createObjectURL(await answer.blob());
    el("a", { href: address, download: `reject-${id}` }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60000);
}

async function rejectsOfRunView(params, id) {
    const list = await get(`runs/${id}/rejects?` + query({ after: params.after, limit: 50 }));
    const last = list.rejects.length === 50 && list.rejects[49].id;
    return {
        title: `Rejects of run ${id}`,
        nodes: [
            el("p", {}, streamLink(list.stream), ", run ", runLink(list.run)),
            table("", [
                ["Page", (row) => `${number(row.page)}, record ${number(row.position + 1)}`, "nowrap"],
                ["Reason", (row) => (row.table ? row.table + ": " : "") + row.reason],
                ["Record", (row) => {
                    const [text, note] = decode(row.record);
                    return [el("pre", { tabindex: "0", role: "region", "aria-label": "Record" }, text),
                        el("span", { class: "quiet" }, note + (row.bytes > 2048 ? `the first 2 KiB of ${bytes(row.bytes)} ` : bytes(row.bytes) + " ")),
                        button("Save the bytes", "save " + row.id, () => save(row.id), { "aria-label": "Save the bytes of reject " + row.id })];
                }]], list.rejects, "Nothing was rejected in this run."),
            el("div", { class: "buttons" },
                params.after && button("First", "first", () => go({})),
                last && button("More", "more", () => go({ after: last })))],
    };
}

async function rejectsView(params) {
    const list = await get("rejects?" + query({ page: params.page, limit: 50 }));
    return {
        title: "Rejects",
        nodes: [
            table(list.total ? `${count(list.total, "stream", "streams")} whose last run could not store all records` : "", [
                ["Stream", (row) => streamLink(row.stream)], ["Run", (row) => runLink(row.run)],
                ["Rejects", (row) => link("rejects/" + row.run, number(row.rejects)), "number"],
                ["Of records", (row) => number(row.records), "number"],
                ["First reason", (row) => row.reason || ""], ["Ended", (row) => when(row.finished_at), "nowrap"]],
            list.streams, "The last run of every stream stored all of its records."),
            pager(params, list.total, 50)],
    };
}

async function misfitsView(params) {
    const list = await get("misfits?" + query({ page: params.page, limit: 50 }));
    return {
        title: "Misfits",
        nodes: [
            table(list.total ? `${count(list.total, "column", "columns")} with values that did not fit in the last run; they are kept in _pt_aside` : "", [
                ["Stream", (row) => streamLink(row.stream)], ["Column", (row) => row.column],
                ["Misfits", (row) => number(row.misfits), "number"],
                ["The first one", (row) => [row.first || "", row.page && el("span", { class: "quiet" }, ` page ${number(row.page)}, record ${number((row.position || 0) + 1)}`)]],
                ["Would fit", (row) => row.wider || ""], ["Run", (row) => runLink(row.run)]],
            list.columns, "All values of the last runs fit their columns."),
            pager(params, list.total, 50)],
    };
}

async function queueView() {
    const queue = await get("queue");
    return {
        title: "Queue",
        nodes: [
            facts([["Jobs that run", number(queue.jobs.running)], ["Jobs that wait", number(queue.jobs.waiting)],
                ["Jobs for any worker", [number(queue.jobs.queued), queue.jobs.oldest_queued_at && [", the oldest asked for ", when(queue.jobs.oldest_queued_at)]]],
                ["Reload requests", number(queue.requests_total)]]),
            el("h2", {}, "What jobs wait for"),
            table("", [["Job", (row) => [runLink(row.run), `/${row.n}`]], ["Stream", (row) => streamLink(row.stream)],
                ["Waits for", (row) => row.waiting_for], ["Until", (row) => when(row.wait_until), "nowrap"],
                ["Tries", (row) => number(row.attempt), "number"]], queue.waiting, "No job waits."),
            el("h2", {}, "Requests"),
            table("", [["Request", (row) => row.id], ["Stream", (row) => streamLink(row.stream)], ["Mode", (row) => row.mode],
                ["Priority", (row) => row.priority, "number"], ["Asked", (row) => when(row.received_at), "nowrap"]], queue.requests, "No request waits for a run to end."),
            el("h2", {}, "Next by schedule"),
            table("", [["Stream", (row) => streamLink(row.stream)], ["Due", (row) => when(row.next_due), "nowrap"]], queue.due, "No stream has a schedule."),
            queue.chores.length > 0 && [el("h2", {}, "After runs"),
                table("", [["Stream", (row) => streamLink(row.stream)], ["Run", (row) => runLink(row.run)], ["What", (row) => row.kind],
                    ["Tries", (row) => number(row.attempts), "number"], ["Due", (row) => when(row.due_at), "nowrap"]], queue.chores, "")]],
    };
}

async function workersView() {
    const all = await get("workers");
    const seen = (row) => [row.is_silent ? el("span", { class: "state warn" }, "silent") : el("span", { class: "state good" }, "alive"), " ", when(row.seen_at)];
    const who = [["Host", (row) => row.host], ["Process", (row) => row.pid, "number"], ["Version", (row) => row.version], ["Seen", seen], ["Began", (row) => when(row.started_at), "nowrap"]];
    return {
        title: "Workers",
        nodes: [
            table("", [...who, ["Jobs", (row) => number(row.jobs), "number"], ["Reserved", (row) => (row.reserved ? number(row.reserved) : ""), "number"]],
                all.workers, "No worker has been seen: `pagetide up`, or `pagetide worker`."),
            el("h2", {}, "Schedulers"), table("", who, all.schedulers, "No scheduler has been seen."),
            el("h2", {}, "Refused by servers"),
            table("", [["By", (row) => row.by], ["What", (row) => row.what], ["Why", (row) => row.why], ["Times", (row) => number(row.times), "number"],
                ["Since", (row) => when(row.since), "nowrap"]], all.refusals, "Nothing.")],
    };
}

const VIEWS = { streams: streamsView, stream: streamView, active: activeView, runs: runsView, run: runView,
    rejects: (params, id) => (id ? rejectsOfRunView(params, id) : rejectsView(params)), misfits: misfitsView, queue: queueView, workers: workersView };
const TAB = { stream: "streams", run: "runs" };

/* --- the address --- */

function where() {
    const [path, search] = location.hash.replace(/^#\/?/, "").split("?");
    const [name, ...rest] = path.split("/");
    let id = rest.join("/");
    try {
        id = decodeURIComponent(id);
    } catch { /* somebody has typed it: as it is */ }
    return { name: Object.hasOwn(VIEWS, name) ? name : "streams", id, path: path || "streams", params: Object.fromEntries(new URLSearchParams(search)) };
}

function go(params, replace) {
    const text = query(params);
    const address = "#/" + where().path + (text ? "?" + text : "");
    if (address === location.hash) return;
    if (replace) history.replaceState(null, "", address);
    else history.pushState(null, "", address);
    draw(false);
}

function keepFocus(change) {
    const focused = document.activeElement, key = focused && focused.dataset ? focused.dataset.key : null;
    const caret = focused && focused.type === "search" ? focused.selectionStart : null;
    change();
    if (!key || document.activeElement === focused) return;
    const again = [...main.querySelectorAll("[data-key]")].find((node) => node.dataset.key === key);
    if (!again) return;
    again.focus({ preventScroll: true });
    if (caret === null) return;
    again.value = focused.value; /* somebody is just typing */
    again.setSelectionRange(caret, caret);
}

/* What somebody is just pressing or selecting must not be replaced under the hand. */
let pressed = 0; /* when, 0: nothing is */
function isHeld() {
    const selection = getSelection();
    return Date.now() - pressed < 5000 || (!selection.isCollapsed && main.contains(selection.anchorNode));
}

function retime() {
    for (const node of document.querySelectorAll("time")) node.textContent = ago(new Date(node.dateTime));
}

let drawing = 0, live = null;
async function draw(isNew, mayWait) {
    const at = where(), turn = ++drawing, before = document.activeElement;
    for (const tab of document.querySelectorAll("header nav a"))
        if (tab.hash === "#/" + (TAB[at.name] || at.name)) tab.setAttribute("aria-current", "page");
        else tab.removeAttribute("aria-current");
    let view;
    try {
        view = await VIEWS[at.name](at.params, at.id);
    } catch (failure) {
        view = { title: "No answer", nodes: [el("p", { class: "error" }, failure.message)] };
    }
    if (turn !== drawing) return; /* somebody went on meanwhile */
    const heading = el("h1", { tabindex: "-1" }, view.title), fresh = el("div", {}, heading, view.nodes);
    retime();
    if (main.firstElementChild && main.firstElementChild.isEqualNode(fresh)) return;
    if (mayWait && isHeld()) return refresh(false);
    live = view.live || null;
    document.title = `${view.title} – Pagetide`;
    const isBusy = document.activeElement !== before; /* somebody has begun to do something */
    keepFocus(() => main.replaceChildren(fresh));
    main.dataset.view = at.name;
    if (isNew && !isBusy) {
        heading.focus({ preventScroll: true });
        scrollTo(0, 0);
    }
}

/* --- staying up to date --- */

let refreshTimer = 0, refreshed = 0;
function refresh(isUrgent) {
    if (refreshTimer && !isUrgent) return;
    clearTimeout(refreshTimer);
    const wait = Math.max(0, refreshed + (isUrgent ? 300 : 1000) - Date.now());
    refreshTimer = setTimeout(() => {
        refreshTimer = 0;
        refreshed = Date.now();
        if (!document.hidden && !document.querySelector("dialog[open]")) draw(false, true);
        notices();
    }, wait);
}

async function notices() {
    const all = await get("overview").catch(() => null);
    if (!all) return;
    skew = Date.parse(all.now) - Date.now();
    const missed = all.missed_scheduler;
    const words = [missed && `No scheduler is running${missed.last_seen ? ` (last seen ${ago(new Date(missed.last_seen))} on ${missed.host})` : ""}: ${count(missed.streams, "stream", "streams")} with a schedule wait.`,
        all.queued > 0 && !all.workers && `${count(all.queued, "job waits", "jobs wait")} and no worker is alive.`,
        ...all.refusals].filter(Boolean);
    const text = words.join("\n"), place = byId("notices");
    if (place.dataset.text === text) return;
    place.dataset.text = text;
    place.replaceChildren(...words.map((one) => el("p", { class: "notice" }, one)));
}

function heard(name, data) {
    let said;
    try {
        said = JSON.parse(data);
    } catch {
        return;
    }
    if (name === "active") {
        active = said;
        byId("active-count").textContent = active.total ? number(active.total) : "";
        if (live) live();
        if (main.dataset.view === "run" && active.runs.some((run) => String(run.run) === where().id)) refresh(false);
    } else if (name === "change") {
        refresh(said.runs.length > 0);
    }
}

/*
 * Server-sent events by fetch: EventSource can send no token. A page that nobody sees listens to
 * nothing: a browser has six connections for all pages of a server.
 */
let listening = null;
async function listen() {
    listening = new AbortController();
    const answer = await ask("events", { signal: listening.signal });
    if (!answer.ok) throw new Error(String(answer.status));
    byId("live").textContent = "live";
    byId("live").className = "on";
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
        const { value, done } = await reader.read();
        if (done) return;
        text += value;
        let end;
        while ((end = text.indexOf("\n\n")) >= 0) {
            const lines = text.slice(0, end).split("\n");
            const field = (name) => (lines.find((line) => line.startsWith(name + ": ")) || "").slice(name.length + 2);
            text = text.slice(end + 2);
            if (field("event")) heard(field("event"), field("data"));
        }
    }
}

function seen() {
    return new Promise((done) => {
        const look = () => {
            if (document.hidden) return;
            removeEventListener("visibilitychange", look);
            done();
        };
        addEventListener("visibilitychange", look);
        look();
    });
}

async function listenForever() {
    await seen();
    for (let pause = 500; ; pause = Math.min(pause * 2, 15000)) {
        const began = Date.now();
        await listen().catch(() => null);
        byId("live").textContent = "not live, trying again";
        byId("live").className = "";
        if (Date.now() - began > 20000 || document.hidden) pause = 500;
        await new Promise((done) => setTimeout(done, pause));
        await seen();
        refresh(false);
    }
}

/* --- begin --- */

addEventListener("hashchange", () => draw(true));
addEventListener("visibilitychange", () => {
    if (document.hidden && listening) listening.abort();
    else if (!document.hidden) refresh(true);
});
addEventListener("keydown", (event) => {
    const box = main.querySelector("input[type=search]");
    if (event.key === "/" && box && !/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && !document.querySelector("dialog[open]")) {
        event.preventDefault();
        box.focus();
    }
});
byId("token-dialog").addEventListener("cancel", (event) => event.preventDefault());
document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    main.focus();
});
addEventListener("pointerdown", () => { pressed = Date.now(); }, true);
for (const name of ["pointerup", "pointercancel"]) addEventListener(name, () => setTimeout(() => { pressed = 0; }), true);
setInterval(retime, 10000);
draw(false);
notices();
listenForever();
