"""The dashboard, used: test_dashboard.py BUILD DIR [PICTURES]; see run.sh. Prints a line a case,
and at last "N passed, N failed"."""
import json
import os
import re
import signal
import subprocess
import sys
import time
import traceback
import urllib.request

from browser import Browser
from png import shrink

BUILD, DIR, PICTURES = sys.argv[1], sys.argv[2], sys.argv[3]
CONFIG = DIR + "/config"
LIMIT_S = 30
EVIL = "<img src=x onerror=window.hacked=1><script>window.hacked=1</script>"

SHOP = """source: shop
base_url: %s
defaults:
  pagination: {type: page, total_pages_path: pages}
  merge_path: data
streams:
  customers: {path: "/gen/page?total=120&from=1", every: 1h, write: upsert, key: id}
  orders: {path: "/gen/page?total=200&from=1000", every: 15m, write: upsert, key: id}
  events: {path: "/gen/page?total=60000&from=100000", every: 1d, write: upsert, key: id}
  archive: {path: "/gen/page?total=30&from=50000", every: 1d, write: upsert, key: id}
  refunds: {path: /refunds, pagination: {type: none}, every: 6h, write: upsert, key: id}
  regions: {path: "/gen/page?total=20&from={{ partition.from }}", partitions: [{from: 80000}, {from: 81000}, {from: 82000}], write: upsert, key: id, with: {region: "{{ partition.from }}"}}
  people: {path: /people, pagination: {type: none}, merge_path: "", every: 1d, write: upsert, key: id, max_rejects: 5, max_asides: "100%%", columns: {age: {type: int}}}
"""


def sql(text):
    return subprocess.run(["psql", "-X", "-q", "-A", "-t", "-c", text], check=True,
                          capture_output=True, text=True).stdout.strip()


def wait_sql(text, wanted="t"):
    deadline = time.monotonic() + LIMIT_S
    while sql(text) != wanted:
        assert time.monotonic() < deadline, f"{text}: still {sql(text)}"
        time.sleep(0.05)


class Program:
    """A child process, and the text that it has written to its log."""

    def __init__(self, name, *words, env=None):
        self.log = f"{DIR}/{name}.log"
        with open(self.log, "wb") as out:
            self.process = subprocess.Popen(words, stdout=out, stderr=out,
                                            env={**os.environ, **(env or {})})

    def find(self, pattern):
        deadline = time.monotonic() + LIMIT_S
        while True:
            with open(self.log, encoding="utf-8") as log:
                found = re.search(pattern, log.read())
            if found:
                return found.group(1)
            assert time.monotonic() < deadline, f"{self.log} has no {pattern}"
            time.sleep(0.05)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def post(address, body):
    request = urllib.request.Request(address, json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=10).read()


def prepare(api):
    """An API with a slow stream, one that fails, and one with values that do not fit."""
    post(api + "/_mock/route", {"path": "/refunds", "status": 404, "body": EVIL})
    post(api + "/_mock/route", {"path": "/people", "body": json.dumps([
        {"id": 1, "age": 7}, {"id": 2, "age": "old " + EVIL}, {"no": EVIL}, {"name": "nobody"}])})
    post(api + "/_mock/fault", {"path": "/gen/page", "query": "from=100000", "kind": "slow_ms",
                                "ms": 250, "times": -1})
    post(api + "/_mock/fault", {"path": "/gen/page", "query": "from=1000", "kind": "slow_ms",
                                "ms": 40, "times": -1})
    post(api + "/_mock/fault", {"path": "/gen/page", "query": "from=82000", "kind": "status",
                                "status": 403, "times": -1})
    with open(CONFIG + "/sources/shop.yaml", "w", encoding="utf-8") as file:
        file.write(SHOP % api)


# --- cases: each gets the page, at the streams, and the address ---

def names(page, role):
    return [name for kind, name, _ in page.tree() if kind == role]


def visit(page, address, heading):
    page.run(f"location.hash = {json.dumps(address)}")
    page.wait(f"document.querySelector('h1')?.textContent === {json.dumps(heading)}")


def row_of(stream):
    return (f"[...document.querySelectorAll('tbody tr')].find(row => "
            f"row.querySelector('a')?.textContent === {json.dumps(stream)})")


