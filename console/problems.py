"""What goes wrong with a request, as problem+json (RFC 9457) in both languages."""

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.responses import Response

from registry.plant import Text

UNFIT_TEXT = "unfit_text"
"""Also the type of the fault that a body's text is given."""

PROBLEMS: Mapping[str, tuple[int, Text]] = {
    "not_signed_in": (401, Text("请先登录", "Sign in first")),
    "wrong_login": (401, Text("用户名或密码错误", "The name or the password is wrong")),
    "scope": (
        403,
        Text("仅限不受范围限制的账户", "Only for accounts that no scope limits"),
    ),
    "role": (403, Text("您的角色无权执行此操作", "Your role may not do this")),
    "no_header": (
        403,
        Text("请求缺少 X-Hazwatch 请求头", "The request lacks the header X-Hazwatch"),
    ),
    "not_found": (404, Text("没有此内容，或不在您的权限范围内", "There is no such thing in your scope")),
    "no_sensor": (
        404,
        Text(
            "您的责任区域内没有此名称的测点",
            "There is no sensor of this name in your area of responsibility",
        ),
    ),
    "second_wrong": (
        403,
        Text("第二人的用户名或密码错误", "The second person's name or password is wrong"),
    ),
    "second_role": (
        403,
        Text("第二人无权同意此操作", "The second person may not agree to this"),
    ),
    "same_person": (409, Text("第二人必须是另一人", "The second person must be another one")),
    "not_assignable": (
        409,
        Text(
            "不能指派给此人：须为能看到该报警的操作员，或路由文件中负责该处的人员",
            "It cannot be assigned to this person: only to an operator who sees it, or to a person of the routes file "
            "who answers for it",
        ),
    ),
    "not_in_view": (
        409,
        Text(
            "红色报警须逐条看过才能批量确认：请滚动到该报警后再确认",
            "A red alert is acknowledged among others only after it was in view: scroll to it, then acknowledge",
        ),
    ),
    "too_many_filters": (
        409,
        Text("保存的筛选过多，请先删除一些", "Too many saved filters: remove some first"),
    ),
    "scope_matcher": (
        403,
        Text(
            "静默须限定在您的权限范围内：请加上 enterprise=… 或 area=…",
            "A silence must stay within your scope: add enterprise=… or area=…",
        ),
    ),
    "no_cap": (
        404,
        Text("未启用 CAP：routes.yaml 中没有 cap", "CAP is not set up: routes.yaml has no cap"),
    ),
    "unknown_alert": (
        404,
        Text("此报警已关闭，或不在您的权限范围内", "This alert is closed, or not in your scope"),
    ),
    "method": (405, Text("不支持此请求方法", "This method is not allowed here")),
    "replay": (409, Text("这是历史回放，不能下达指令", "This is a replay of the past; it takes no commands")),
    "no_replay": (404, Text("此回放已结束，或不属于您", "This replay has ended, or is not yours")),
    "replay_gone": (503, Text("回放已结束；请重新开始", "The replay has ended; begin it again")),
    "replay_failed": (503, Text("回放无法开始，原因已记录", "The replay cannot begin; why was logged")),
    "too_many_replays": (
        429,
        Text("同时进行的回放已达上限，请稍后再试", "As many replays run as may at once; try again later"),
    ),
    "no_such_period": (
        422,
        Text("所选时段没有可回放的数据", "There is nothing to be replayed of this period"),
    ),
    "no_earlier_alert": (404, Text("所选时段内没有更早的报警", "There is no earlier alert in this period")),
    "too_many_views": (
        409,
        Text("已存视图过多，请先删除一些", "There are too many saved views: delete some first"),
    ),
    "too_slow": (408, Text("请求内容传送过慢", "The request came too slowly")),
    "too_large": (413, Text("请求内容过大", "The request is too large")),
    UNFIT_TEXT: (
        422,
        Text(
            "文字中有无法显示的控制字符，或改变文字方向的字符：请删除后重试",
            "The text has characters that cannot be shown, or that turn the direction of text: take them out",
        ),
    ),
    "bad_request": (422, Text("请求参数有误", "The request has a wrong field")),
    "must_change": (403, Text("请先设置新密码", "Set a new password first")),
    "not_yours": (403, Text("超出您的权限范围", "That is more than you have yourself")),
    "own_account": (409, Text("不能更改自己的账户", "Nobody changes his own account")),
    "last_admin": (
        409,
        Text("这是最后一个不受范围限制的管理员", "This is the last administrator without a scope"),
    ),
    "account_exists": (409, Text("已有同名账户", "There is an account of this name")),
    "bad_name": (409, Text("用户名不可用", "The name cannot be used")),
    "weak_password": (409, Text("密码强度不足", "The password is not good enough")),
    "too_many_tokens": (409, Text("令牌过多，请先撤销不用的", "Too many tokens; revoke those not used")),
    "too_many_logins": (429, Text("登录失败次数过多，请稍后再试", "Too many failed logins; try again later")),
    "report_busy": (
        429,
        Text(
            "您的另一份报告正在生成，请等它完成",
            "Another report of yours is being made; wait until it is done",
        ),
    ),
    "report_too_much": (
        503,
        Text(
            "时段内记录过多，未能及时生成；请缩短时段，或用命令 hazwatch report",
            "There is too much in this period to be made in time; take a shorter one, or use hazwatch report",
        ),
    ),
    "report_failed": (
        500,
        Text("报告未能生成，原因已记入日志", "The report could not be made; the reason is in the log"),
    ),
    "internal": (500, Text("服务内部错误，已记录", "An internal error; it was logged")),
    "store": (503, Text("时序数据库暂不可用", "The time-series store is not available now")),
    "store_too_much": (
        503,
        Text(
            "时序数据库未能及时读出这么多读数；请缩短时段",
            "The time-series store could not read so much in time; take a shorter period",
        ),
    ),
    "no_page": (
        503,
        Text(
            "此安装缺少控制台页面；请用 pip 重新安装",
            "This installation lacks the console's page; install again with pip",
        ),
    ),
}
"""Status and text by code."""

UNSAFE_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class ProblemError(Exception):
    """Ends a request with the problem of that code; `more` is added to its body."""

    def __init__(self, code: str, *, more: Mapping[str, Any] | None = None, retry_after_s: float = 0) -> None:
        super().__init__(code)
        self.code = code
        self.more = dict(more or {})
        self.retry_after_s = retry_after_s


def problem(code: str, *, more: Mapping[str, Any] | None = None, retry_after_s: float = 0) -> Response:
    """Return the response for a problem of the table."""
    status, text = PROBLEMS[code]
    return problem_of(status, code, text, more=more, retry_after_s=retry_after_s)


def problem_of(
    status: int, code: str, text: Text, *, more: Mapping[str, Any] | None = None, retry_after_s: float = 0
) -> Response:
    """Return a problem with a text of its own, such as a refused command."""
    body = {
        "type": f"urn:hazwatch:problem:{code}",
        "title": text.en,
        "status": status,
        "code": code,
        "zh": text.zh,
        "en": text.en,
        **(more or {}),
    }
    headers = {"Cache-Control": "no-store"}
    if retry_after_s > 0:
        headers["Retry-After"] = str(int(retry_after_s) + 1)
    return Response(
        msgspec.json.encode(body), status_code=status, media_type="application/problem+json", headers=headers
    )
