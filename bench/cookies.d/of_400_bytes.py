#!/usr/bin/env python3
"""Cookies of some 400 bytes, as applications have them that keep a name, an e-mail address and a
CSRF token in their session; those that name a session and hold nothing else are as long as they are.

Prints them in the form of the vectors of web frameworks, each with its kind as its id.
Wants python3-cryptography and libsodium.
"""
import base64
import ctypes
import ctypes.util
import hashlib
import hmac
import itertools
import json
import struct
import sys
import urllib.parse
import zlib

from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NOW = 1900000000
SECRET = "0123456789abcdef0123456789abcdef"
PHOENIX_SECRET = 2 * SECRET
SID = hashlib.sha256(b"a session").hexdigest()[:40]
CSRF = base64.b64encode(hashlib.sha256(b"a form").digest()).decode()
SALT = hashlib.sha256(b"a salt").hexdigest()
PERSON = {"name": "Zoë Example-Lovelace", "email": "zoe.example-lovelace@accounts.example.com"}
SESSION = {**PERSON, "_csrf_token": CSRF}
LONG = {**SESSION, "locale": "en-GB", "return_to": "/projects/4711/settings", "seen": "2030-03-17T17:46:40.000Z"}


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def std(data):
    return base64.b64encode(data).decode()


def url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def escaped(text):
    return urllib.parse.quote(text, safe="")


def mac(hash_name, key, text):
    key = key if isinstance(key, bytes) else key.encode()
    return hmac.new(key, text.encode(), hash_name).digest()


def sodium(name, *arguments):
    """A function of libsodium, which cryptography does not have: what it writes first, as long as asked for."""
    library = ctypes.CDLL(ctypes.util.find_library("sodium"))
    out = ctypes.create_string_buffer(arguments[0])
    getattr(library, name)(out, *(ctypes.c_ulonglong(a) if isinstance(a, int) else a for a in arguments[1:]))
    return out.raw


def cbc(key, iv, data):
    padder = padding.PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return encryptor.update(padder.update(data) + padder.finalize()) + encryptor.finalize()


def packed(value):
    """As Django and itsdangerous write JSON: compressed where that is shorter."""
    text = compact(value)
    small = zlib.compress(text)
    return "." + url(small) if len(small) < len(text) - 1 else url(text)


def seconds():
    return url(struct.pack(">I", NOW))


