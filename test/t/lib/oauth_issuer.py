"""An OAuth issuer on 127.0.0.1, with the device flow (RFC 8628): everybody who asks is let in.

oauth_issuer.py DIR: makes a key and DIR/keys.json (a JWKS), prints its port, and serves until it is
ended. A token is made of DIR/token.json, {"header": ..., "claims": ...}, anew for each login, and is
kept in DIR/token; DIR/other.pem is a key that nobody trusts, for "sign_with": "other".
"""

import base64
import json
import pathlib
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

directory = pathlib.Path(sys.argv[1])


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def openssl(*arguments, data=None):
    return subprocess.run(["openssl", *arguments], input=data, check=True, capture_output=True).stdout


def make_key(name):
    path = directory / f"{name}.pem"
    openssl("genrsa", "-out", str(path), "2048")
    modulus = openssl("rsa", "-in", str(path), "-noout", "-modulus").decode().strip().split("=")[1]
    return {"kty": "RSA", "kid": name, "alg": "RS256", "use": "sig", "e": "AQAB", "n": base64url(bytes.fromhex(modulus))}


def make_token():
    wanted = json.loads((directory / "token.json").read_text())
    parts = [base64url(json.dumps(wanted[part], ensure_ascii=False).encode()) for part in ("header", "claims")]
    signed = ".".join(parts)
    signature = openssl("dgst", "-sha256", "-sign", str(directory / f"{wanted.get('sign_with', 'key')}.pem"), data=signed.encode())
    token = f"{signed}.{base64url(signature)}"
    (directory / "token").write_text(token)
    return token


class Issuer(BaseHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    def answer(self, content):
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        issuer = f"http://127.0.0.1:{self.server.server_port}"
        self.answer({
            "issuer": issuer,
            "token_endpoint": f"{issuer}/token",
            "device_authorization_endpoint": f"{issuer}/device",
            "response_types_supported": ["token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "grant_types_supported": ["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"],
        })

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/device":
            self.answer({"device_code": "device", "user_code": "user", "verification_uri": "https://example.com/", "expires_in": 60, "interval": 1})
        else:
            self.answer({"access_token": make_token(), "token_type": "bearer"})


(directory / "keys.json").write_text(json.dumps({"keys": [make_key("key")]}))
make_key("other")
server = ThreadingHTTPServer(("127.0.0.1", 0), Issuer)
print(server.server_port, flush=True)
server.serve_forever()
