"""The pages in a headless Chromium: at three sizes, light and dark, on paper, and as axe-core sees them.

What it saw is kept in test-artifacts/ (screenshots and PDF files), for people to look at; nothing of it is in git.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from outcomes import publishedcopy
from outcomes.pages import printing
from outcomes.pages.asking import NETWORK, asked
from outcomes.pages.making import page_of
from outcomes.paths import Home
from tests.pages.conftest import pages

ARTIFACTS = Path(__file__).parents[2] / "test-artifacts"
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
SIZES = {"desktop": (1280, 900), "phone": (360, 740)}
SCHEMES = ("light", "dark")
PAPERS = {"A4": (210, 297), "Letter": (216, 279)}
# Sides of paper, at most: a page has two; the table of 60 clinics follows as an appendix of one or two, and who is late as one.
KINDS = {"ordinary": 2, "five": 2, "early": 2, "missing": 2, "nothing": 2, "hostile": 2, "right": 2, "long": 2, "few": 2, "uneven": 3, "sixty": 4, "shared": 2, "shared all": 2, "review": 0}  # fmt: skip
# What is wider than the window and not in a box that scrolls for itself, and what stands out of its drawing.
WIDER = """() => {
    const wide = [...document.querySelectorAll("body *")].filter(e => !e.closest(".scroll") && !e.closest("svg") && e.checkVisibility()
        && (e.getBoundingClientRect().right > innerWidth + 0.5 || e.getBoundingClientRect().left < -0.5)).map(e => e.tagName)
    const out = [...document.querySelectorAll("svg text, svg path, svg rect, svg circle, svg polygon")].filter(e => {
        const [inner, outer] = [e.getBoundingClientRect(), e.ownerSVGElement.getBoundingClientRect()]
        return inner.right > outer.right + 2 || inner.left < outer.left - 2 || inner.bottom > outer.bottom + 2 || inner.top < outer.top - 2
    }).map(e => "svg " + e.tagName + " " + e.textContent)
    return [...(document.documentElement.scrollWidth > innerWidth ? ["the page"] : []), ...wide, ...out]
}"""
# Words of a drawing that lie on other words of it by more than a hair.
COVERED = """() => [...document.querySelectorAll("svg")].flatMap(svg => {
    const words = [...svg.querySelectorAll("text")].map(e => [e.textContent, e.getBoundingClientRect(), parseFloat(getComputedStyle(e).fontSize)])
    const scale = svg.getBoundingClientRect().width / 400
    return words.flatMap(([one, a, size], n) => words.slice(n + 1).filter(([, b]) =>
        Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > size * scale * 0.55
    ).map(([other]) => one + " / " + other))
})"""
RUN_AXE = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations
    .filter(v => ["serious", "critical"].includes(v.impact)).map(v => [v.id, v.nodes.length, v.nodes[0].html.slice(0, 200)])"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = printing.browser()
    if found is None:
        if os.environ.get("CI_CHROMIUM") == "required":
            pytest.fail("no Chromium is installed, and CI_CHROMIUM says that it must be: .ci/tools")
        pytest.skip("no Chromium is installed: make tools")
    with sync_playwright() as playwright:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        opened = playwright.chromium.launch(executable_path=found, args=sandbox)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def shown(odd: Home, sixty: Home, uneven: Home, after_first: Home, shared_pages: dict[str, str]) -> dict[str, str]:
    """A page of each kind."""
    found = pages(odd)
    with publishedcopy.opened(uneven) as con:
        uneven_book = asked(con)
    clinics = {"ordinary": "C01", "five": "FIVE", "early": "EARLY", "missing": "GONE", "nothing": "NOTHING", "hostile": "Z-.._x", "right": "RIGHT", "long": "LONG"}  # fmt: skip
    return {
        **{kind: found[f"clinic-{clinic}.html"] for kind, clinic in clinics.items()},
        "few": pages(after_first)["index.html"],
        "uneven": page_of(uneven_book, NETWORK),
        "sixty": pages(sixty)["index.html"],
        "shared": shared_pages["C01"],
        "shared all": shared_pages[NETWORK],
        "review": (odd.review / "C01.html").read_text("utf-8"),
    }


@pytest.fixture
def file(shown, request, tmp_path) -> Path:
    path = tmp_path / "page.html"
    path.write_text(shown[request.param], "utf-8")
    return path


def opened(browser: Browser, file: Path, size: str, scheme: str) -> tuple[Page, list[str]]:
    """The page in a window, and a list that grows with each request it makes and each word of its console."""
    width, height = SIZES[size]
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]
    faults: list[str] = []
    page.on("console", lambda said: faults.append(f"console: {said.text}"))
    page.on("pageerror", lambda error: faults.append(f"error: {error}"))
    page.on("request", lambda asked: None if asked.url == file.as_uri() else faults.append(f"request: {asked.url}"))
    page.goto(file.as_uri())
    return page, faults


def kept(kind: str, what: str) -> Path:
    folder = ARTIFACTS / kind.replace(" ", "_")
    folder.mkdir(parents=True, exist_ok=True)
    return folder / what


def each_kind(function):
    return pytest.mark.parametrize(("kind", "file"), [(kind, kind) for kind in KINDS], indirect=["file"], ids=list(KINDS))(function)  # fmt: skip


@each_kind
def test_a_page_is_whole_at_every_size_and_in_both_schemes(browser, kind, file):
    """Nothing wider than the window, also with every table open; no word on a word; nothing asked for, nothing complained of."""
    for size in SIZES:
        for scheme in SCHEMES:
            page, faults = opened(browser, file, size, scheme)
            page.screenshot(path=kept(kind, f"{size}-{scheme}.png"), full_page=True)
            assert page.evaluate(WIDER) == [], (size, scheme)
            assert page.evaluate(COVERED) == [], (size, scheme)
            page.evaluate("document.querySelectorAll('details').forEach(e => e.open = true)")
            assert page.evaluate(WIDER) == [], (size, scheme, "open")
            assert faults == []
            page.close()


@each_kind
@pytest.mark.parametrize("scheme", SCHEMES)
def test_axe_finds_nothing_serious(browser, kind, file, scheme):
    """With all tables open, so that they are looked at too; in the dark on a phone, and only where there is all to see."""
    if scheme == "dark" and kind not in ("ordinary", "few", "shared", "review"):
        pytest.skip("the colours are those of the others")
    page, _ = opened(browser, file, "phone" if scheme == "dark" else "desktop", scheme)
    page.evaluate("document.querySelectorAll('details').forEach(e => e.open = true)")
    page.evaluate(AXE)
    assert page.evaluate(RUN_AXE) == []
    page.close()


def test_axe_would_find_something(browser, tmp_path):
    path = tmp_path / "page.html"
    path.write_text('<html><body><img src="data:,"><p style="color:#ddd">pale', "utf-8")
    page, _ = opened(browser, path, "desktop", "light")
    page.evaluate(AXE)
    assert {found[0] for found in page.evaluate(RUN_AXE)} >= {"image-alt", "html-has-lang", "color-contrast"}
    page.close()


@each_kind
@pytest.mark.parametrize("paper", PAPERS)
def test_a_page_prints_on_two_sides(browser, kind, file, paper):
    """In light colours also where the screen is dark; nothing is cut off beside the paper."""
    page, faults = opened(browser, file, "desktop", "dark")
    data = page.pdf(path=kept(kind, f"{paper}.pdf"), format=paper)
    sides = len(re.findall(rb"/Type\s*/Page\b", data))
    assert 1 <= sides <= KINDS[kind] or not KINDS[kind]
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    # The width of the paper between margins of 9 mm, in CSS pixels.
    page.set_viewport_size({"width": round((PAPERS[paper][0] - 18) / 25.4 * 96), "height": 900})
    assert page.evaluate(WIDER) == []
    if paper == "A4":
        page.screenshot(path=kept(kind, "print.png"), full_page=True)
    assert faults == []
    page.close()


def test_a_page_with_a_fault_would_be_seen(browser, tmp_path):
    path = tmp_path / "page.html"
    path.write_text('<body><p style="width:3000px">wide<svg viewBox="0 0 400 50"><text x="9" y="20">on</text><text x="9" y="20">it</text></svg><script>console.error("no")</script><img src="http://127.0.0.1:9/x">', "utf-8")  # fmt: skip
    page, faults = opened(browser, path, "phone", "light")
    assert page.evaluate(WIDER)
    assert page.evaluate(COVERED) == ["on / it"]
    assert {fault.split(":")[0] for fault in faults} == {"console", "request"}
    page.close()
