"""The API of the platform, assembled from the rooms; every refusal is a problem document (RFC 9457)."""

from __future__ import annotations

import json
import re
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError, ValidationErrorContext
from ninja.openapi.docs import DocsBase
from ninja.openapi.schema import OpenAPISchema
from ninja.parser import Parser
from ninja.utils import normalize_path

import batches.api
import sites.api
import sites.people_api
import standards.api
import training.api
from compostnet.shared.problems import Problem
from compostnet.shared.schemas import FaultOut, ProblemOut
from compostnet.shared.texts import Message
from compostnet.shell.answers import PROBLEM_TYPE, fault_of, problem_response, request_id
from compostnet.shell.ground import api_docs
from sites.auth import SAFE_METHODS, SCOPES, SignedIn

log = structlog.get_logger(__name__)

DESCRIPTION = """\
The data platform of a network of community compost sites.

* **Who you are**: a signed-in session (writes carry the page's token in `X-CSRFToken`), or a personal token:
  `Authorization: Bearer …`. Tokens are made on the page `/account/tokens/` and have scopes.
* **Problems** are `application/problem+json` (RFC 9457). `type` is stable, the texts follow `Accept-Language`
  (Chinese, English); `errors` lists every fault at once with its place and what would be accepted.
* **Lists** are `{"items": […], "next": "…"}`; send `next` as `cursor` to read on.
* **Sending twice** is safe: records carry the id that the sender made.
"""


class TextParser(Parser):
    """JSON whose texts a database can keep: no NUL character, no half surrogate."""

    def parse_body(self, request: HttpRequest) -> Any:
        body = request.body
        data = json.loads(body, parse_constant=_no_constant)
        if b"\\u" in body:
            _refuse_unstorable(data)
        return data


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _refuse_unstorable(data: Any) -> None:
    json.dumps(data, ensure_ascii=False).encode("utf-8")
    stack = [data]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            stack += [*item.keys(), *item.values()]
        elif isinstance(item, list):
            stack += item
        elif isinstance(item, str) and "\x00" in item:
            raise ValueError("NUL character in a text")


