"""Every text and status that protocols.md §13 lists gives the kind it lists, in whatever wrapping it comes."""

from __future__ import annotations

import json

import httpx
import pytest

from pointsman.adapters.failures import TABLE, classify, from_exception
from pointsman.core.outcome import Failed, FailureKind

K = FailureKind
NOW = 1_800_000_000.0


def kind(status: int | None, body: object, **headers: str) -> FailureKind:
    raw = body if isinstance(body, bytes | str) else json.dumps(body)
    return classify(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw, now=NOW).kind


# --- §13.1 out of memory, §13.2 load failures ---------------------------------------------------------------------

OUT_OF_MEMORY = [
    "ggml_backend_cuda_buffer_type_alloc_buffer: allocating 9000.00 MiB on device 0: cudaMalloc failed: out of memory",
    "ggml_gallocr_reserve_n: failed to allocate CUDA0 buffer of size 12345",
    "error: failed to allocate buffer, size =  4096.00 MiB",
    "unable to allocate CUDA0 buffer",
    "failed to allocate buffer for kv cache",
    "failed to allocate compute pp buffers",
    "failed to allocate compute tg buffers",
    "failed to initialize the context: failed to allocate",
    "failed to create context with model '/models/big.gguf'",
    "llama-server reported out-of-memory during startup: cudaMalloc failed",
    "llama-server process has terminated: signal: killed",
    "unable to load full model on GPU",
    "model requires more system memory (40.2 GiB) than is available (12.1 GiB)",
    "llama runner process has terminated: exit status 2",
    "model failed to load, this may be due to resource limitations or an internal error, check ollama server logs",
    "model runner has unexpectedly stopped, this may be due to resource limitations or an internal error",
    "No available memory for the cache blocks. Try increasing gpu_memory_utilization",
    "To serve at least one request with the model's max seq len (131072), 16 GiB is needed",
    "Free memory on device (3.1/24.0 GiB) on startup is less than desired",
    "CUDA out of memory. Tried to allocate 2.00 GiB",
    "Engine core initialization failed. See root cause above.",
    "Model loading was stopped due to insufficient system resources. Under the current settings it would overload",
    "out of device memory",
    "hipMalloc failed",
    "allocation failed",
    "not enough memory",
    "insufficient memory",
    "VK_ERROR_OUT_OF_DEVICE_MEMORY",
    "vk::Device::allocateMemory: ErrorOutOfDeviceMemory, erroroutofmemory",
    "Main process exited, Result=oom-kill",
]


@pytest.mark.parametrize("text", OUT_OF_MEMORY)
def test_out_of_memory(text: str) -> None:
    """Out of memory is told by its text under 500, as a string or an object, plain or nested."""
    assert kind(500, {"error": text}) is K.OUT_OF_MEMORY
    assert kind(500, {"error": {"message": text, "type": "server_error", "code": 500}}) is K.OUT_OF_MEMORY
    assert kind(500, {"error": json.dumps({"error": {"message": text}})}) is K.OUT_OF_MEMORY
    assert kind(500, text) is K.OUT_OF_MEMORY


LOAD_FAILED = [
    "model name=broken failed to load",
    "Failed to load model",
    "failed to load model, '/models/x.gguf'",
    "llama_model_load: error loading model: unknown model architecture: 'zzz'",
    "llama runner process has terminated: error loading model: unknown model architecture",
    "gguf_init_from_file: failed to open GGUF file 'x' (No such file or directory)",
    "exiting due to model loading error",
    "timed out waiting for llama-server to start - progress 0.30",
]


@pytest.mark.parametrize("text", LOAD_FAILED)
def test_load_failed(text: str) -> None:
    """A model that cannot be loaded is told apart from one still loading."""
    assert kind(500, {"error": text}) is K.LOAD_FAILED
    assert kind(503, {"error": {"message": text}}) is K.LOAD_FAILED


# --- §13.3 context overflow ---------------------------------------------------------------------------------------

