"""What anybody may see of the portal, in a real browser: both languages, 320 and 1280 px, light and dark."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from services.portal.pages import ENGLISH, path_in
from services.portal.texts import LANGUAGES, Language, text
from tests.browser.portal.town import Town, looked_at, visitor

PAGES: dict[str, tuple[str, int]] = {
    "home": ("/", 200),
    "procedures": ("/procedures", 200),
    "search": ("/procedures?q=huong+dan+vien&field=", 200),
    "nothing found": ("/procedures?q=khong-co-thu-tuc-nay", 200),
    "procedure": ("/procedures/1.001440", 200),
    "procedure by case": ("/procedures/1.001029", 200),
    "procedure in stages": ("/procedures/2.001631", 200),
    "procedure without fee": ("/procedures/1.008895", 200),
    "track": ("/track", 200),
    "verify": ("/verify", 200),
    "unknown document": ("/verify?code=ABCD-EFGH-IJKL-MNOP", 404),
    "statistics": ("/statistics", 200),
    "no such page": ("/nowhere", 404),
    "no such procedure": ("/procedures/9.999999", 404),
}
LOOKS = [("wide", "light"), ("phone", "dark")]


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
@pytest.mark.parametrize("language", LANGUAGES)
async def test_there_is_nothing_to_complain_of(
    town: Town, browser: Any, size: str, scheme: str, language: Language
) -> None:
    async with visitor(browser, size, color_scheme=scheme, bypass_csp=True) as page:
        for name, (path, status) in PAGES.items():
            answer = await page.goto(town.url + path_in(language, path))
            assert answer.status == status, name
            assert await page.locator("html").get_attribute("lang") == language
            await looked_at(page, f"{name}-{size}-{language}".replace(" ", "-"))


async def test_the_other_language_is_the_same_page(town: Town, browser: Any) -> None:
    async with visitor(browser, "phone", java_script_enabled=False) as page:
        await page.goto(f"{town.url}/procedures?q=the+huong+dan+vien")
        found = await page.locator(".results a").count()
        assert found > 2
        await page.get_by_role("link", name="English").click()
        assert page.url == f"{town.url}{ENGLISH}/procedures?q=the+huong+dan+vien"
        assert await page.locator(".results a").count() == found
        assert await page.get_by_role("heading", level=1).inner_text() == text("en", "procedures.title")
        await page.get_by_role("link", name="Tiếng Việt").click()
        assert page.url == f"{town.url}/procedures?q=the+huong+dan+vien"


async def test_from_the_home_page_to_a_blank_form_without_scripts(town: Town, browser: Any) -> None:
    async with visitor(browser, "phone", java_script_enabled=False) as page:
        await page.goto(town.url)
        await page.get_by_label(text("vi", "home.search")).fill("the huong dan vien du lich tai diem")
        await page.get_by_role("button", name=text("vi", "home.go")).click()
        await page.get_by_role("link", name="Cấp thẻ hướng dẫn viên du lịch tại điểm").click()
        shown = await page.locator("main").inner_text()
        assert "100.000 đồng" in shown
        assert "10 ngày" in shown
        assert "Ảnh chân dung" in shown
        assert "Thông tư 33/2018/TT-BTC" in shown
        address = await page.get_by_role("link", name=text("vi", "procedure.blank")).get_attribute("href")
        form = await page.request.get(town.url + address)
        assert (await form.body()).startswith(b"%PDF-")
        assert form.headers["content-type"] == "application/pdf"


async def test_everything_is_reached_by_keyboard_and_targets_are_large(town: Town, browser: Any) -> None:
    async with visitor(browser, "wide") as page:
        await page.goto(town.url)
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.textContent") == text("vi", "skip")
        await page.keyboard.press("Enter")
        assert await page.evaluate("document.activeElement.id") == "main"
        await page.keyboard.press("Tab")
        await page.keyboard.type("yoga")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/procedures?q=yoga")
        assert await page.locator(".results a").count() == 1
        outline = "getComputedStyle(document.activeElement).outlineWidth"
        await page.keyboard.press("Tab")
        assert await page.evaluate(outline) == "3px"
        small = """[...document.querySelectorAll("a, button, input, select")]
            .map(e => [e.outerHTML, e.getBoundingClientRect()])
            .filter(([, r]) => r.width && (r.width < 24 || r.height < 24) && r.left >= 0).map(([html]) => html)"""
        for path in ("/", "/procedures", "/procedures/1.001440", "/track", "/verify"):
            await page.goto(town.url + path)
            assert await page.evaluate(small) == []


async def test_html_in_what_is_typed_stays_text(town: Town, browser: Any) -> None:
    async with visitor(browser, "wide") as page:
        nasty = '"><script>document.title="in"</script><b id="in">'
        for path, field in (("/procedures", "q"), ("/procedures", "field"), ("/verify", "code")):
            await page.goto(f"{town.url}{path}?{httpx.QueryParams({field: nasty})}")
            assert await page.locator("#in").count() == 0
            assert await page.title() != "in"
        assert await page.locator("#code").input_value() == nasty


async def test_nothing_but_its_own_style_may_be_loaded(town: Town) -> None:
    client = town.platform.client
    for path in ("/", "/track", "/nowhere", "/procedures/..%2f..%2fmetrics"):
        answer = await client.get(town.url + path)
        policy = answer.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert policy.startswith("default-src 'none'; style-src 'self'")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "<script" not in answer.text
        assert " style=" not in answer.text


async def test_a_result_is_verified_by_its_code_and_by_its_file(town: Town, browser: Any) -> None:
    code, content = town.document
    good, bad = (text("vi", f"verify.{word}") for word in ("valid", "unknown_file"))
    async with visitor(browser, "phone", bypass_csp=True) as page:
        await page.goto(f"{town.url}/verify")
        await page.get_by_label(text("vi", "verify.code")).fill(code.lower().replace("-", " "))
        await page.get_by_role("button", name=text("vi", "verify.by_code")).click()
        assert await page.get_by_role("status").inner_text() == good
        await looked_at(page, "verified")
        for sent, verdict in ((content, good), (content + b" ", bad)):
            file = {"name": "ket-qua.pdf", "mimeType": "application/pdf", "buffer": sent}
            await page.locator("#file").set_input_files(file)
            await page.get_by_role("button", name=text("vi", "verify.by_file")).click()
            assert await page.get_by_role("status").inner_text() == verdict
        await looked_at(page, "not-verified")
