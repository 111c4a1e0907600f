"""Seeds of tests/fuzz/corpus/routes, for make_corpus.py: requests as fuzz_routes.c takes them."""
import gzip


def routes(put):
    secret = "Xyzzyplugh"  # no line of the log may hold it
    number = 0

    def case(name, target, body="", headers=(), method=None, settings=(0,)):
        method = method or ("POST" if body else "GET")
        body = body if isinstance(body, bytes) else body.encode()
        head = "".join(f"{line}\n" for line in (f"{method} {target}", *headers)).encode()
        for choice in settings:
            put("routes", f"{name}_{choice}", bytes([choice]) + head + b"\n" + body)

    json_type, csv, lines = ("Content-Type: application/json", "Content-Type: text/csv", "Content-Type: application/jsonlines")
    for path in ("/ping", "/models", "/models/m", "/models/none", "/execution-parameters", "/metrics", "/openapi.json", "/", "/v2", "/v2/health/live",
                 "/v2/health/ready", "/v2/models/words", "/v2/models/default", "/v2/models/m/ready", f"/{secret}", "http://host/ping", "*"):
        number += 1
        case(f"get_{number}", path, settings=(0, 1))
    case("delete", "/models/%6D", method="DELETE", settings=(0, 1))
    case("pages", "/models?limit=1&next_page_token=6d", settings=(1,))
    case("bad_pages", f"/models?limit={secret}", settings=(1,))
    case("bad_token", "/models?next_page_token=6", settings=(1,))
    case("method", "/invocations", method=secret)
    case("own", "/invocations", f'{{"input": "hot {secret}"}}', [json_type], settings=(0, 1, 4, 8, 16, 24, 32, 64))
    case("rows", "/invocations?k=2&probabilities=true&explain=3", f'{{"instances": ["hot", {{"text": "{secret}", "k": 9}}]}}', [json_type],
         settings=(0, 4, 8, 16, 24))
    case("named", "/models/m/invoke", f"hot\nice\n{secret}\n", ["Content-Type: text/plain", "Accept: application/json"], settings=(0, 1))
    case("in_query", "/invocations?model_name=%6d", "ice\n", [csv], settings=(0, 1))
    case("lines", "/invocations", f'"hot"\n{{"source": "ice", "k": 2}}\n{{"source": "{secret}"', [lines, "Accept: text/csv;q=0.5, application/jsonlines"],
         settings=(0, 2, 4, 10, 18, 26))
    case("csv", "/invocations", f'"hot, ""x"""\nice\n\n"{secret}\n', [csv, "Accept: application/x-recordio-protobuf"], settings=(0, 2, 66))
    case("libsvm", "/invocations", "1 0:1 1:2\n0 9:1\n", ["Content-Type: text/libsvm", "X-Textml-Probabilities: true"], settings=(0, 2))
    case("recordio", "/invocations", b"\x0a\x23\xd7\xce\x04\0\0\0abcd", settings=(0, 2))
    packed = gzip.compress(b"hot\n" * 400, mtime=0)
    case("packed", "/invocations", packed, [csv, "Content-Encoding: gzip", "Accept-Encoding: gzip"])
    case("cut", "/invocations", packed[:-5], [csv, "Content-Encoding: gzip"])
    case("coded", "/invocations", packed, [csv, f"Content-Encoding: {secret}"])
    case("endpoint", f"/endpoints/{secret}/invocations", "hot\n", [csv, "X-Amzn-SageMaker-Custom-Attributes: trace=1"], settings=(0, 1))
    case("endpoint_fails", "/endpoints/x/invocations", "{", [json_type, "X-Amzn-SageMaker-Custom-Attributes: caf\u00e9"], settings=(0, 1))
    case("stream", "/endpoints/x/invocations-response-stream", "hot\nice\n", [csv, "X-Amzn-SageMaker-Accept: application/jsonlines"], settings=(0, 8))
    case("stream_fails", "/endpoints/x/invocations-response-stream", '"', [json_type])
    infer = '{"id": "%s", "inputs": [{"name": "text", "datatype": "BYTES", "shape": [2, 1], "data": [["hot"], ["ice"]]}], "outputs": [{"name": "label"}]}'
    case("infer", "/v2/models/default/infer", infer % secret, [json_type], settings=(0, 1))
    case("infer_named", "/v2/models/m/infer", infer.replace("[2, 1]", "[2.5]") % secret, [json_type], settings=(0, 1))
    case("load", "/models", f'{{"model_name": "n", "url": "/{secret}"}}', [json_type], settings=(0, 1))
    case("load_twice", "/models", '{"model_name": "m", "url": "/x"}', settings=(1,))
    case("load_nothing", "/models", "[]", settings=(1,))
    case("types", "/invocations", secret, [f"Content-Type: {secret}"])
    case("accepts", "/invocations", "hot", ["Content-Type: text/plain; charset=latin-1", f"Accept: {secret}/x"])
    case("wishes", f"/invocations?k={secret}", "hot")
    case("key", "/invocations", "hot", ["Authorization: Bearer key", "X-Amzn-SageMaker-Inference-Id: id-1"], settings=(32,))
    case("lengths", "/invocations", "hot", ["Content-Length: 3", "Content-Length: 4"])
    case("chunked", "/invocations", "hot", ["Transfer-Encoding: chunked"])
    case("long", "/invocations", "x" * 100, ["Content-Length: 100"], settings=(64,))
    case("deep", "/invocations", "[" * 300, [json_type])
    case("style", "/invocations?style=huggingface", '{"inputs": ["hot", "ice"], "parameters": {"top_k": null}}', [json_type], settings=(0, 4))