LLAMA_OVERFLOW = {
    "error": {
        "code": 400,
        "message": "request (1228 tokens) exceeds the available context size (256 tokens), try increasing it",
        "type": "exceed_context_size_error",
        "n_prompt_tokens": 1228,
        "n_ctx": 256,
    }
}
OVERFLOW = {
    "llama-server": (400, LLAMA_OVERFLOW),
    "llama-server embeddings": (400, {"error": {"message": "input (900 tokens) is larger than the max context size"}}),
    "Ollama relaying llama-server": (400, {"error": json.dumps(LLAMA_OVERFLOW)}),
    "Ollama": (400, {"error": "the prompt is longer than the context length currently available to the model"}),
    "Ollama embeddings": (400, {"error": "the input length exceeds the context length"}),
    "vLLM": (
        400,
        {
            "error": {
                "message": "This model's maximum context length is 32768 tokens. However, your prompt contains 40000",
                "type": "BadRequestError",
                "code": 400,
            }
        },
    ),
    "vLLM length": (400, {"error": {"message": "The prompt is longer than the maximum model length of 32768."}}),
    "vLLM suffix": (400, {"error": {"message": "too many tokens (parameter=input_tokens, value=40000)"}}),
    "LM Studio": (
        400,
        {
            "error": "The number of tokens to keep from the initial prompt is greater than the context length"
            " (n_keep: 13055>= n_ctx: 4096)"
        },
    ),
    "LM Studio 2": (400, {"error": "Trying to keep the first 5000 tokens when context the overflows. However, …"}),
    "OpenAI": (400, {"error": {"message": "too long", "code": "context_length_exceeded", "type": "invalid_request"}}),
    "OpenAI Responses": (400, {"error": {"message": "Your input would exceed the configured limit of 272000 tokens"}}),
    "Anthropic": (
        400,
        {
            "type": "error",
            "error": {"type": "invalid_request_error", "message": "prompt is too long: 210000 tokens > 200000 maximum"},
        },
    ),
    "Anthropic with max_tokens": (
        400,
        {"error": {"message": "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000"}},
    ),
    "Kimi": (
        400,
        {"error": {"message": "Invalid request: Your request exceeded model token limit: 262144 (requested: 269030)"}},
    ),
    "Kimi 2": (400, {"error": {"message": "Input token length too long", "type": "invalid_request_error"}}),
    "Gemini": (
        400,
        [
            {
                "error": {
                    "code": 400,
                    "message": "The input token count (1200000) exceeds the maximum number of tokens allowed",
                }
            }
        ],
    ),
    "Gemini 500": (
        500,
        [{"error": {"code": 500, "message": "The input exceeds the maximum number of tokens allowed (1048576)."}}],
    ),
    "OpenRouter": (
        400,
        {"error": {"code": 400, "message": "bad", "metadata": {"error_type": "context_length_exceeded"}}},
    ),
    "LiteLLM's list": (400, "requested token count exceeds the model's maximum context length"),
    "LiteLLM's list 2": (400, "over the model's maximum context limit"),
    "LiteLLM's list 3": (400, "this is longer than the model's context length"),
}


@pytest.mark.parametrize("case", OVERFLOW)
def test_context_overflow(case: str) -> None:
    """An overflow is one, under whichever status and wrapping."""
    status, body = OVERFLOW[case]
    assert kind(status, body) is K.CONTEXT_OVERFLOW


def test_too_many_output_tokens_is_no_overflow() -> None:
    """T29: `max_tokens: A > B` asks to lower max_tokens; a larger context would not help."""
    said = "max_tokens: 99999 > 8192, which is the maximum allowed number of output tokens for claude-x"
    body = {"type": "error", "error": {"type": "invalid_request_error", "message": said}}
    assert kind(400, body) is K.BAD_REQUEST


# --- §13.4 statuses -------------------------------------------------------------------------------------------------