def base62(n):
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    return base62(n // 62) + digits[n % 62] if n else ""


def django():
    text = packed({"_auth_user_id": "42", "_auth_user_backend": "django.contrib.auth.backends.ModelBackend",
                   "_auth_user_hash": hashlib.sha256(b"a password").hexdigest(), **LONG}) + ":" + base62(NOW)
    salt = "django.contrib.sessions.backends.signed_cookies"
    key = hashlib.sha256((salt + "signer" + SECRET).encode()).digest()
    return "sessionid", text + ":" + url(mac("sha256", key, text))


def django_signed_cookie():
    text = "42:" + base62(NOW)
    key = hashlib.sha256(("user" + "signer" + "django.http.cookies" + SECRET).encode()).digest()
    return "user", text + ":" + url(mac("sha256", key, text))


def flask():
    text = packed({"_user_id": "42", "_fresh": True, "_id": hashlib.sha512(b"a browser").hexdigest(), **LONG}) + "." + seconds()
    return "session", text + "." + url(mac("sha1", mac("sha1", SECRET, "cookie-session"), text))


def starlette():
    text = std(json.dumps({"user_id": "42", **LONG}).encode()) + "." + seconds()
    key = hashlib.sha1(("itsdangerous.Signer" + "signer" + SECRET).encode()).digest()
    return "session", text + "." + url(mac("sha1", key, text))


def flask_login():
    return "remember_token", "42|" + mac("sha512", SECRET, "42").hex()


def envelope(name, value):
    return compact({"_rails": {"message": std(compact(value)), "exp": None, "pur": "cookie." + name}})


def rails_key(salt, length):
    return hashlib.pbkdf2_hmac("sha256", SECRET.encode(), salt.encode(), 1000, length)


def rails():
    iv = SALT[:12].encode()
    sealed = AESGCM(rails_key("authenticated encrypted cookie", 32)).encrypt(
        iv, envelope("_app_session", {"session_id": SID[:32], "user_id": 42, "_csrf_token": CSRF}), None)
    return "_app_session", "--".join(escaped(std(part)) for part in (sealed[:-16], iv, sealed[-16:]))


def rails_signed():
    text = std(envelope("session_id", {"user_id": 42, **SESSION}))
    return "session_id", escaped(text) + "--" + mac("sha1", rails_key("signed cookie", 64), text).hex()


def laravel():
    iv = SALT[:16].encode()
    name = mac("sha1", SECRET, "laravel_sessionv2").hex()
    iv, value = std(iv), std(cbc(SECRET.encode(), iv, (name + "|" + SID).encode()))
    return "laravel_session", escaped(std(compact({"iv": iv, "value": value, "mac": mac("sha256", SECRET, iv + value).hex(), "tag": ""})))


def express():
    sid = SID[:32]
    return "connect.sid", "s%3A" + sid + "." + escaped(std(mac("sha256", SECRET, sid)).rstrip("="))


def fastify():
    sid = SID[:32]
    return "sessionId", sid + "." + escaped(std(mac("sha256", SECRET, sid)).rstrip("="))


def fastify_secure():
    text = compact({"user_id": "42", **LONG, "__ts": NOW})
    nonce = SALT[:24].encode()
    sealed = sodium("crypto_secretbox_easy", len(text) + 16, text, len(text), nonce, SECRET.encode())
    return "session", escaped(std(sealed)) + "%3B" + escaped(std(nonce))


def better_auth():
    sid = SID[:32]
    return "better-auth.session_token", sid + "." + escaped(std(mac("sha256", SECRET, sid)))


def cached():
    """What better-auth caches of a session and a user without a picture."""
    when = "2030-03-17T17:46:40.000Z"
    return {"session": {"expiresAt": "2030-03-24T17:46:40.000Z", "token": SID[:32], "createdAt": when, "userId": "42", "id": "4711"},
            "user": {**PERSON, "emailVerified": True, "id": "42"}, "updatedAt": NOW * 1000, "version": "1"}


def with_token(cache):
    return "better-auth.session_data", cache + "; " + "=".join(better_auth())


def better_auth_compact():
    end = (NOW + 300) * 1000
    signature = url(mac("sha256", SECRET, compact({**cached(), "expiresAt": end}).decode()))
    return with_token(url(compact({"session": cached(), "expiresAt": end, "signature": signature})))


def better_auth_jwt():
    text = ".".join(url(compact(part)) for part in ({"alg": "HS256"}, {**cached(), "iat": NOW, "exp": NOW + 300}))
    return with_token(text + "." + url(mac("sha256", SECRET, text)))


def jwe(salt, info, header, claims):
    """A256CBC-HS512 with a key that HKDF makes: its first half is the MAC's."""
    key = HKDF(hashes.SHA256(), 64, salt.encode(), info.encode()).derive(SECRET.encode())
    aad = url(compact({"alg": "dir", "enc": "A256CBC-HS512", **header}))
    iv = SALT[:16].encode()
    sealed = cbc(key[32:], iv, compact(claims))
    tag = hmac.new(key[:32], aad.encode() + iv + sealed + struct.pack(">Q", 8 * len(aad)), "sha512").digest()[:32]
    return ".".join((aad, "", url(iv), url(sealed), url(tag)))


def better_auth_jwe():
    return with_token(jwe("better-auth-session", "BetterAuth.js Generated Encryption Key", {}, {**cached(), "iat": NOW, "exp": NOW + 300}))


def authjs():
    name = "authjs.session-token"
    claims = {**PERSON, "sub": "42", "iat": NOW, "exp": NOW + 86400, "jti": SID[:32]}
    return name, jwe(name, f"Auth.js Generated Encryption Key ({name})", {}, claims)


def term(value):
    """Erlang's external term format, as far as sessions need it."""
    if isinstance(value, dict):
        return b"t" + struct.pack(">I", len(value)) + b"".join(map(term, itertools.chain.from_iterable(value.items())))
    if isinstance(value, tuple):
        return b"h" + bytes((len(value),)) + b"".join(map(term, value))
    if isinstance(value, int):
        return b"a" + bytes((value,)) if value < 256 else b"b" + struct.pack(">i", value) if value < 2**31 else b"n\x06\0" + value.to_bytes(6, "little")
    value = value if isinstance(value, bytes) else value.encode()
    return b"m" + struct.pack(">I", len(value)) + value


def phoenix_key(salt):
    return hashlib.pbkdf2_hmac("sha256", PHOENIX_SECRET.encode(), salt.encode(), 1000, 32)


def phoenix_signed(value, salt):
    text = "SFMyNTY." + url(b"\x83" + term(value))
    return text + "." + url(mac("sha256", phoenix_key(salt), text))


PHOENIX = {"user_token": hashlib.sha256(b"a login").digest(), **LONG}


def phoenix():
    return "_app_key", phoenix_signed(PHOENIX, "signing salt")


def phoenix_encrypted():
    text = b"\x83" + term(PHOENIX)
    nonce = SALT[:24].encode()
    sealed = sodium("crypto_aead_xchacha20poly1305_ietf_encrypt", len(text) + 16, None, text, len(text), b"A128GCM", 7, None, nonce, phoenix_key("encryption salt"))
    return "_app_key", "XCP." + url(nonce + sealed[-16:] + sealed[:-16])


def phoenix_token():
    return "token", phoenix_signed(("42", NOW * 1000, 86400), "user auth")


def beside(name, value):
    return name, value + "; " + name + ".sig=" + url(mac("sha1", SECRET, name + "=" + value))


def cookie_session():
    return beside("session", std(compact({"passport": {"user": 42}, **LONG})))


def koa():
    return beside("koa.sess", std(compact({"user_id": 42, **LONG, "_expire": (NOW + 86400) * 1000, "_maxAge": 86400000})))


def react_router():
    text = std(compact({"userId": "42", **LONG}))
    return "__session", escaped(text) + "." + escaped(std(mac("sha256", SECRET, text)).rstrip("="))


def iron(value, password_id, expires, suffix):
    def key(salt):
        return hashlib.pbkdf2_hmac("sha1", SECRET.encode(), salt.encode(), 1, 32)
    iv = SALT[:16].encode()
    text = "*".join(("Fe26.2", password_id, SALT, url(iv), url(cbc(key(SALT), iv, compact(value))), expires))
    return "*".join((text, SALT[::-1], url(mac("sha256", key(SALT[::-1]), text)))) + suffix


def iron_session():
    return "app-session", iron({"user": {"id": 42, **PERSON}}, "1", str((NOW + 86400) * 1000), "~2")


def h3():
    return "nuxt-session", iron({"id": SID, "createdAt": NOW * 1000, "data": {"user": {"id": 42, "name": "Zoë"}}}, "", "", "")


# By id, whose first word is the kind: what makes it, and what add_cookie_secret would be told beside the secret.
KINDS = {
    "django": (django, {}),
    "django get_signed_cookie": (django_signed_cookie, {"id_path": ""}),
    "flask": (flask, {}),
    "flask-login": (flask_login, {}),
    "starlette": (starlette, {}),
    "rails": (rails, {}),
    "rails-signed": (rails_signed, {"id_path": "user_id"}),
    "laravel": (laravel, {}),
    "phoenix": (phoenix, {"secret": PHOENIX_SECRET, "salts": ["signing salt"]}),
    "phoenix encrypted": (phoenix_encrypted, {"secret": PHOENIX_SECRET, "salts": ["signing salt", "encryption salt"]}),
    "phoenix-token": (phoenix_token, {"secret": PHOENIX_SECRET, "salts": ["user auth"]}),
    "express": (express, {}),
    "fastify": (fastify, {}),
    "fastify-secure": (fastify_secure, {}),
    "cookie-session": (cookie_session, {}),
    "koa": (koa, {}),
    "react-router": (react_router, {}),
    "iron-session": (iron_session, {}),
    "h3": (h3, {}),
    "authjs": (authjs, {}),
    "better-auth": (better_auth, {}),
    "better-auth compact": (better_auth_compact, {}),
    "better-auth jwt": (better_auth_jwt, {}),
    "better-auth jwe": (better_auth_jwe, {}),
}

cookies = []
for id, (make, options) in KINDS.items():
    cookie_name, cookie = make()
    cookies.append({"id": id, "secret": SECRET, "cookie_name": cookie_name,
                    "cookie_header": f"{cookie_name}={cookie}", "now": NOW, **options})
json.dump(cookies, sys.stdout, indent=1)