class OwnDocs(DocsBase):
    """The documentation page: our own, from the OpenAPI document, without any outside host."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        return api_docs(request, api.get_openapi_schema())


class PlatformAPI(NinjaAPI):
    """NinjaAPI whose faults name the value sent, and whose document names the problems of every operation."""

    def validation_error_from_error_contexts(self, error_contexts: list[ValidationErrorContext]) -> ValidationError:
        errors = []
        for context in error_contexts:
            for error in context.pydantic_validation_error.errors(include_url=False):
                place = context.model.__ninja_flatten_map_reverse__.get(error["loc"], error["loc"])
                source = context.model.__ninja_param_source__
                # A body's own parameter is called body: say body.entries, which is what the sender wrote.
                errors.append({**error, "loc": (source, *(place[1:] if place[:1] == (source,) else place))})
        return ValidationError(errors)

    def get_openapi_schema(self, **kwargs: Any) -> OpenAPISchema:
        document = super().get_openapi_schema(**kwargs)
        components = document["components"]
        for model in (ProblemOut, FaultOut):
            schema = model.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
            schema.pop("$defs", None)
            components["schemas"][model.__name__] = schema
        components["securitySchemes"] = {
            "token": {"type": "http", "scheme": "bearer", "description": "; ".join(_scope_lines())},
            "session": {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME},
        }
        checks = {
            (method.lower(), _document_path(document, router.prefix, path)): operation
            for router in self._get_bound_routers()
            for path, view in router.path_operations.items()
            for operation in view.operations
            for method in operation.methods
        }
        for path, methods in document["paths"].items():
            for method, details in methods.items():
                _complete_operation(method, path, details, checks[method, path])
        return document


def _scope_lines() -> list[str]:
    return [f"{scope}: {text.en}" for scope, text in SCOPES.items()]


def _document_path(document: OpenAPISchema, prefix: str, path: str) -> str:
    full = normalize_path("/" + document.path_prefix + "/".join(part for part in (prefix, path) if part))
    return re.sub(r"{[^}:]+:", "{", full)


def _complete_operation(method: str, path: str, details: dict[str, Any], operation: Any) -> None:
    """Write who may call and which problems can come into the document's entry of one operation."""
    check = next((c for c in operation.auth_callbacks if isinstance(c, SignedIn)), None)
    statuses = set()
    if check:
        token = [] if check.session_only else [{"token": [check.scope]}]
        details["security"] = [*token, {"session": []}, *([{}] if check.optional else [])]
        details["x-scope"] = check.scope
        statuses |= {401, 403}
    if details.get("parameters"):
        statuses |= {400, 404, 422}
    if method.upper() not in SAFE_METHODS:
        statuses |= {400, 404, 409, 413, 422} | ({403, 429} if check else set())
    responses = details["responses"]
    for status in sorted(statuses | {500}):
        responses.setdefault(status, {"description": PROBLEM_NAMES[status]})
        responses[status]["content"] = {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemOut"}}}
    for status, response in responses.items():
        if isinstance(status, int) and status >= 400 and not response.get("content"):
            response["content"] = {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemOut"}}}
        elif isinstance(status, int) and status >= 400 and "application/json" in response["content"]:
            response["content"] = {PROBLEM_TYPE: response["content"]["application/json"]}


PROBLEM_NAMES = {
    400: "The body cannot be read",
    401: "Nobody is signed in, or the token is not valid",
    403: "The person may not do this, or the token lacks the scope",
    404: "There is no such thing, or not for this person",
    409: "It contradicts what is stored",
    413: "Too large",
    422: "The request has faults; each is listed in errors",
    429: "Too many requests",
    500: "Something broke on our side",
}

api = PlatformAPI(
    title="compostnet",
    version="1",
    description=DESCRIPTION,
    urls_namespace="api",
    parser=TextParser(),
    docs=OwnDocs(),
    servers=[{"url": "/", "description": "this platform"}],
)
api.add_router("", sites.people_api.router, tags=["people"])
api.add_router("", sites.api.router, tags=["sites"])
api.add_router("", batches.api.router, tags=["batches"])
api.add_router("", standards.api.router, tags=["standards"])
api.add_router("", training.api.router, tags=["training"])


@api.exception_handler(Problem)
def answer_problem(request: HttpRequest, problem: Problem) -> HttpResponse:
    """A refusal of a service, as it is."""
    return problem_response(problem)


@api.exception_handler(ValidationError)
def answer_faults(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Every fault of the request at once."""
    return problem_response(Problem("invalid_request", errors=[fault_of(item) for item in error.errors]))


@api.exception_handler(Http404)
def answer_not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    """What `get_object_or_404` could not find."""
    return problem_response(Problem("not_found", what=Message("thing_record")))


@api.exception_handler(RequestDataTooBig)
def answer_too_large(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    """A body above the limit."""
    return problem_response(Problem("too_large", limit=filesizeformat(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)))


@api.exception_handler(HttpError)
def answer_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    """What ninja itself refuses: an unreadable body, a missing sign-in."""
    codes = {400: "unreadable_body", 401: "sign_in_needed", 403: "csrf_needed", 429: "too_many_requests"}
    if isinstance(error.__cause__, RequestDataTooBig):
        return answer_too_large(request, error.__cause__)
    if code := codes.get(error.status_code):
        return problem_response(Problem(code))
    return problem_response(Problem("refused", status=error.status_code))


@api.exception_handler(Exception)
def answer_unexpected(request: HttpRequest, error: Exception) -> HttpResponse:
    """A defect of ours: recorded with its trace, answered with the id to ask about."""
    log.error("api_request_broke", path=request.path, method=request.method, exc_info=error)
    return problem_response(Problem("unexpected", request_id=request_id()))
