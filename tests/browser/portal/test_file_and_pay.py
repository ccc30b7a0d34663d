"""The main journey, whole: a guide card filed by somebody at home, its fee refused by the bank, then paid."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from services.payment.domain.rules import OUTWARD
from services.portal.pages import path_in
from services.portal.texts import LANGUAGES, Language, text
from tests.browser.portal.test_filing import bring, fill, save
from tests.browser.portal.test_paying import says
from tests.browser.portal.test_signed_in import sign_in
from tests.browser.portal.town import SIZES, Town, looked_at, visitor

GUIDE = "1.001440"
ANSWERS = {
    "applicant": {"kind": "individual", "name": "Giàng A Thử", "phone": "0912345678"},
    "agent": {},
    "form": {
        "full_name": "Giàng A Thử",
        "birth_date": "1990-05-17",
        "sex": "male",
        "identity_number": "011090000002",
        "identity_date": "2021-06-16",
        "identity_place": "Cục Cảnh sát QLHC về TTXH",
        "phone": "0912345678",
        "email": "guide@example.vn",
        "address_province": "11",
        "address_commune": "03334",
        "address_detail": "Tổ 3",
        "qualification": "Trung cấp du lịch",
        "destination_name": "Di tích chiến trường Điện Biên Phủ",
    },
}
PAPERS = 2


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
@pytest.mark.parametrize(("size", "language"), list(product(SIZES, LANGUAGES)))
async def test_a_citizen_files_and_pays(
    town: Town,
    browser: Any,
    size: str,
    language: Language,
    scripts: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    of = LANGUAGES.index(language)

    async def look(name: str) -> None:
        if scripts:
            await looked_at(page, f"guide-{name}-{size}-{language}")

    async with visitor(browser, size, java_script_enabled=scripts, bypass_csp=scripts) as page:
        await page.goto(town.url + path_in(language, f"/procedures/{GUIDE}"))
        await page.get_by_role("link", name=text(language, "file.online")).click()
        await sign_in(page, "citizen1")
        await page.get_by_role("heading", name=text(language, "file.before")).wait_for()
        await page.locator("main form button").first.click()
        await page.get_by_role("link", name=text(language, "file.applicant.title")).click()
        for topic, answers in ANSWERS.items():
            await fill(page, {f"{topic}.{name}": answer for name, answer in answers.items()})
            await look(topic)
            await save(page, language)
        await bring(page, PAPERS)
        await look("documents")
        await page.get_by_role("link", name=text(language, "file.go_on")).click()
        await fill(page, {"way": "in_person"})
        await save(page, language)
        await look("check")
        await page.get_by_role("button", name=text(language, "file.send"), exact=True).click()
        await page.get_by_text(text(language, "file.filed")).wait_for()
        await look("filed")
        dossier = page.url.split("/")[-2]
        await town.platform.post("clerk1", f"/dossiers/{dossier}/accept")
        bill = town.url + path_in(language, f"/my/{dossier}/payment")
        await page.goto(bill)
        await says(page, OUTWARD["to_pay"][of])
        await look("owed")
        for decision in ("insufficient", "pay"):
            await page.locator("section form button").click()
            await page.locator(f"button[value={decision}]").click()  # at the gateway
            await page.wait_for_url(bill)
            if decision != "pay":
                assert OUTWARD["to_pay"][of] in await page.locator("main").inner_text()
        await says(page, OUTWARD["paid"][of])
        assert await page.locator("section form").count() == 0
        await look("paid")