STATUSES = {
    400: K.BAD_REQUEST,
    401: K.AUTH,
    402: K.QUOTA,
    403: K.FORBIDDEN,
    404: K.MODEL_MISSING,
    405: K.BAD_REQUEST,
    408: K.SERVER_ERROR,
    409: K.SERVER_ERROR,
    413: K.TOO_LARGE,
    422: K.BAD_REQUEST,
    429: K.RATE_LIMITED,
    499: K.INTERRUPTED,
    500: K.SERVER_ERROR,
    501: K.UNSUPPORTED,
    502: K.SERVER_ERROR,
    503: K.OVERLOADED,
    504: K.SERVER_ERROR,
    529: K.OVERLOADED,
    418: K.BAD_REQUEST,
    599: K.SERVER_ERROR,
    302: K.BAD_STREAM,
    None: K.SERVER_ERROR,
}


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"error":{"message":"it went wrong"}}', b"<h1>it went wrong</h1>", b"null"]
)
def test_the_status_decides_where_the_text_does_not(status: int | None, body: bytes) -> None:
    """§13.4's default meanings; a missing status is a server's fault (B10)."""
    failed = classify(status, {}, body, now=NOW)
    assert failed.kind is STATUSES[status]
    assert failed.status == status
    assert failed.detail


# --- the other rows: who says what ---------------------------------------------------------------------------------