def first_paint(page):
    """Its milliseconds. What is in the document may be looked at before it was painted."""
    entry = "performance.getEntriesByName('first-contentful-paint')[0]"
    page.wait(entry)
    return page.run(entry + ".startTime")


def the_page_is_small_quick_and_without_complaints(page, at):
    page.wait("document.querySelector('#live').className === 'on'")
    paint = first_paint(page)
    whole = sum(len(urllib.request.urlopen(at + name, timeout=10).read())
                for name in ("", "app.js", "style.css", "icon.svg"))
    print(f"    first paint {paint:.0f} ms, {whole} bytes")
    assert whole < 80000
    assert page.problems == [], page.problems


def a_screen_reader_finds_its_way(page, at):
    visit(page, "#/streams", "Streams")
    tree = page.tree()
    roles = {role for role, _, _ in tree}
    for role in ("banner", "navigation", "main", "search", "table", "row", "columnheader",
                 "cell", "status", "alert", "searchbox"):
        assert role in roles, f"no {role}: {sorted(roles)}"
    for role, name, _ in tree:
        assert name or role not in ("button", "link", "textbox", "searchbox", "combobox",
                                    "checkbox", "columnheader", "heading", "dialog"), role
    assert [name for role, name, more in tree if role == "heading" and more.get("level") == 1] == [
        "Streams"]
    buttons = names(page, "button")
    assert "Pause shop.orders" in buttons and "Reload shop.orders" in buttons, buttons
    assert page.run("document.documentElement.lang") == "en"


def pause_and_resume_by_a_click(page, at):
    visit(page, "#/streams", "Streams")
    page.click("[aria-label='Pause shop.archive']")
    page.wait(f"{row_of('shop.archive')}.textContent.includes('paused')")
    page.wait("document.querySelector('#say').textContent === 'shop.archive is paused'")
    wait_sql("select paused from pagetide.stream where name = 'shop.archive'")
    assert page.run("document.activeElement.tagName") == "BUTTON"  # the focus is not lost
    page.click("[aria-label='Resume shop.archive']")
    wait_sql("select not paused from pagetide.stream where name = 'shop.archive'")
    page.click("[aria-label='Pause shop.archive']")
    page.wait(f"{row_of('shop.archive')}.textContent.includes('paused')")


def reload_by_a_click_and_follow_it(page, at):
    visit(page, "#/stream/shop.customers", "shop.customers")
    before = sql("select max(id) from pagetide.run")
    page.click("[aria-label='Reload shop.customers']")
    page.wait("document.querySelector('#reload-dialog').open")
    page.run("document.querySelector('#reload-mode').value = 'full'")
    page.click("#reload-dialog button[value=send]")
    page.wait("document.querySelector('#say').textContent.startsWith('shop.customers: run ')")
    wait_sql(f"select state = 'succeeded' from pagetide.run where id > {before}")
    run = sql(f"select id from pagetide.run where id > {before}")
    page.wait(f"[...document.querySelectorAll('tbody a')].some(a => a.textContent === '{run}')")
    assert sql(f"select mode from pagetide.run where id = {run}") == "full"


def what_happens_is_on_the_screen_at_once(page, at):
    visit(page, "#/runs", "Runs")
    page.wait("document.querySelector('#live').className === 'on'")
    worst = 0
    for turn in range(5):
        id = f"from-outside-{turn}"
        sql(f"select pagetide.reload('{id}', 'shop.people', '{{}}')")
        run = sql(f"select run from pagetide.request where id = '{id}'")
        worst = max(worst, page.wait(
            f"[...document.querySelectorAll('tbody a')].some(a => a.textContent === '{run}')"))
        wait_sql(f"select state not in ('queued', 'running') from pagetide.run where id = {run}")
    print(f"    event to screen {worst:.0f} ms")


def a_run_under_way_moves(page, at):
    visit(page, "#/active", "Under way")
    page.wait("document.querySelector('progress')")
    first = page.run("document.querySelector('progress').value")
    page.wait(f"document.querySelector('progress').value > {first}")
    assert "of 6,000 pages" in page.run("document.querySelector('main').innerText")


