"""Between API Gateway and the endpoint: a raw text comes in, its label goes out, as text, or as JSON if Accept asks for it."""
import base64, json, os
import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

MAX_BYTES = int(os.environ.get("MAX_BYTES", "20000"))
ORIGIN = os.environ.get("ALLOWED_ORIGIN", "")
BUSY = ("ModelNotReady", "ServiceUnavailable", "Throttling")
runtime = boto3.client("sagemaker-runtime", endpoint_url=os.environ.get("RUNTIME_URL") or None, config=Config(
    connect_timeout=3, read_timeout=10, retries={"total_max_attempts": 2, "mode": "standard"}))


class Refused(Exception):
    """Status and sentence of an answer that is no label."""


def text_of(event, headers):
    if headers.get("content-type", "text/plain").split(";")[0].strip().lower() != "text/plain":
        raise Refused(415, "send the text itself, as text/plain")
    body = event.get("body") or ""
    try:
        data = base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
        text = data.decode()
    except ValueError:
        raise Refused(400, "the text is not UTF-8") from None
    if len(data) > MAX_BYTES:
        raise Refused(413, f"the text has {len(data)} bytes, {MAX_BYTES} at most are classified")
    if not text.strip():
        raise Refused(400, "the text is empty")
    return text


def classify(text):
    try:
        answer = runtime.invoke_endpoint(EndpointName=os.environ["ENDPOINT_NAME"], ContentType="application/json",
                                         Accept="application/json", Body=json.dumps({"instances": [text]}))
        best = json.loads(answer["Body"].read())["predictions"][0]
        return {"label": str(best["label"]), "score": float(best["score"])}
    except (BotoCoreError, ClientError, ValueError, LookupError, TypeError) as error:
        response = getattr(error, "response", None) or {}
        kind = response.get("Error", {}).get("Code") or type(error).__name__
        print(json.dumps({"error": kind, "model_status": response.get("OriginalStatusCode")}))  # never the text
        busy = kind.startswith(BUSY) or response.get("OriginalStatusCode") in (429, 503)
        raise Refused(503 if busy else 504 if "Timeout" in kind else 502, "the classifier did not answer: try later") from None


def handler(event, context):
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    kind = "application/json"
    try:
        status, best = 200, classify(text_of(event, headers))
        body = json.dumps(best)
        if kind not in headers.get("accept", ""):
            kind, body = "text/plain; charset=utf-8", best["label"]
    except Refused as refused:
        status, body = refused.args[0], json.dumps({"error": refused.args[1]})
    return {"statusCode": status, "body": body, "headers": {
        "Content-Type": kind, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
        **({"Access-Control-Allow-Origin": ORIGIN, "Vary": "Origin"} if ORIGIN else {})}}
