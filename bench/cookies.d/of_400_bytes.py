#!/usr/bin/env python3
"""Cookies of some 400 bytes, as applications have them that keep a name, an e-mail address and a
CSRF token in their session; those that name a session and hold nothing else are as long as they are.

Prints them in the form of the vectors of web frameworks, each with its kind as its id.
Wants python3-cryptography.
"""
import base64
import hashlib
import hmac
import json
import struct
import sys
import urllib.parse
import zlib

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NOW = 1900000000
SECRET = "0123456789abcdef0123456789abcdef"
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


def better_auth():
    sid = SID[:32]
    return "better-auth.session_token", sid + "." + escaped(std(mac("sha256", SECRET, sid)))


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


cookies = []
for make in (django, flask, starlette, flask_login, rails, rails_signed, laravel, express, better_auth, cookie_session, koa,
             react_router, iron_session, h3):
    cookie_name, cookie = make()
    cookies.append({"id": make.__name__.replace("_", "-"), "secret": SECRET, "cookie_name": cookie_name,
                    "cookie_header": f"{cookie_name}={cookie}", "now": NOW,
                    **({"id_path": "user_id"} if make is rails_signed else {})})
json.dump(cookies, sys.stdout, indent=1)
