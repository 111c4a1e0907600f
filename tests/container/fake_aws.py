"""What container/build_and_push.sh asks of AWS, on a free port of the loopback: who it is, and an ECR that starts empty.

usage: fake_aws.py REGISTRY    REGISTRY: host:port of a registry, of which the repository's URI is made

The first line of stdout is the port; each request adds a line: the action, and the repository's name where there is one.
"""
import base64
import http.server
import json
import sys

ACCOUNT = "123456789012"
registry = sys.argv[1]
repositories = set()


def described(name):
    return {"registryId": ACCOUNT, "repositoryName": name, "repositoryUri": f"{registry}/{name}"}


def ecr(action, request):
    """Status and answer."""
    if action == "GetAuthorizationToken":
        token = base64.b64encode(b"AWS:password").decode()
        return 200, {"authorizationData": [{"authorizationToken": token, "proxyEndpoint": f"http://{registry}"}]}
    if action == "DescribeRepositories":
        name = request["repositoryNames"][0]
        if name == "forbidden":
            return 400, {"__type": "AccessDeniedException", "message": "not allowed"}
        if name not in repositories:
            return 400, {"__type": "RepositoryNotFoundException", "message": f"The repository '{name}' does not exist"}
        return 200, {"repositories": [described(name)]}
    if action == "CreateRepository":
        repositories.add(request["repositoryName"])
        return 200, {"repository": described(request["repositoryName"])}
    return 400, {"__type": "InvalidAction", "message": action}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        target = self.headers.get("X-Amz-Target")
        if target is None:
            action, name = "GetCallerIdentity", ""
            status, kind = 200, "text/xml"
            answer = (
                '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
                f"<Arn>arn:aws:iam::{ACCOUNT}:user/tester</Arn><UserId>AIDA</UserId><Account>{ACCOUNT}</Account>"
                "</GetCallerIdentityResult></GetCallerIdentityResponse>"
            )
        else:
            request = json.loads(body)
            action = target.split(".")[1]
            name = request.get("repositoryName") or ",".join(request.get("repositoryNames", []))
            status, found = ecr(action, request)
            answer, kind = json.dumps(found), "application/x-amz-json-1.1"
        print(action, name, flush=True)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer.encode())

    def log_message(self, *args):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