def what_an_api_sends_is_text(page, at):
    run = sql("select max(id) from pagetide.run where stream = 'shop.people'")
    for address, heading in ((f"#/rejects/{run}", f"Rejects of run {run}"),
                             ("#/misfits", "Misfits"), ("#/streams", "Streams"),
                             ("#/stream/shop.refunds", "shop.refunds"), ("#/runs", "Runs")):
        visit(page, address, heading)
        assert page.run("document.querySelectorAll('main img, main script').length") == 0, address
    visit(page, f"#/rejects/{run}", f"Rejects of run {run}")
    assert EVIL in page.run("document.querySelector('main').textContent")
    assert page.run("window.hacked") is None


def a_cancelled_run_goes_on_by_a_click(page, at):
    run = sql("select id from pagetide.run where stream = 'shop.events' order by id desc limit 1")
    visit(page, f"#/run/{run}", f"Run {run}")
    page.click(f"[aria-label='Cancel run {run}']")
    page.wait(f"document.querySelector(\"[aria-label='Retry run {run}']\")")
    assert sql(f"select state from pagetide.run where id = {run}") == "cancelled"
    page.click(f"[aria-label='Retry run {run}']")
    page.wait(f"document.querySelector(\"[aria-label='Cancel run {run}']\")")


def pages_are_a_timeline(page, at):
    run = sql("select max(id) from pagetide.run where stream = 'shop.orders'")
    visit(page, f"#/run/{run}", f"Run {run}")
    page.wait("document.querySelectorAll('td.time rect.ask').length === 20")
    assert page.run("[...document.querySelectorAll('rect')].every(rect => "
                    "!rect.outerHTML.includes('NaN'))")


def nothing_is_replaced_under_the_hand(page, at):
    visit(page, "#/active", "Under way")
    page.wait("document.querySelector('progress')")
    x, y = page.run("(() => { const box = document.querySelector('td a').getBoundingClientRect();"
                    " return [box.x + 3, box.y + 3]; })()")
    page.run("window.before = document.querySelector('td a')")
    page.call("Input.dispatchMouseEvent", type="mousePressed", x=x, y=y, button="left", clickCount=1)
    sql("select pagetide.reload('under-the-hand', 'shop.customers', '{}')")
    wait_sql("select state in ('succeeded') from pagetide.request where id = 'under-the-hand'")
    time.sleep(1.5)  # as long as somebody may press
    assert page.run("window.before.isConnected")
    page.call("Input.dispatchMouseEvent", type="mouseReleased", x=x, y=y, button="left", clickCount=1)
    page.wait("document.querySelector('h1').textContent.startsWith('Run ')")
    page.run("getSelection().selectAllChildren(document.querySelector('dl'))")
    page.run("window.before = document.querySelector('dl')")
    time.sleep(1.5)
    assert page.run("window.before.isConnected")
    page.run("getSelection().removeAllRanges()")
    page.wait("!window.before.isConnected")


def a_run_of_several_jobs(page, at):
    run = sql("select max(id) from pagetide.run where stream = 'shop.regions'")
    visit(page, f"#/run/{run}", f"Run {run}")
    page.wait(f"[...document.querySelectorAll('h2')].some(h => h.textContent === 'Pages of job {run}/3')")
    assert "403" in page.run("document.querySelector('table').innerText")
    page.click("[data-key='job 2']")
    page.wait(f"[...document.querySelectorAll('h2')].some(h => h.textContent === 'Pages of job {run}/2')")
    page.wait("document.querySelectorAll('td.time rect.ask').length === 2")
    page.click(f"[aria-label='Retry job {run}/3']")
    page.wait(f"document.querySelector('#say').textContent === 'Job {run}/3 goes on'")
    wait_sql(f"select state = 'failed' from pagetide.run where id = {run}")


