"""A headless Chromium, driven by the DevTools protocol over two pipes; no other packages.

    with Browser() as browser:
        page = browser.open("http://127.0.0.1:9187/")
        page.wait("document.title === 'Streams'")
        page.click("button")

A call that waits fails after 30 s. `page.problems` has what the page complained of: errors of
its script, refused resources (CSP), failed loads.
"""
import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

LIMIT_S = 30


def find_program():
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if shutil.which(name):
            return name
    return None


def why_not():
    """Why no browser can be used on this machine; None: one can."""
    if not find_program():
        return "there is no Chromium"
    try:
        with Browser() as browser:
            browser.call("Browser.getVersion")
    except (OSError, TimeoutError) as error:
        return f"{find_program()} does not start: {error!r}"
    return None


class Browser:
    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="pagetide-web-")
        to_read, self.to = os.pipe()
        self.source, from_write = os.pipe()

        def connect():
            os.dup2(to_read, 100)
            os.dup2(from_write, 101)
            os.dup2(100, 3)
            os.dup2(101, 4)

        self.process = subprocess.Popen(
            [find_program(), "--headless=new", "--remote-debugging-pipe", "--no-sandbox",
             "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run",
             "--force-color-profile=srgb", "--user-data-dir=" + self.profile, "about:blank"],
            preexec_fn=connect, close_fds=False, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(from_write)
        self.number, self.rest, self.answers, self.pages = 0, b"", {}, {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)

    def read(self, wait_s):
        """One step: takes in what the browser says within that time."""
        if not select.select([self.source], [], [], wait_s)[0]:
            return
        data = os.read(self.source, 1 << 20)
        if not data:
            raise OSError("it has ended")
        self.rest += data
        *whole, self.rest = self.rest.split(b"\0")
        for text in whole:
            message = json.loads(text)
            if "id" in message:
                self.answers[message["id"]] = message
            elif message.get("sessionId") in self.pages:
                self.pages[message["sessionId"]].hear(message["method"], message["params"])

    def call(self, method, session=None, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.to, data):]
        deadline = time.monotonic() + LIMIT_S
        while self.number not in self.answers:
            if time.monotonic() > deadline:
                raise TimeoutError(method)
            self.read(0.1)
        answer = self.answers.pop(self.number)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def open(self, address):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = self.pages[session] = Page(self, session, target)
        for domain in ("Page", "Runtime", "Log", "Accessibility"):
            page.call(domain + ".enable")
        page.go(address)
        return page


class Page:
    def __init__(self, browser, session, target):
        self.browser, self.session, self.target = browser, session, target
        self.problems = []

    def close(self):
        self.browser.call("Target.closeTarget", targetId=self.target)

    def hear(self, method, params):
        if method == "Runtime.exceptionThrown":
            self.problems.append(str(params["exceptionDetails"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.problems.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")

    def call(self, method, **params):
        return self.browser.call(method, self.session, **params)

    def go(self, address):
        self.call("Page.navigate", url=address)

    def run(self, script):
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True,
                           awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{script}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def wait(self, script):
        """Until the expression is true; gives the milliseconds that it took."""
        began = time.monotonic()
        while True:
            try:
                if self.run(f"Boolean({script})"):
                    return (time.monotonic() - began) * 1000
            except RuntimeError:
                pass  # the page is just being loaded
            if time.monotonic() - began > LIMIT_S:
                raise AssertionError(f"{script} is never true; the page: "
                                     + str(self.run("document.body.innerText"))[:3000])
            self.browser.read(0.02)

    def click(self, selector):
        """A real click in the middle of the element."""
        self.wait(f"document.querySelector({json.dumps(selector)})")
        x, y = self.run(f"""(() => {{
            const node = document.querySelector({json.dumps(selector)});
            node.scrollIntoView({{block: "center"}});
            const box = node.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2];
        }})()""")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left",
                      clickCount=1)

    def press(self, key, text=None):
        codes = {"Tab": 9, "Enter": 13, "Escape": 27}
        params = {"key": key, "code": key, "windowsVirtualKeyCode": codes.get(key, 0)}
        if text:
            params["text"] = text
        self.call("Input.dispatchKeyEvent", type="keyDown", **params)
        self.call("Input.dispatchKeyEvent", type="keyUp", **params)

    def type(self, text):
        self.call("Input.insertText", text=text)

    def size(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=False)

    def media(self, **features):
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": name.replace("_", "-"), "value": value} for name, value in features.items()])

    def tree(self):
        """The accessibility tree as (role, name, properties), what is ignored left out."""
        nodes = self.call("Accessibility.getFullAXTree")["nodes"]
        return [(node["role"]["value"], node.get("name", {}).get("value", ""),
                 {one["name"]: one["value"].get("value") for one in node.get("properties", [])})
                for node in nodes if not node["ignored"]]

    def picture(self):
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])
