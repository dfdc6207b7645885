"""The routes about hazwatch itself, from the outside."""

from pathlib import Path

from console.system_backend import Letter, Tried
from registry.plant import Text
from tests.console.test_api import Site, on_site

HOSTILE = b"\xff<script>alert(1)</script>" + b"x" * 1000


def letter(number: int, reason: str = "bad_json") -> Letter:
    return Letter(
        number=number,
        now_ns=number * 10**9,
        reason=reason,
        detail="at 0",
        topic="t/<b>",
        payload=HOSTILE,
        count=1,
    )


def test_refused_messages_come_by_pages_and_whole_ones_to_be_saved(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        s.backend.owned.kept = [letter(n) for n in range(1, 5)]
        assert (await s.get("/api/v1/dead-letters")).status_code == 401
        await s.sign_in("gu")
        first = (await s.get("/api/v1/dead-letters", limit=3)).json()
        assert [one["number"] for one in first["letters"]] == [4, 3, 2]
        assert first["letters"][0]["bytes"] == len(HOSTILE)
        assert len(first["letters"][0]["payload"]) == 400
        last = (await s.get("/api/v1/dead-letters", before=first["next_before"])).json()
        assert ([one["number"] for one in last["letters"]], last["next_before"]) == ([1], None)
        saved = await s.get("/api/v1/dead-letters/3/payload")
        assert saved.content == HOSTILE
        assert saved.headers["content-type"] == "application/octet-stream"
        assert saved.headers["content-disposition"].startswith("attachment")
        assert (await s.get("/api/v1/dead-letters/9/payload")).status_code == 404
        for wrong in ({"limit": 201}, {"before": -1}, {"reason": "x" * 201}):
            assert (await s.get("/api/v1/dead-letters", **wrong)).status_code == 422
        await s.sign_in("bo")
        for path in ("dead-letters", "dead-letters/3/payload", "system"):
            refused = await s.get(f"/api/v1/{path}")
            assert (refused.status_code, refused.json()["code"]) == (403, "scope")

    on_site(tmp_path, scenario)


def test_only_an_administrator_tries_a_receiver_and_says_why(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        never = Text("不能", "cannot")
        s.backend.owned.tries = {
            "duty": Tried(sent=True),
            "phone": Tried(sent=False, again=True, why=Text("断", "down")),
            "horn": Tried(sent=False, refused="not_tried", why=never),
        }
        path = "/api/v1/receivers/{}/test"
        for name in ("gu", "li"):
            await s.sign_in(name)
            refused = await s.post(path.format("duty"), {"reason": "drill"})
            assert (refused.status_code, refused.json()["code"]) == (403, "role")
        assert s.backend.owned.tried == []
        await s.sign_in("zhou")
        assert (await s.post(path.format("duty"), {})).status_code == 422
        sent = await s.post(path.format("duty"), {"reason": "drill"})
        assert sent.json() == {"sent": True, "again": False, "why": None}
        down = await s.post(path.format("phone"), {"reason": "drill"})
        assert down.json() == {"sent": False, "again": True, "why": {"zh": "断", "en": "down"}}
        horn = await s.post(path.format("horn"), {"reason": "drill"})
        assert (horn.status_code, horn.json()["code"], horn.json()["zh"]) == (409, "not_tried", "不能")
        assert (await s.post(path.format("nobody"), {"reason": "drill"})).status_code == 404
        assert s.backend.owned.tried[0] == ("duty", "zhou")

    on_site(tmp_path, scenario)