def all_by_the_keyboard(page, at):
    visit(page, "#/streams", "Streams")
    page.run("document.activeElement.blur()")
    page.press("/", "/")
    page.wait("document.activeElement.type === 'search'")
    page.type("refu")
    page.wait("document.querySelectorAll('tbody tr').length === 1")
    assert page.run("document.activeElement.type") == "search"
    assert page.run("document.activeElement.value") == "refu"
    page.press("Tab")
    assert page.run("document.activeElement.tagName") == "SELECT"
    visit(page, "#/queue", "Queue")
    page.run("window.isOld = true")
    page.call("Page.reload")
    page.wait("!window.isOld && document.querySelector('h1')?.textContent === 'Queue'")
    page.run("document.activeElement.blur()")
    page.press("Tab")
    page.wait("document.activeElement.className === 'skip' || "
              "document.activeElement.tagName === 'A'")
    page.run("document.querySelector('nav a').focus()")
    page.press("Enter", "\r")
    page.wait("document.querySelector('h1')?.textContent === 'Streams'")
    assert page.run("document.activeElement.tagName") == "H1"


ADDRESSES = (("streams", "Streams"), ("active", "Under way"), ("runs", "Runs"),
             ("rejects", "Rejects"), ("misfits", "Misfits"), ("queue", "Queue"),
             ("workers", "Workers"))

CONTRAST = """(() => {
    const bright = (colour) => {
        const [r, g, b] = colour.match(/\\d+/g).slice(0, 3).map((part) => {
            const x = part / 255;
            return x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = (node) => {
        for (; node; node = node.parentElement) {
            const colour = getComputedStyle(node).backgroundColor;
            if (!/, 0\\)$/.test(colour)) return colour;
        }
        return "rgb(255, 255, 255)";
    };
    const weak = [];
    for (const node of document.querySelectorAll("main *, header *")) {
        const text = [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
        if (!text || node.disabled || node.tagName === "OPTION") continue;
        const [a, b] = [bright(getComputedStyle(node).color), bright(ground(node))].sort((x, y) => y - x);
        if ((a + 0.05) / (b + 0.05) < 4.5) weak.push(node.outerHTML.slice(0, 100));
    }
    return weak;
})()"""


def narrow_and_wide_light_and_dark(page, at):
    run = sql("select max(id) from pagetide.run where stream = 'shop.orders'")
    people = sql("select max(id) from pagetide.run where stream = 'shop.people'")
    more = ((f"run/{run}", f"Run {run}"), (f"rejects/{people}", f"Rejects of run {people}"),
            ("stream/shop.people", "shop.people"))
    for width in (360, 900, 1080, 1280):
        page.size(width, 800)
        for scheme in ("light", "dark"):
            page.media(prefers_color_scheme=scheme)
            for address, heading in ADDRESSES + more:
                visit(page, "#/" + address, heading)
                wide = page.run("document.documentElement.scrollWidth")
                assert wide <= width, f"{address}: {wide} pixels wide of {width}"
                weak = page.run(CONTRAST)
                assert not weak, f"{address}, {scheme}: {weak}"
    page.media(prefers_color_scheme="light")


def two_thousand_streams(page, at):
    sql("insert into pagetide.definition (stream, version, spec) select format('many.s%s', i), 1, "
        "'{}' from generate_series(1, 2000) i; "
        "insert into pagetide.stream (name, version, every_ms, next_due) select stream, 1, "
        "86400000, now() + interval '1 day' from pagetide.definition where stream like 'many.%'; "
        "insert into pagetide.run (stream, version, trigger, mode, state, started_at, finished_at, "
        "records) select stream, 1, 'schedule', 'full', 'succeeded', now(), now(), 7 from "
        "pagetide.definition where stream like 'many.%'")
    page.go("about:blank")
    page.go(at)
    page.wait("document.querySelectorAll('tbody tr').length === 50")
    paint = first_paint(page)
    list_entry = ("performance.getEntriesByType('resource').find(one => "
                  "one.name.includes('/streams'))")
    page.wait(list_entry)
    got = page.run(list_entry + ".duration")
    print(f"    2,007 streams: first paint {paint:.0f} ms, the list in {got:.0f} ms")
    page.wait("document.querySelector('caption').textContent === '2,007 streams'")
    page.click("[data-key=next]")
    page.wait("document.querySelector('main').innerText.includes('Page 2 of 41')")
    page.press("/", "/")
    page.type("s1999")
    page.wait("document.querySelectorAll('tbody tr').length === 1")