SAID = {
    "llama-server loading": (
        503,
        {"error": {"message": "Loading model", "type": "unavailable_error", "code": 503}},
        K.LOADING,
    ),
    "TGI loading": (503, {"error": "Model x is currently loading"}, K.LOADING),
    "llama-server without slot": (
        503,
        {"error": {"message": "no slot available", "type": "unavailable_error"}},
        K.BUSY,
    ),
    "Ollama queue full": (503, {"error": "server busy, please try again.  maximum pending requests exceeded"}, K.BUSY),
    "vLLM busy": (
        503,
        {"error": {"message": "The engine is currently busy and cannot accept new requests.", "code": 503}},
        K.BUSY,
    ),
    "vLLM wrong key": (401, {"error": "Unauthorized"}, K.AUTH),
    "llama-server wrong key": (
        401,
        {"error": {"message": "Invalid API Key", "type": "authentication_error", "code": 401}},
        K.AUTH,
    ),
    "Gemini wrong key": (
        400,
        [
            {
                "error": {
                    "code": 400,
                    "message": "API key not valid. Please pass a valid API key.",
                    "status": "INVALID_ARGUMENT",
                }
            }
        ],
        K.AUTH,
    ),
    "Kimi wrong key": (401, {"error": {"type": "incorrect_api_key_error", "message": "Incorrect API key"}}, K.AUTH),
    "Ollama cloud off": (403, {"error": "ollama cloud is disabled: remote inference is unavailable"}, K.FORBIDDEN),
    "Ollama foreign host": (403, "", K.FORBIDDEN),
    "Kimi allow-list": (
        403,
        {"error": {"message": "Kimi For Coding is currently only available for Coding Agents"}},
        K.FORBIDDEN,
    ),
    "Kimi 403 no money": (
        403,
        {"error": {"type": "exceeded_current_quota_error", "message": "out of balance"}},
        K.QUOTA,
    ),
    "Kimi 429 no money": (
        429,
        {"error": {"type": "exceeded_current_quota_error", "message": "out of balance"}},
        K.QUOTA,
    ),
    "Kimi Code limit": (403, {"error": {"message": "You've reached your usage limit for this billing cycle"}}, K.QUOTA),
    "Kimi rate": (429, {"error": {"type": "rate_limit_reached_error", "message": "slow down"}}, K.RATE_LIMITED),
    "Kimi overloaded": (429, {"error": {"type": "engine_overloaded_error", "message": "busy"}}, K.OVERLOADED),
    "Kimi filter": (400, {"error": {"type": "content_filter", "message": "high risk"}}, K.REFUSAL),
    "OpenAI no money": (
        429,
        {"error": {"message": "You exceeded your current quota, please check", "code": "insufficient_quota"}},
        K.QUOTA,
    ),
    "OpenAI rate": (
        429,
        {"error": {"message": "Rate limit reached for x", "code": "rate_limit_exceeded"}},
        K.RATE_LIMITED,
    ),
    "OpenAI policy": (400, {"error": {"message": "no", "code": "content_policy_violation"}}, K.REFUSAL),
    "OpenAI model": (
        404,
        {"error": {"message": "The model `x` does not exist", "code": "model_not_found"}},
        K.MODEL_MISSING,
    ),
    "Gemini rate that says quota": (
        429,
        [{"error": {"code": 429, "message": "You exceeded your current quota", "status": "RESOURCE_EXHAUSTED"}}],
        K.RATE_LIMITED,
    ),
    "Anthropic low credit": (
        400,
        {"error": {"type": "invalid_request_error", "message": "Your credit balance is too low to access the API"}},
        K.QUOTA,
    ),
    "Anthropic billing": (402, {"error": {"type": "billing_error", "message": "pay"}}, K.QUOTA),
    "Anthropic overloaded": (529, {"error": {"type": "overloaded_error", "message": "Overloaded"}}, K.OVERLOADED),
    "Anthropic rate": (429, {"error": {"type": "rate_limit_error", "message": "too fast"}}, K.RATE_LIMITED),
    "DeepSeek no money": (
        402,
        {"error": {"message": "Insufficient Balance", "code": "invalid_request_error"}},
        K.QUOTA,
    ),
    "OpenRouter no money": (
        402,
        {"error": {"code": 402, "message": "more credits", "metadata": {"error_type": "payment_required"}}},
        K.QUOTA,
    ),
    "OpenRouter moderation": (
        403,
        {"error": {"code": 403, "message": 'x requires moderation. Your input was flagged for "violence"'}},
        K.REFUSAL,
    ),
    "OpenRouter upstream": (
        502,
        {"error": {"code": 502, "message": "down", "metadata": {"error_type": "provider_overloaded"}}},
        K.OVERLOADED,
    ),
    "rate limit in a 500 (B9)": (500, {"error": {"message": "upstream: 429 Too Many Requests"}}, K.RATE_LIMITED),
    "llama router unknown model": (400, {"error": {"message": "model 'nope' not found", "code": 400}}, K.MODEL_MISSING),
    "llama router not loaded": (400, {"error": {"message": "model is not loaded"}}, K.MODEL_MISSING),
    "llama-server 404": (
        404,
        {"error": {"message": "File Not Found", "type": "not_found_error", "code": 404}},
        K.MODEL_MISSING,
    ),
    "Ollama unknown model": (404, {"error": 'model "x" not found, try pulling it first'}, K.MODEL_MISSING),
    "llama-swap": (404, {"error": {"message": "no router for requested model"}}, K.MODEL_MISSING),
    "llama-server bad JSON": (
        500,
        {
            "error": {
                "code": 500,
                "message": "[json.exception.parse_error.101] parse error at line 1",
                "type": "server_error",
            }
        },
        K.BAD_REQUEST,
    ),
    "llama-server image": (
        500,
        {"error": {"code": 500, "message": "image input is not supported - hint: you may need to provide the mmproj"}},
        K.UNSUPPORTED,
    ),
    "llama-server bad image": (400, {"error": {"message": "Failed to load image or audio file"}}, K.BAD_REQUEST),
    "llama-server off": (
        501,
        {"error": {"message": "This server does not support it", "type": "not_supported_error"}},
        K.UNSUPPORTED,
    ),
    "Ollama thinking": (400, {"error": '"x" does not support thinking'}, K.UNSUPPORTED),
    "Cloudflare 413": (413, b"<html><head><title>413 Request Entity Too Large</title></head></html>", K.TOO_LARGE),
    "Anthropic 413": (413, {"error": {"type": "request_too_large", "message": "big"}}, K.TOO_LARGE),
    "FastAPI": (422, {"detail": [{"loc": ["body"], "msg": "field required"}]}, K.BAD_REQUEST),
    "vLLM dead": (
        500,
        {"error": {"message": "The server had an error while processing your request."}},
        K.SERVER_ERROR,
    ),
}


@pytest.mark.parametrize("case", SAID)
def test_what_servers_say(case: str) -> None:
    """Text and type go before the status (trap T24)."""
    status, body, expected = SAID[case]
    assert kind(status, body) is expected