def a_token_is_asked_for(page, at):
    other = Program("scheduler", BUILD + "/pagetide", "scheduler", "-c", CONFIG, "--http",
                    "127.0.0.1:0", env={"PAGETIDE_TOKEN": "open-sesame"})
    try:
        page.go(f"http://127.0.0.1:{other.find('status on port ([0-9]+)')}/")
        page.wait("document.querySelector('#token-dialog')?.open")
        assert ("dialog", "Token") in [(role, name) for role, name, _ in page.tree()]
        page.type("wrong")
        page.press("Enter", "\r")
        page.wait("document.querySelector('#token-dialog').open")
        page.run("document.querySelector('#token').value = ''")
        page.run("document.querySelector('#token').focus()")
        page.type("open-sesame")
        page.press("Enter", "\r")
        page.wait("document.querySelectorAll('tbody tr').length > 0")
        page.wait("document.querySelector('#live').className === 'on'")
        assert "open-sesame" not in page.run("location.href + document.cookie")
    finally:
        other.stop()


CASES = (the_page_is_small_quick_and_without_complaints, a_screen_reader_finds_its_way,
         pause_and_resume_by_a_click, reload_by_a_click_and_follow_it,
         what_happens_is_on_the_screen_at_once, a_run_under_way_moves, what_an_api_sends_is_text,
         pages_are_a_timeline, a_run_of_several_jobs,
         nothing_is_replaced_under_the_hand, all_by_the_keyboard, narrow_and_wide_light_and_dark,
         a_cancelled_run_goes_on_by_a_click, two_thousand_streams, a_token_is_asked_for)


def take_pictures(page):
    run = sql("select max(id) from pagetide.run where stream = 'shop.orders'")
    people = sql("select max(id) from pagetide.run where stream = 'shop.people'")
    page.size(1100, 620)
    for name, address, heading in [(name, name, heading) for name, heading in ADDRESSES] + [
            ("run", f"run/{run}", f"Run {run}"), ("stream", "stream/shop.people", "shop.people"),
            ("record", f"rejects/{people}", f"Rejects of run {people}")]:
        page.media(prefers_color_scheme="dark" if name == "active" else "light")
        visit(page, "#/" + address, heading)
        page.run("document.activeElement.blur()")
        if name == "active":
            page.wait("document.querySelector('progress')?.value > 0")
        data = shrink(page.picture())
        assert len(data) < 60000, f"{name}: {len(data)} bytes"
        with open(f"{PICTURES}/dashboard-{name}.png", "wb") as file:
            file.write(data)


def go_through(browser, at):
    failed = 0
    for case in CASES:
        page = browser.open(at)
        page.size(1280, 800)
        try:
            page.wait("document.querySelector('tbody tr')")
            case(page, at)
            assert case is a_token_is_asked_for or not page.problems, page.problems
            print(f"ok   {case.__name__}")
        except Exception:  # noqa: the next case goes on
            failed += 1
            print(f"FAIL {case.__name__}\n{traceback.format_exc()}")
        if PICTURES and case is a_run_under_way_moves:
            take_pictures(page)
        page.close()
    return failed


def main():
    mock = Program("mock", BUILD + "/bench/mock")
    programs = [mock]
    try:
        prepare("http://127.0.0.1:" + mock.find("port ([0-9]+)"))
        up = Program("up", BUILD + "/pagetide", "up", "-c", CONFIG,
                     env={"PAGETIDE_HTTP": "127.0.0.1:0", "PAGETIDE_BATCH_AGE": "200ms",
                          "PAGETIDE_LEASE": "6s", "PAGETIDE_BEAT": "1s"})
        programs.append(up)
        at = f"http://127.0.0.1:{up.find('status on port ([0-9]+)')}/"
        wait_sql("select count(*) from pagetide.stream", "7")
        sql("select pagetide.reload('begin-1', 'shop.people', '{}')")
        sql("select pagetide.reload('begin-2', 'shop.regions', '{}')")
        wait_sql("select string_agg(stream, ' ') = 'shop.events' and (select count(*) >= 7 from "
                 "pagetide.run) from pagetide.run where state in ('queued', 'running')")
        with Browser() as browser:
            failed = go_through(browser, at)
        print(f"{len(CASES) - failed} passed, {failed} failed")
        return failed > 0
    finally:
        for program in reversed(programs):
            program.stop()


if __name__ == "__main__":
    sys.exit(main())