FRAMES = {
    "llama-server": ({"error": {"code": 500, "message": "oops", "type": "server_error"}}, K.SERVER_ERROR, 500),
    "OpenRouter": ({"error": {"code": 429, "message": "slow"}, "choices": []}, K.RATE_LIMITED, 429),
    "code as text (B10)": ({"error": {"code": "529", "message": "later"}}, K.OVERLOADED, 529),
    "Anthropic": (
        {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
        K.OVERLOADED,
        None,
    ),
    "type only": ({"error": {"type": "invalid_request_error", "message": "no"}}, K.BAD_REQUEST, None),
    "not found": ({"error": {"type": "not_found_error", "message": "no"}}, K.MODEL_MISSING, None),
    "permission": ({"error": {"type": "permission_error", "message": "no"}}, K.FORBIDDEN, None),
    "authentication": ({"error": {"type": "authentication_error", "message": "no"}}, K.AUTH, None),
    "a string": ({"error": "an error was encountered while running the model"}, K.SERVER_ERROR, None),
    "a strange code": ({"error": {"code": 7, "message": "?"}}, K.SERVER_ERROR, None),
    "true as code": ({"error": {"code": True, "message": "?"}}, K.SERVER_ERROR, None),
}


@pytest.mark.parametrize("case", FRAMES)
def test_error_frames_inside_a_stream(case: str) -> None:
    """Kind and status come from the frame, not from the 200 it arrived under (H6)."""
    frame, expected, status = FRAMES[case]
    failed = classify(None, {}, frame, now=NOW)
    assert (failed.kind, failed.status) == (expected, status)
    under_200 = classify(200, {}, json.dumps(frame), now=NOW)
    assert under_200.kind is expected


ODD_BODIES = [
    b"",
    b"null",
    b"[]",
    b"[[[[[[[[]]]]]]]]",
    b'{"error":null}',
    b'{"error":[]}',
    b'{"error":{}}',
    b'{"error":{"message":null}}',
    b'{"error":{"message":{"message":{"message":{"message":{"message":{"message":"deep"}}}}}}}',
    b'{"error":{"code":1e400}}',
    b'{"error":{"code":NaN,"status":[]}}',
    b'{"error":"{\\"error\\":\\"{broken\\"}"}',
    b'"only a string"',
    b"123",
    b"\xff\xfe\x00{",
    b"{" * 50_000,
    b"[" * 50_000,
    b'{"error":' * 10_000,
    b"<html><script>" + b"<" * 60_000,
    b"<" * 60_000,
    b"x" * 1_000_000,
    b"\x1b[31mred\x1b]0;title\x07",
    "\u202eevil\u2066".encode(),
    b'{"error":{"message":"\\u001b]52;c;AAAA\\u0007"}}',
]


@pytest.mark.parametrize("body", ODD_BODIES, ids=range(len(ODD_BODIES)))
def test_no_body_makes_it_raise_or_leak_controls(body: bytes) -> None:
    """Whatever the body: a kind, and a detail of one printable line of at most 300 characters."""
    failed = classify(500, {}, body, now=NOW)
    assert failed.kind is K.SERVER_ERROR
    assert failed.detail and len(failed.detail) <= 300
    assert failed.detail.isprintable()


DETAILS = {
    "object": (b'{"error":{"message":"a\\n  b","type":"t"}}', "a b"),
    "string": (b'{"error":"text"}', "text"),
    "array": (b'[{"error":{"message":"text"}}]', "text"),
    "nested JSON": (json.dumps({"error": json.dumps({"error": {"message": "inner"}})}).encode(), "inner"),
    "HTML": (
        b"<html><style>p{}</style><body><h1>502</h1><p>Bad   gateway</p><script>x()</script></body>",
        "502 Bad gateway",
    ),
    "FastAPI": (b'{"detail":[{"loc":["body"],"msg":"field required"}]}', "field required"),
    "plain": (b"upstream connect error", "upstream connect error"),
    "object without message": (b'{"error":{"type":"strange"}}', "strange"),
    "empty": (b"", "HTTP 500 with no explanation"),
}


@pytest.mark.parametrize("case", DETAILS)
def test_details_are_what_the_server_says(case: str) -> None:
    body, expected = DETAILS[case]
    assert classify(500, {}, body, now=NOW).detail == expected


def test_secrets_never_reach_a_detail() -> None:
    """Known keys in any usual writing, and anything shaped like one, are masked."""
    key = "canary+key/4711=="
    body = f"bad key {key} or Y2FuYXJ5K2tleS80NzExPT0= or canary%2Bkey%2F4711%3D%3D; sk-ant-abcdefgh12345 Bearer abcdefgh99"
    detail = classify(401, {}, body, now=NOW, secrets=(key,)).detail
    assert detail == "bad key **** or **** or ****; **** ****"
    split = classify(401, {}, "bad key cana\x00ry", now=NOW, secrets=("canary",)).detail
    assert "canary" not in split


def test_a_redirect_is_told_and_not_followed() -> None:
    failed = classify(307, {"Location": "https://login.test/?next=1"}, b"", now=NOW)
    assert failed == Failed(
        kind=K.BAD_STREAM,
        status=307,
        detail="HTTP 307 redirects to https://login.test/?next=1; redirects are not followed",
    )


WAITS = {
    K.RATE_LIMITED: (429, b"", 2.0),
    K.OVERLOADED: (529, b"", 2.0),
    K.LOADING: (503, b"loading model", 2.0),
    K.BUSY: (503, b"server busy", 2.0),
    K.SERVER_ERROR: (500, b"", 2.0),
    K.QUOTA: (429, b"insufficient_quota", None),
    K.AUTH: (401, b"", None),
    K.BAD_REQUEST: (400, b"", None),
}


@pytest.mark.parametrize("expected", WAITS)
def test_a_wait_is_told_only_where_waiting_helps(expected: FailureKind) -> None:
    status, body, wait = WAITS[expected]
    failed = classify(status, {"Retry-After": "2"}, body, now=NOW)
    assert (failed.kind, failed.retry_after) == (expected, wait)


def test_a_counters_reset_is_the_reason_only_of_a_rate_limit() -> None:
    """OpenAI sends resets with every reply, also with a 500."""
    headers = {"x-ratelimit-reset-requests": "7s"}
    assert classify(429, headers, b"", now=NOW).retry_after == 7.0
    assert classify(500, headers, b"", now=NOW).retry_after is None


EXCEPTIONS = {
    "refused": (httpx.ConnectError("All connection attempts failed"), False, K.REFUSED),
    "unroutable": (httpx.ConnectTimeout(""), False, K.CONNECT_TIMEOUT),
    "reset before the first byte": (httpx.ReadError(""), False, K.SERVER_ERROR),
    "hung up without a reply": (httpx.RemoteProtocolError("Server disconnected"), False, K.SERVER_ERROR),
    "reset later": (httpx.ReadError(""), True, K.STREAM_CUT),
    "cut": (httpx.RemoteProtocolError("peer closed connection (incomplete chunked read)"), True, K.STREAM_CUT),
    "write broke": (httpx.WriteError(""), False, K.SERVER_ERROR),
    "silence": (httpx.ReadTimeout(""), True, K.IDLE_TIMEOUT),
    "silence from the start": (httpx.ReadTimeout(""), False, K.FIRST_TOKEN_TIMEOUT),
    "garbage": (httpx.DecodingError("bad gzip"), True, K.BAD_STREAM),
    "ours": (httpx.LocalProtocolError("bad header"), False, K.INTERNAL),
    "no URL": (httpx.UnsupportedProtocol("no scheme"), False, K.INTERNAL),
    "bad URL": (httpx.InvalidURL("port"), False, K.INTERNAL),
}


@pytest.mark.parametrize("case", EXCEPTIONS)
def test_exceptions(case: str) -> None:
    """Each exception of the client has its kind, and a detail that names its class (trap T55)."""
    error, received, expected = EXCEPTIONS[case]
    failed = from_exception(error, received=received)
    assert failed.kind is expected
    assert failed.detail.startswith(type(error).__name__)


def test_an_exception_that_quotes_the_key_does_not_tell_it() -> None:
    error = httpx.LocalProtocolError("Illegal header value b'Bearer canary-key\\n'")
    assert "canary" not in from_exception(error, received=False, secrets=("canary-key",)).detail


def test_every_row_of_the_table_is_used() -> None:
    """No row hides behind an earlier one: each row's first needle, alone, reaches the row."""
    for row in TABLE:
        needle = row.needles[0]
        words = needle if isinstance(needle, str) else " ".join(needle)
        status = next(iter(row.statuses)) if row.statuses else 500
        assert kind(status, words) is row.kind, row
